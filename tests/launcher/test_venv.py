"""The virtual environment is made once, and again when it is not whole."""

import io
import json
import sys
from pathlib import Path

import pytest
from launcher import venv
from launcher.errors import LaunchError
from launcher.paths import Paths
from launcher.progress import Progress

PYTHON = Path(sys.executable)


class RecordingChildren:
    """Stands in for the processes: notes each command, and makes what `python -m venv` would make."""

    def __init__(self, paths: Paths) -> None:
        self.paths = paths
        self.commands: list[str] = []
        self.fails_at = ""

    def run(self, command) -> None:
        self.commands.append(command.name)
        if command.name == self.fails_at:
            raise LaunchError("killed")
        if command.name == "python -m venv":
            (self.paths.venv / "bin").mkdir(parents=True)
            self.paths.python.symlink_to(PYTHON)


@pytest.fixture
def checkout(tmp_path):
    (tmp_path / "requirements").mkdir()
    for name in ("local", "dev"):
        (tmp_path / "requirements" / f"{name}.txt").write_text(f"{name}==1\n")
    paths = Paths(root=tmp_path, var=tmp_path / "var")
    paths.log.mkdir(parents=True)
    return paths


@pytest.fixture
def children(checkout):
    return RecordingChildren(checkout)


@pytest.fixture
def ensure(checkout, children):
    def call(wanted: str = "local") -> list[str]:
        children.commands.clear()
        venv.ensure(wanted, checkout, PYTHON, children, Progress(io.StringIO()))
        return list(children.commands)

    return call


def test_first_start_makes_and_fills_it(ensure):
    assert ensure() == ["python -m venv", "pip"]


def test_second_start_does_nothing(ensure):
    ensure()
    assert ensure() == []


def test_stale_stamp_installs_again(ensure, checkout):
    ensure()
    checkout.requirements("local").write_text("local==2\n")
    assert ensure() == ["pip"]
    assert ensure() == []


def test_tests_add_to_it_and_the_portal_finds_it_whole(ensure):
    ensure("local")
    assert ensure("dev") == ["pip"]
    assert ensure("local") == []


def test_half_made_environment_is_made_anew(ensure, checkout, children):
    children.fails_at = "pip"
    with pytest.raises(LaunchError):
        ensure()
    assert not venv.is_made(checkout)
    rubbish = checkout.venv / "half-unpacked"
    rubbish.touch()
    children.fails_at = ""
    assert ensure() == ["python -m venv", "pip"]
    assert not rubbish.exists()


def test_killed_update_is_not_taken_for_whole(ensure, checkout, children):
    ensure()
    checkout.requirements("local").write_text("local==2\n")
    children.fails_at = "pip"
    with pytest.raises(LaunchError):
        ensure()
    children.fails_at = ""
    assert ensure() == ["python -m venv", "pip"]


@pytest.mark.parametrize("field", ["python", "root"])
def test_environment_of_another_python_or_place_is_made_anew(ensure, checkout, field):
    ensure()
    stamp = json.loads(venv.stamp_of(checkout.venv).read_text())
    venv.stamp_of(checkout.venv).write_text(json.dumps(stamp | {field: "other"}))
    assert ensure() == ["python -m venv", "pip"]


def test_damaged_stamp_counts_as_none(ensure, checkout):
    ensure()
    venv.stamp_of(checkout.venv).write_text("{")
    assert ensure() == ["python -m venv", "pip"]
