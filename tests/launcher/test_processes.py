"""Nothing the launcher starts outlives it, however it ends."""

import os
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from launcher import groups, processes
from launcher.processes import Command

TREES = Path(__file__).with_name("trees.py")
FAMILY = "sleep 600 & (sleep 600 & sleep 600) & wait"
STUBBORN = "trap '' TERM; while true; do sleep 600; done"
PATIENCE = 15  # seconds; the last will gives each rank 4 before it kills


@contextmanager
def launcher_with(root: Path, logs: Path, *scripts: str):
    """Start a launcher with one child per script; hand out it, the children's groups and its last will."""
    argv = [sys.executable, str(TREES), str(root / "bin"), str(logs), *scripts]
    with subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        numbers = [int(process.stdout.readline()) for _ in range(len(scripts) + 1)]
        try:
            yield process, numbers[:-1], numbers[-1]
        finally:
            process.kill()
            for group in numbers[:-1]:
                groups.send(group, signal.SIGKILL)


def grown(group: int, size: int) -> bool:
    """Wait until a tree has all its processes."""
    until = time.monotonic() + PATIENCE
    while len(groups.members(group)) < size and time.monotonic() < until:
        time.sleep(0.02)
    return len(groups.members(group)) >= size


def test_kill_9_of_the_launcher_leaves_no_descendant(root, tmp_path):
    with launcher_with(root, tmp_path, FAMILY, STUBBORN) as (process, (family, stubborn), _):
        assert grown(family, 4)
        assert grown(stubborn, 2)
        process.kill()
        assert groups.wait_gone(family, PATIENCE)
        assert groups.wait_gone(stubborn, PATIENCE)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_signal_stops_all_and_says_so(root, tmp_path, number):
    with launcher_with(root, tmp_path, FAMILY, STUBBORN) as (process, (family, stubborn), will):
        assert grown(family, 4)
        process.send_signal(number)
        _, errors = process.communicate(timeout=PATIENCE)
        assert process.returncode == 128 + number
        assert errors == "Stopped.\n"
        assert groups.members(family) + groups.members(stubborn) == []
        assert not Path(f"/proc/{will}").exists()


def test_killed_last_will_still_leaves_the_children_bound_to_the_launcher(root, tmp_path):
    with launcher_with(root, tmp_path, "exec sleep 600") as (process, (child,), will):
        assert grown(child, 1)
        os.kill(will, signal.SIGKILL)
        process.kill()
        assert groups.wait_gone(child, PATIENCE)


def test_killed_last_will_is_made_anew(root, tmp_path):
    with launcher_with(root, tmp_path, FAMILY) as (process, (family,), will):
        assert grown(family, 4)
        os.kill(will, signal.SIGKILL)
        again = int(process.stdout.readline())
        assert again != will
        process.kill()
        assert groups.wait_gone(family, PATIENCE)


def test_dead_child_is_a_zombie_nobody_counts(root, tmp_path):
    with launcher_with(root, tmp_path, "exit 3") as (_, (child,), _will):
        assert groups.wait_gone(child, PATIENCE)


def command_with_log(tmp_path: Path, text: str) -> Command:
    log = tmp_path / "web.log"
    log.write_text(text)
    return Command(name="web", argv=[], env={}, identity=None, cwd=tmp_path, log=log)


def test_failure_names_the_child_and_shows_the_end_of_its_log(tmp_path):
    command = command_with_log(tmp_path, "".join(f"line {number}\n" for number in range(1, 51)))
    error = processes.failure(command, 3)
    assert error.sentence == f"web ended with exit code 3; its log is {tmp_path}/web.log."
    assert error.detail.splitlines() == [f"    line {number}" for number in range(31, 51)]
    assert error.exit_code == 1
    assert processes.failure(command, -9).sentence.startswith("web was killed by signal 9;")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (
            "OSError: [Errno 28] No space left on device",
            "The disk is full (web could not write): free some space.",
        ),
        (
            "OSError: cannot load library 'libpango-1.0-0'",
            "web needs a system library that is missing: run bin/portal as root once.",
        ),
    ],
)
def test_failure_tells_a_known_cause_in_words(tmp_path, text, sentence):
    assert processes.failure(command_with_log(tmp_path, text), 1).sentence == sentence


def test_long_log_is_moved_out_of_the_way(tmp_path):
    log = tmp_path / "web.log"
    log.write_bytes(b"x" * (processes.LARGEST_LOG + 1))
    assert processes.fresh_log(log) == log
    assert not log.exists()
    assert (tmp_path / "web.log.1").stat().st_size == processes.LARGEST_LOG + 1
