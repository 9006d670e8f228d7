"""One portal per checkout: a lock the kernel lets go of when its holder dies, and a note of who holds it."""

import fcntl
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO


@dataclass(frozen=True)
class Holder:
    """What the holder of the lock wrote down."""

    command: str  # "portal" or "manage"
    pid: int
    url: str
    runtime: str  # folder of the sockets; empty when the caller named his own servers
    servers_up: bool


# A lock is let go of by release() or by the end of the process, never by the garbage collector.
_HELD: "list[IO[str]]" = []


class Lock:
    """An exclusive flock on a file under var/."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[str] | None = None

    def take(self, *, wait: bool = False) -> bool:
        """Take the lock and return True, or return False when another process holds it."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        file = os.fdopen(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600), "r+")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            file.close()
            return False
        except BaseException:
            file.close()
            raise
        file.truncate()  # whoever reads must not take the last holder's words for ours
        self._file = file
        _HELD.append(file)
        return True

    def write(self, holder: Holder) -> None:
        """Note who holds the lock."""
        if self._file is None:
            raise RuntimeError("The lock is not held.")
        self._file.seek(0)
        self._file.truncate()
        json.dump(asdict(holder), self._file)
        self._file.flush()

    def read(self) -> Holder | None:
        """Return what the holder wrote, or None when it has written nothing yet."""
        try:
            return Holder(**json.loads(self.path.read_text()))
        except (OSError, ValueError, TypeError):
            return None

    def release(self) -> None:
        """Let go of the lock; it is let go of anyway when the process ends."""
        if self._file is not None:
            _HELD.remove(self._file)
            self._file.close()
            self._file = None
