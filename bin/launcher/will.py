"""The last will: a small process that stops every child when the launcher dies, `kill -9` included.

It reads one JSON object a line from a pipe whose other end only the launcher holds. The kernel closes
that end however the launcher dies; then all that is still named here is stopped, the services before the
servers they talk to, and folders made for one run are removed. PR_SET_PDEATHSIG alone is not enough: it
reaches a child, but not the grandchildren of gunicorn, Celery or a test run.
"""

import json
import shutil
import signal
import sys
from typing import Any

from launcher import groups

# Seconds a group gets before SIGKILL; nobody is left who could wait longer.
GRACE = 4.0


def read(lines: Any) -> tuple[dict[int, dict[str, Any]], list[str], bool]:
    """Return the groups by id, the folders to remove, and whether the launcher ended by itself."""
    watched: dict[int, dict[str, Any]] = {}
    folders: list[str] = []
    for line in lines:
        try:
            entry = json.loads(line)
        except ValueError:
            continue  # half a line: the launcher died while it wrote
        if entry["do"] == "watch":
            watched[entry["group"]] = entry
        elif entry["do"] == "forget":
            watched.pop(entry["group"], None)
        elif entry["do"] == "remove":
            folders.append(entry["folder"])
        elif entry["do"] == "done":
            return watched, folders, True
    return watched, folders, False


def carry_out(watched: dict[int, dict[str, Any]], folders: list[str]) -> None:
    """Stop the groups, the highest rank first and each rank at once; then remove the folders."""
    for rank in sorted({entry["rank"] for entry in watched.values()}, reverse=True):
        of_rank = [entry for entry in watched.values() if entry["rank"] == rank]
        for entry in of_rank:
            groups.send(entry["group"], entry["signal"])
        for entry in of_rank:
            if not groups.wait_gone(entry["group"], GRACE):
                groups.send(entry["group"], signal.SIGKILL)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


def main() -> None:
    """Wait for the launcher's end."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watched, folders, ended_by_itself = read(sys.stdin)
    if not ended_by_itself:
        carry_out(watched, folders)


if __name__ == "__main__":
    main()
