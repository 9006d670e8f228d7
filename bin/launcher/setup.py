"""Bring a bare machine to the point where Django can start."""

import os
from dataclasses import dataclass
from pathlib import Path

from launcher import frontend, identity, system, venv, wheels
from launcher.errors import LaunchError
from launcher.identity import Identity
from launcher.lock import Lock
from launcher.paths import Paths
from launcher.processes import Children
from launcher.progress import Progress

# Top-level entries of var/ that stay root's own when the servers run as `nobody`.
ROOTS_OWN = ("setup", "secrets.json", "portal.lock", "setup.lock")


@dataclass(frozen=True)
class Ready:
    """What a finished set-up hands on."""

    python: Path  # interpreter of .venv
    identity: Identity
    binaries: wheels.Binaries


def prepare(
    paths: Paths, children: Children, progress: Progress, *, tests: bool = False, browser: bool = False
) -> Ready:
    """Install what is missing: system packages, Python packages, front-end packages.

    Takes well under a second when nothing is missing.
    """
    system.refuse_musl()
    who = identity.for_servers()
    make_var(paths)
    made = venv.is_made(paths)
    system.refuse_full_disk(paths.var, system.ROOM_TO_RUN if made else system.ROOM_FOR_SETUP)
    python = identity.base_python(who)
    lock = Lock(paths.var / "setup.lock")
    if not lock.take():
        progress.note("Another command is setting up this checkout: waiting for it.")
        lock.take(wait=True)
    try:
        needs = system.needs_of_portal(python, venv_is_made=made)
        system.ensure(needs + (system.needs_of_tests() if browser else []), who, paths, children, progress)
        venv.ensure("dev" if tests else "local", paths, python, children, progress)
        frontend.ensure(paths, python, children, progress)
    finally:
        lock.release()
    return Ready(python=paths.python, identity=who, binaries=wheels.find(paths.python))


def make_var(paths: Paths) -> None:
    """Make var/ with the folders the launcher itself writes to.

    :raises LaunchError: when var/ belongs to another user.
    """
    try:
        for folder in (paths.var, paths.log, paths.setup):
            folder.mkdir(mode=0o700, exist_ok=True)
    except PermissionError:
        raise LaunchError(_not_ours(paths)) from None
    if not os.access(paths.var, os.W_OK | os.X_OK):
        raise LaunchError(_not_ours(paths))


def _not_ours(paths: Paths) -> str:
    return (
        f"{paths.var} cannot be written by this user: an earlier start ran as another user (perhaps root); "
        "start as that user again, or remove the folder."
    )


def first_start(paths: Paths) -> Path:
    """Return the mark that stands from the making of the database until the portal was ready once.

    While it stands nobody can have used the portal; whatever the database holds is half a demo.
    """
    return paths.var / "first-start"


def give_var(paths: Paths, who: Identity) -> None:
    """Give var/ to the servers' user, also after another user, or root by `manage`, wrote into it."""
    for name in ("mail", "files", "static", "beat", "cache", "home"):
        (paths.var / name).mkdir(mode=0o700, exist_ok=True)
    who.own_tree(paths.var, keep=ROOTS_OWN)
