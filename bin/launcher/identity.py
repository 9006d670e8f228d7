"""Who the servers run as: the caller, or `nobody` when the caller is root (Postgres refuses root)."""

import os
import pwd
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import LaunchError


@dataclass(frozen=True)
class Identity:
    """A user the servers run as. ``dropped`` says that it is not the caller."""

    uid: int
    gid: int
    name: str
    dropped: bool

    def drop(self) -> None:
        """Become this user for good. Called in a child between fork and exec."""
        if self.dropped:
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)

    def own(self, path: Path) -> None:
        """Give a file or folder to this user."""
        if self.dropped:
            os.chown(path, self.uid, self.gid, follow_symlinks=False)

    def own_tree(self, folder: Path, keep: Iterable[str] = ()) -> None:
        """Give a folder and all in it to this user, except top-level entries named in ``keep``."""
        if not self.dropped:
            return
        kept = set(keep)
        self.own(folder)
        for entry in folder.iterdir():
            if entry.name not in kept:
                self._own_deep(entry)

    def _own_deep(self, entry: Path) -> None:
        self.own(entry)
        if entry.is_dir() and not entry.is_symlink():
            for parent, folders, files in os.walk(entry):
                for name in [*folders, *files]:
                    self.own(Path(parent, name))


def caller() -> Identity:
    """Return whoever started the command."""
    uid = os.geteuid()
    try:
        name = pwd.getpwuid(uid).pw_name
    except KeyError:
        name = str(uid)
    return Identity(uid=uid, gid=os.getegid(), name=name, dropped=False)


def for_servers() -> Identity:
    """Return the caller, or `nobody` when the caller is root.

    :raises LaunchError: when root has no user `nobody` to step down to.
    """
    if os.geteuid() != 0:
        return caller()
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        raise LaunchError(
            "As root the servers run as the user 'nobody', which this machine lacks: "
            "start bin/portal as an ordinary user."
        ) from None
    return Identity(uid=entry.pw_uid, gid=entry.pw_gid, name="nobody", dropped=True)


def first_unreachable(identity: Identity, paths: Iterable[Path], mode: int = 0) -> Path | None:
    """Return the first path the identity cannot use, or None. Asks in a child process.

    :param mode: what is wanted, as for os.access; 0 means: read a file, enter a folder.
    """
    wanted = list(paths)
    child = os.fork()
    if child == 0:
        place = 1
        try:
            place = _index_of_unreachable(identity, wanted, mode)
        finally:
            os._exit(place)  # whatever happens, the child must not go on as a second launcher
    code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    return None if code == 0 else wanted[min(code, len(wanted)) - 1]


def _index_of_unreachable(identity: Identity, wanted: list[Path], mode: int) -> int:
    """Return 0, or the place (from 1) of the first path out of reach. Runs in the child."""
    try:
        identity.drop()
    except OSError:
        return 1
    for place, path in enumerate(wanted, start=1):
        default = os.R_OK | os.X_OK if os.path.isdir(path) else os.R_OK
        if not os.access(path, mode or default):
            return place
    return 0


def base_python(identity: Identity) -> Path:
    """Return an interpreter outside any virtual environment that the identity may run.

    :raises LaunchError: when the only interpreters lie where the identity cannot reach them.
    """
    own = Path(getattr(sys, "_base_executable", None) or sys.executable)
    for candidate in [own, *_system_pythons()]:
        if candidate.exists() and _reaches_python(identity, candidate):
            return candidate
    raise LaunchError(
        f"As root the servers run as 'nobody', who cannot reach {own}: run "
        "apt-get install python3 python3-venv, or start bin/portal as an ordinary user."
    )


def _system_pythons() -> list[Path]:
    names = ["python3", "python3.13", "python3.12", "python3.11"]
    return [Path(folder) / name for folder in ("/usr/bin", "/usr/local/bin") for name in names]


def _reaches_python(identity: Identity, python: Path) -> bool:
    """Tell whether the identity can run the interpreter and it is new enough. Starts it once."""
    real = python.resolve()
    if not identity.dropped:
        return True
    child = os.fork()
    if child == 0:
        try:
            identity.drop()
            check = "import sys, encodings; sys.exit(sys.version_info < (3, 11))"
            null = os.open(os.devnull, os.O_RDWR)
            for descriptor in (0, 1, 2):
                os.dup2(null, descriptor)
            os.chdir("/")
            os.execv(real, [str(real), "-I", "-c", check])
        finally:
            os._exit(1)  # only reached when the exec failed
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
