"""The virtual environment: made from hash-pinned requirements, made again when it is not whole."""

import hashlib
import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from launcher.identity import caller
from launcher.paths import Paths
from launcher.processes import SETUP_RANK, Children, Command, fresh_log
from launcher.progress import Progress

# Each list holds all of the one before it, so an environment that meets a later one meets the earlier too.
INCLUDES = {"local": ["local"], "dev": ["dev", "local"]}


def is_made(paths: Paths) -> bool:
    """Tell whether an earlier set-up of ours finished here."""
    return stamp_of(paths.venv).exists() and paths.python.exists()


def stamp_of(venv: Path) -> Path:
    """Return the file that is written last, and taken away before anything is changed."""
    return venv / "portal-stamp.json"


def ensure(wanted: str, paths: Paths, python: Path, children: Children, progress: Progress) -> None:
    """Make the environment hold the list ``wanted`` ("local" or "dev"); takes no time when it does."""
    stamp = _read(stamp_of(paths.venv))
    if stamp is None or not _fits(stamp, paths, python):
        _remake(paths, python, children, progress)
        stamp = {"python": _version(python), "root": str(paths.root), "installed": {}}
    digest = digest_of(paths.requirements(wanted))
    if stamp["installed"].get(wanted) == digest:
        return
    with progress.step(f"Python packages ({wanted})"):
        stamp_of(paths.venv).unlink(missing_ok=True)
        children.run(_pip_install(paths.python, paths.requirements(wanted), paths))
        stamp["installed"].update({name: digest_of(paths.requirements(name)) for name in INCLUDES[wanted]})
        write_stamp(stamp_of(paths.venv), stamp)


def _fits(stamp: dict[str, Any], paths: Paths, python: Path) -> bool:
    """Tell whether the environment is whole, for this place (its scripts name it) and this Python."""
    if not paths.python.exists():
        return False
    return bool(stamp.get("root") == str(paths.root) and stamp.get("python") == _version(python))


def _remake(paths: Paths, python: Path, children: Children, progress: Progress) -> None:
    if paths.venv.exists():
        if not stamp_of(paths.venv).exists():
            progress.note("An earlier set-up did not finish (.venv has no stamp): it is made anew.")
        shutil.rmtree(paths.venv)
    with progress.step("Virtual environment"):
        children.run(_command("python -m venv", [str(python), "-I", "-m", "venv", str(paths.venv)], paths))


def make_scratch(folder: Path, python: Path, requirements: Path, paths: Paths, children: Children) -> None:
    """Make an environment for set-up only, from its own requirements."""
    shutil.rmtree(folder, ignore_errors=True)
    children.run(_command("python -m venv", [str(python), "-I", "-m", "venv", str(folder)], paths))
    children.run(_pip_install(folder / "bin" / "python", requirements, paths))


def _pip_install(python: Path, requirements: Path, paths: Paths) -> Command:
    options = ["--require-hashes", "--only-binary", ":all:", "--disable-pip-version-check", "--no-input"]
    return _command(
        "pip", [str(python), "-m", "pip", "install", "-q", *options, "-r", str(requirements)], paths
    )


def _command(name: str, argv: list[str], paths: Paths) -> Command:
    env = {key: value for key, value in os.environ.items() if key not in {"PYTHONHOME", "PYTHONPATH"}}
    return Command(
        name=name,
        argv=argv,
        env=env | {"PIP_ROOT_USER_ACTION": "ignore"},
        identity=caller(),
        cwd=paths.root,
        log=fresh_log(paths.log / "setup.log"),
        rank=SETUP_RANK,
        umask=0o022,
    )


def _version(python: Path) -> str:
    show = "import platform, sys; print(sys.executable, platform.python_version())"
    return subprocess.run(
        [python, "-I", "-c", show], capture_output=True, text=True, check=True
    ).stdout.strip()


def digest_of(*files: Path) -> str:
    """Return one hash over the files' contents."""
    digest = hashlib.sha256()
    for file in files:
        digest.update(file.read_bytes())
    return digest.hexdigest()


def _read(path: Path) -> dict[str, Any] | None:
    try:
        stamp = json.loads(path.read_text())
    except (OSError, ValueError):
        return None
    return stamp if isinstance(stamp, dict) and isinstance(stamp.get("installed"), dict) else None


def write_stamp(path: Path, content: dict[str, Any]) -> None:
    """Write a stamp in one move."""
    half = path.with_suffix(".new")
    half.write_text(json.dumps(content, indent=1))
    half.replace(path)
