"""Where things lie: the checkout, its var/ folder, and a short folder for sockets."""

import hashlib
import os
import stat
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import LaunchError

# The kernel takes 107 bytes; some clients take fewer.
LONGEST_SOCKET_PATH = 100
LONGEST_SOCKET_NAME = len("/.s.PGSQL.5432.lock")


@dataclass(frozen=True)
class Paths:
    """The files of one checkout. Everything made at run time is under ``var``."""

    root: Path
    var: Path

    @property
    def venv(self) -> Path:
        return self.root / ".venv"

    @property
    def python(self) -> Path:
        return self.venv / "bin" / "python"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def setup(self) -> Path:
        """Downloads and stamps of the set-up; `--reset` keeps them."""
        return self.var / "setup"

    @property
    def secrets(self) -> Path:
        return self.var / "secrets.json"

    @property
    def vendor(self) -> Path:
        return self.root / "static" / "vendor"

    def requirements(self, name: str) -> Path:
        return self.root / "requirements" / f"{name}.txt"


def of_checkout() -> Paths:
    """Return the paths of the checkout this file belongs to."""
    root = Path(__file__).resolve().parents[2]
    return Paths(root=root, var=root / "var")


def runtime_dir(root: Path, uid: int) -> Path:
    """Return a folder name for sockets, short whatever the checkout's path, the same at every start.

    :raises LaunchError: when no candidate is short enough.
    """
    name = "portal-" + hashlib.sha256(os.fsencode(root)).hexdigest()[:10]
    for parent in _socket_parents():
        candidate = parent / (name if parent != Path("/tmp") else f"{name}-{uid}")
        if fits_a_socket(candidate):
            return candidate
    raise LaunchError("No folder is short enough for a socket: unset XDG_RUNTIME_DIR and start again.")


def fits_a_socket(folder: Path) -> bool:
    """Tell whether a socket in the folder stays within what every client accepts."""
    return len(os.fsencode(folder)) + LONGEST_SOCKET_NAME < LONGEST_SOCKET_PATH


def _socket_parents() -> list[Path]:
    if os.geteuid() == 0:
        candidates = [Path("/run")]
    else:
        candidates = [Path(value) for value in [os.environ.get("XDG_RUNTIME_DIR")] if value]
    usable = [parent for parent in candidates if parent.is_dir() and os.access(parent, os.W_OK | os.X_OK)]
    return [*usable, Path("/tmp")]


def make_private_dir(folder: Path, uid: int, gid: int) -> None:
    """Make a folder of mode 0700 for one user, and refuse one that somebody else put there.

    :raises LaunchError: when the name is taken by a link, a file or another user's folder.
    """
    try:
        folder.mkdir(mode=0o700, parents=True)
    except FileExistsError:
        found = folder.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in {uid, os.geteuid()}:
            raise LaunchError(f"{folder} belongs to somebody else: remove it and start again.") from None
    if os.geteuid() == 0:
        os.chown(folder, uid, gid)
    folder.chmod(0o700)
