"""Process groups: who is alive in one, and how to end one."""

import os
import signal
import time
from pathlib import Path

POLL_SECONDS = 0.05


def members(group: int) -> list[int]:
    """Return the processes of a group that still run; the dead that nobody has collected do not count."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and _runs_in(entry, group):
            found.append(int(entry.name))
    return found


def _runs_in(entry: Path, group: int) -> bool:
    try:
        # "pid (name) state parent group …"; the name may hold blanks and brackets.
        fields = (entry / "stat").read_text(errors="replace").rpartition(")")[2].split()
    except OSError:
        return False
    return len(fields) > 2 and fields[0] not in {"Z", "X"} and int(fields[2]) == group


def send(group: int, number: int) -> None:
    """Send a signal to a whole group; a group that is gone, or another user's, is left alone."""
    try:
        os.killpg(group, number)
    except (ProcessLookupError, PermissionError):
        return


def wait_gone(group: int, seconds: float) -> bool:
    """Wait until a group is empty and return True, or False when the time is over."""
    until = time.monotonic() + seconds
    while members(group):
        if time.monotonic() > until:
            return False
        time.sleep(POLL_SECONDS)
    return True


def end(group: int, number: int, grace: float) -> None:
    """Ask a group to stop, and kill what is left after ``grace`` seconds."""
    send(group, number)
    if not wait_gone(group, grace):
        send(group, signal.SIGKILL)
        wait_gone(group, 2)
