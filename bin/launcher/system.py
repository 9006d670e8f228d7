"""What the machine must have beside Python: a few Debian packages and some room on the disk."""

import ctypes
import os
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import LaunchError
from launcher.identity import Identity, caller, first_unreachable
from launcher.paths import Paths
from launcher.processes import SETUP_RANK, Children, Command, fresh_log
from launcher.progress import Progress

GIB = 1024**3
ROOM_FOR_SETUP = int(1.5 * GIB)  # bytes: packages, browser files, database, demo
SHARED_MEMORY = Path("/dev/shm")
ROOM_TO_RUN = int(0.3 * GIB)


@dataclass(frozen=True)
class Need:
    """A Debian package and how to tell that it is there."""

    package: str
    is_there: Callable[[], bool]


def _library(name: str) -> Callable[[], bool]:
    def is_there() -> bool:
        try:
            ctypes.CDLL(name)
        except OSError:
            return False
        return True

    return is_there


def _program(name: str) -> Callable[[], bool]:
    return lambda: shutil.which(name, path=f"{os.environ.get('PATH', '')}:/usr/bin:/bin") is not None


def _file(path: str) -> Callable[[], bool]:
    return Path(path).exists


def _ensurepip(python: Path) -> Callable[[], bool]:
    command = [str(python), "-I", "-c", "import ensurepip, venv"]
    return lambda: subprocess.run(command, capture_output=True, check=False).returncode == 0


def needs_of_portal(python: Path, *, venv_is_made: bool) -> list[Need]:
    """Return what `bin/portal` needs: Pango and HarfBuzz draw the PDF reports."""
    needs = [
        Need("libpango-1.0-0", _library("libpango-1.0.so.0")),
        Need("libpangoft2-1.0-0", _library("libpangoft2-1.0.so.0")),
        Need("libharfbuzz-subset0", _library("libharfbuzz-subset.so.0")),
        Need("ca-certificates", _file("/etc/ssl/certs/ca-certificates.crt")),
        Need("tzdata", _file("/usr/share/zoneinfo/Europe/Amsterdam")),
    ]
    return needs if venv_is_made else [Need("python3-venv", _ensurepip(python)), *needs]


def needs_of_tests() -> list[Need]:
    """Return what `bin/test` needs besides: a browser, its driver's library, a second PDF reader, git."""
    return [
        Need("chromium", lambda: Path(chromium()).exists()),
        Need("libatomic1", _library("libatomic.so.1")),  # the program that drives the browser
        Need("poppler-utils", _program("pdftotext")),
        Need("git", _program("git")),
    ]


def chromium() -> str:
    """Return the browser the tests drive."""
    return os.environ.get("CHROMIUM", "/usr/bin/chromium")


def ensure(
    needs: list[Need], identity: Identity, paths: Paths, children: Children, progress: Progress
) -> None:
    """Install the missing packages as root, or print one complete line for root and stop.

    :raises LaunchError: when something is missing that cannot be installed from here.
    """
    missing = [need.package for need in needs if not need.is_there()]
    closed = not _can_make_semaphores(identity)
    if not missing and not closed:
        return
    if os.geteuid() != 0:
        raise LaunchError(
            "This machine lacks a few things. Run this as root, then start again:\n\n"
            f"    {line_for_root(missing, closed=closed)}\n"
        )
    if closed:
        _open_shared_memory(progress)
    if not missing:
        return
    if shutil.which("apt-get") is None:
        raise LaunchError(f"This machine has no apt-get; install what Debian calls {', '.join(missing)}.")
    with progress.step(f"System packages ({len(missing)}) by apt-get"):
        _install(missing, paths, children)
    still = [need.package for need in needs if not need.is_there()]
    if still:
        raise LaunchError(f"apt-get ended well, but {', '.join(still)} cannot be used on this machine.")


def line_for_root(missing: list[str], *, closed: bool) -> str:
    """Return the one line an ordinary user hands to root."""
    parts = [f"mkdir -p -m 1777 {SHARED_MEMORY} && chmod 1777 {SHARED_MEMORY}"] if closed else []
    if missing:
        packages = " ".join(missing)
        parts.append(f"apt-get update && apt-get install --no-install-recommends -y {packages}")
    return " && ".join(parts)


def _can_make_semaphores(identity: Identity) -> bool:
    """Tell whether the servers' user can write to /dev/shm, which Celery needs; a bare chroot forbids it."""
    mode = os.R_OK | os.W_OK | os.X_OK
    return SHARED_MEMORY.is_dir() and first_unreachable(identity, [SHARED_MEMORY], mode) is None


def _open_shared_memory(progress: Progress) -> None:
    SHARED_MEMORY.mkdir(exist_ok=True)
    SHARED_MEMORY.chmod(0o1777)
    progress.note(f"{SHARED_MEMORY} was closed to ordinary users; it now has its usual mode 1777.")


def _install(packages: list[str], paths: Paths, children: Children) -> None:
    install = ["install", "-y", "--no-install-recommends", *packages]
    if _has_package_lists() and children.exit_code(_apt(install, paths)) == 0:
        return
    children.run(_apt(["update"], paths))
    children.run(_apt(install, paths))


def _has_package_lists() -> bool:
    return any(Path("/var/lib/apt/lists").glob("*Packages*"))


def _apt(arguments: list[str], paths: Paths) -> Command:
    env = dict(os.environ) | {"DEBIAN_FRONTEND": "noninteractive"}
    return Command(
        name="apt-get",
        argv=["apt-get", "-q", *arguments],
        env=env,
        identity=caller(),
        cwd=Path("/"),
        log=fresh_log(paths.log / "setup.log"),
        rank=SETUP_RANK,
        umask=0o022,
        grace=30,
    )


def refuse_musl() -> None:
    """Refuse a C library for which the packages with Postgres and Valkey do not exist.

    :raises LaunchError: on Alpine and its like.
    """
    try:
        is_glibc = (os.confstr("CS_GNU_LIBC_VERSION") or "").startswith("glibc")
    except (ValueError, OSError):
        is_glibc = False
    if not is_glibc:
        raise LaunchError(
            "This machine has no glibc (Alpine has musl): use Debian 12 or 13, or docker-compose.yml."
        )


def refuse_full_disk(folder: Path, needed: int) -> None:
    """Refuse to begin what would end with a full disk.

    :raises LaunchError: says how much is free and how much is needed.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise LaunchError(
            f"The disk is nearly full: {folder} has {free / GIB:.1f} GiB free, "
            f"{needed / GIB:.1f} GiB are needed; free some space and start again."
        )
