"""Who the servers run as, and what that user can reach."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from launcher import identity

ASK = """
import sys
sys.path.insert(0, sys.argv[1])
from pathlib import Path
from launcher.identity import first_unreachable, for_servers
print(first_unreachable(for_servers(), [Path(path) for path in sys.argv[2:]]))
"""
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root steps down to nobody")


def ask(root: Path, *paths: Path) -> str:
    """Return the first of the paths the servers' user cannot reach. In a process of its own: it forks."""
    argv = [sys.executable, "-c", ASK, str(root / "bin"), *map(str, paths)]
    done = subprocess.run(argv, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.strip()


def test_open_paths_are_within_reach(root):
    assert ask(root, Path("/usr"), Path("/etc/passwd")) == "None"


@as_root
def test_folder_under_a_closed_home_is_out_of_reach(root, tmp_path):
    home = tmp_path / "home"
    (home / "checkout").mkdir(parents=True)
    home.chmod(0o700)
    assert ask(root, Path("/usr"), home / "checkout", Path("/etc")) == str(home / "checkout")


@as_root
def test_private_file_is_out_of_reach(root, tmp_path):
    file = tmp_path / "secret"
    file.touch(mode=0o600)
    assert ask(root, file) == str(file)


@as_root
def test_root_steps_down_to_nobody():
    assert (identity.for_servers().name, identity.for_servers().dropped) == ("nobody", True)


def test_ordinary_user_stays_himself(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    assert (identity.for_servers().uid, identity.for_servers().dropped) == (1000, False)
