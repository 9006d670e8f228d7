"""What a bare machine is told."""

import io
import os
import shutil
import socket

import pytest
from launcher import application, system
from launcher.errors import LaunchError
from launcher.identity import caller
from launcher.paths import Paths
from launcher.progress import Progress


def need(package: str, there: bool) -> system.Need:
    return system.Need(package, lambda: there)


def test_ordinary_user_gets_one_complete_line(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    needs = [need("python3-venv", False), need("libpango-1.0-0", True), need("poppler-utils", False)]
    with pytest.raises(LaunchError) as refusal:
        system.ensure(needs, caller(), Paths(tmp_path, tmp_path), None, None)
    assert [line.strip() for line in refusal.value.sentence.splitlines() if line.startswith("    ")] == [
        "apt-get update && apt-get install --no-install-recommends -y python3-venv poppler-utils"
    ]
    assert refusal.value.exit_code == 1


def test_line_for_root_also_opens_shared_memory():
    assert system.line_for_root(["chromium"], closed=True) == (
        "mkdir -p -m 1777 /dev/shm && chmod 1777 /dev/shm"
        " && apt-get update && apt-get install --no-install-recommends -y chromium"
    )


def test_closed_shared_memory_is_opened_by_root(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(system, "SHARED_MEMORY", tmp_path / "shm")
    said = io.StringIO()
    system.ensure([], caller(), Paths(tmp_path, tmp_path), None, Progress(said))
    assert (tmp_path / "shm").stat().st_mode & 0o7777 == 0o1777
    assert "was closed to ordinary users" in said.getvalue()
    system.ensure([], caller(), Paths(tmp_path, tmp_path), None, None)


def test_nothing_missing_starts_nothing(tmp_path):
    system.ensure([need("anything", True)], caller(), Paths(tmp_path, tmp_path), None, None)


def test_library_that_does_not_exist_is_missing():
    assert not system._library("libsurely-not-there.so.9")()
    assert system._library("libc.so.6")()


def test_full_disk_is_named_with_what_is_needed(monkeypatch, tmp_path):
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=system.GIB // 2))
    with pytest.raises(LaunchError, match=r"has 0\.5 GiB free, 1\.5 GiB are needed"):
        system.refuse_full_disk(tmp_path, system.ROOM_FOR_SETUP)
    system.refuse_full_disk(tmp_path, system.ROOM_TO_RUN)


def test_musl_is_refused(monkeypatch):
    def no_such_name(_name: str) -> str:
        raise ValueError("unrecognized configuration name")

    monkeypatch.setattr(os, "confstr", no_such_name)
    with pytest.raises(LaunchError, match="no glibc"):
        system.refuse_musl()


def test_taken_port_gets_one_sentence_with_a_free_one():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        with pytest.raises(
            LaunchError, match=rf"^Port {port} is taken by another program: run bin/portal --port \d+\.$"
        ):
            application.refuse_taken_port(port)


def test_free_port_is_accepted():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    application.refuse_taken_port(port)


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_impossible_port_is_refused(port):
    with pytest.raises(LaunchError, match="from 1 to 65535"):
        application.refuse_taken_port(port)
