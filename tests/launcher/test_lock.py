"""Two bin/portal at once: the second says so."""

import subprocess
import sys

import pytest
from launcher.errors import LaunchError
from launcher.lock import Holder, Lock
from launcher.paths import Paths
from launcher.portal import _take_lock, _who_runs

HOLDER = Holder(command="portal", pid=42, url="http://localhost:8000", runtime="/run/x", servers_up=True)
HOLD = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from launcher.lock import Holder, Lock
lock = Lock(Path(sys.argv[2]))
assert lock.take()
lock.write(Holder(command="portal", pid=42, url="http://localhost:8000", runtime="/run/x", servers_up=True))
print("held", flush=True)
sys.stdin.read()
"""


@pytest.fixture
def held(tmp_path, root):
    """A lock that another process holds."""
    path = tmp_path / "var" / "portal.lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root / "bin"), str(path)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout.readline() == "held\n"
        yield path, process
        process.stdin.close()


def test_second_portal_names_the_first_in_one_sentence(held):
    path, _ = held
    with pytest.raises(LaunchError) as refusal:
        _take_lock(Paths(root=path.parents[1], var=path.parent))
    assert refusal.value.sentence == (
        "The portal already runs here (process 42, http://localhost:8000): open it, or stop it first."
    )
    assert Lock(path).read() == HOLDER


def test_lock_is_free_again_when_its_holder_is_killed(held):
    path, process = held
    assert not Lock(path).take()
    process.kill()
    process.wait()
    lock = Lock(path)
    assert lock.take()
    assert lock.read() is None
    lock.release()


def test_holders_are_named_for_what_they_do():
    assert _who_runs(None).startswith("Another bin/portal is just starting")
    command = Holder(command="manage", pid=7, url="", runtime="", servers_up=False)
    assert _who_runs(command) == "A management command runs here (process 7): wait until it has ended."
