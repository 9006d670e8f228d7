"""Collect the static files again when one of their sources has changed."""

import hashlib
from collections.abc import Mapping
from pathlib import Path

from launcher import venv
from launcher.identity import Identity
from launcher.paths import Paths
from launcher.processes import Children, Command, fresh_log
from launcher.progress import Progress

# No page names these: the whole icon package (pages use the sprite cut from it), the second API browser and
# Django REST framework's own pages. Compressing them would take most of the time.
UNUSED = ("tabler-sprite.svg", "redoc", "rest_framework", "swagger-ui-es-*", ".stamp")


def collect(
    paths: Paths, env: Mapping[str, str], who: Identity, children: Children, progress: Progress
) -> None:
    """Run collectstatic unless var/static is up to date."""
    stamp, wanted = paths.var / "static" / ".stamp", fingerprint(paths)
    if stamp.exists() and stamp.read_text() == wanted:
        return
    with progress.step("Static files"):
        ignored = [part for pattern in UNUSED for part in ("--ignore", pattern)]
        options = ["--noinput", "--clear", "-v", "0", *ignored]
        children.run(
            Command(
                name="collectstatic",
                argv=[str(paths.python), "manage.py", "collectstatic", *options],
                env=env,
                identity=who,
                cwd=paths.root,
                log=fresh_log(paths.log / "setup.log"),
            )
        )
        stamp.write_text(wanted)
        who.own(stamp)


def fingerprint(paths: Paths) -> str:
    """Return a hash that changes with any static file of the checkout and with the installed packages."""
    digest = hashlib.sha256(venv.stamp_of(paths.venv).read_bytes())
    for file in sorted(_sources(paths.root)):
        found = file.stat()
        digest.update(f"{file}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def _sources(root: Path) -> list[Path]:
    of_apps = [found for found in root.glob("[a-z]*/static") if found.parent.name != "var"]
    folders = [root / "static", root / "portal" / "settings", *of_apps]  # the settings choose the storage
    files = [file for folder in folders for file in folder.rglob("*") if file.is_file()]
    return [file for file in files if file.suffix != ".pyc"]
