"""Run from a copy when root's checkout lies where `nobody` cannot go, for example under /root (mode 0700).

Opening the folder would change the machine for everybody; a copy changes nothing. The copy is refreshed at
each start and keeps its own .venv and var/, so that a second start is as quick as anywhere.
"""

import hashlib
import os
import shutil
from pathlib import Path

from launcher.identity import first_unreachable, for_servers
from launcher.paths import Paths
from launcher.progress import Progress

PARENT = Path("/var/lib")
# Not copied from the checkout, and not removed from the copy.
OWN_TO_EACH = {".git", ".venv", "var", "node_modules"}
CACHES = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis", ".import_linter_cache"}


def follow(paths: Paths, script: str, arguments: list[str], progress: Progress) -> None:
    """Refresh the copy and become its `bin/<script>` when the servers could not reach this checkout."""
    identity = for_servers()
    if not identity.dropped or first_unreachable(identity, [paths.root, paths.root / "bin/launcher"]) is None:
        return
    copy = place_of_copy(paths.root)
    progress.note(
        f"The servers run as 'nobody', who cannot enter {paths.root}: running from a copy in {copy}."
    )
    refresh(paths.root, copy)
    program = str(copy / "bin" / script)
    os.execv(program, [program, *arguments])


def place_of_copy(root: Path) -> Path:
    """Return where the copy of a checkout lies, the same at every start."""
    return PARENT / ("refurb-licence-portal-" + hashlib.sha256(os.fsencode(root)).hexdigest()[:10])


def refresh(source: Path, copy: Path) -> None:
    """Make the copy hold what the checkout holds, readable by everyone; .venv, var and static/vendor stay."""
    copy.mkdir(exist_ok=True)
    copy.chmod(0o755)
    _refresh_folder(source, copy, skipped=OWN_TO_EACH)


def _refresh_folder(source: Path, copy: Path, skipped: set[str]) -> None:
    wanted = {entry.name: entry for entry in source.iterdir() if entry.name not in skipped | CACHES}
    for found in copy.iterdir():
        if found.name not in wanted and found.name not in skipped | CACHES:
            _remove(found)
    for name, entry in wanted.items():
        target = copy / name
        if entry.is_dir():
            target.mkdir(exist_ok=True)
            target.chmod(0o755)
            _refresh_folder(entry, target, skipped={"vendor"} if name == "static" else set())
        elif _differs(entry, target):
            shutil.copy2(entry, target)
            target.chmod(0o755 if entry.stat().st_mode & 0o100 else 0o644)


def _differs(entry: Path, target: Path) -> bool:
    if not target.exists():
        return True
    ours, theirs = entry.stat(), target.stat()
    return (ours.st_size, ours.st_mtime_ns) != (theirs.st_size, theirs.st_mtime_ns)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()
