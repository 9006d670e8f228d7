"""Sockets lie in short, private folders."""

import os
import stat
from pathlib import Path

import pytest
from launcher import paths
from launcher.errors import LaunchError


@pytest.fixture
def ordinary_user(monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)


def test_socket_folder_is_short_however_long_the_checkout_path_is(ordinary_user, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    folder = paths.runtime_dir(Path("/" + "very-long-name/" * 30), uid=1000)
    assert folder.parent == Path("/tmp")
    assert len(f"{folder}/.s.PGSQL.5432.lock") < 100


def test_socket_folder_differs_by_checkout_and_is_stable(ordinary_user, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    first, second = (paths.runtime_dir(Path(root), uid=1000) for root in ("/a", "/b"))
    assert first != second
    assert first == paths.runtime_dir(Path("/a"), uid=1000)


def test_socket_folder_avoids_a_runtime_folder_that_is_too_long(ordinary_user, monkeypatch, tmp_path):
    deep = tmp_path / ("d" * 90)
    deep.mkdir()
    monkeypatch.setenv("XDG_RUNTIME_DIR", str(deep))
    assert paths.runtime_dir(Path("/a"), uid=1000).parent == Path("/tmp")


def test_private_folder_is_for_its_user_only(tmp_path):
    folder = tmp_path / "run"
    paths.make_private_dir(folder, os.getuid(), os.getgid())
    paths.make_private_dir(folder, os.getuid(), os.getgid())
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


def test_private_folder_refuses_a_link_somebody_put_there(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "run").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LaunchError, match="belongs to somebody else"):
        paths.make_private_dir(tmp_path / "run", os.getuid(), os.getgid())
