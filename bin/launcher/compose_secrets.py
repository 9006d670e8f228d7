"""bin/portal secrets: the files that docker-compose.yml mounts, made once."""

import os
import sys
from dataclasses import asdict
from pathlib import Path

from launcher import contract
from launcher.errors import LaunchError

# What nobody but the operator knows; an empty file means that there is none.
GIVEN_BY_YOU = ("email_password", "metrics_token")


def main(arguments: list[str], root: Path) -> int:
    """Run bin/portal secrets [FOLDER]."""
    folder = Path(arguments[0]) if arguments else root / "secrets"
    try:
        made = make(folder)
    except LaunchError as stop:
        print(stop.sentence, file=sys.stderr)
        return stop.exit_code
    print(f"{folder}: {', '.join(made) if made else 'nothing was missing'}")
    print("Keep copies of the keys in a safe. Write the mail server's password into email_password yourself.")
    return 0


def make(folder: Path) -> list[str]:
    """Write each missing file and return the names; what is there stays as it is.

    The folder is closed to others on this machine; the files inside are readable, since the
    containers' users, which are not root, get them mounted one by one.

    :raises LaunchError: when the folder cannot be made private.
    """
    fresh = asdict(contract.new_secrets())
    fresh["valkey_password"] = contract.new_secrets().app_password
    fresh["decoy_key"] = contract.new_secrets().master_key
    texts = {name: fresh.get(name, "") for name in names()}
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
        return [name for name, text in texts.items() if _write_new(folder / name, text)]
    except OSError as error:
        raise LaunchError(f"{folder} cannot be written: {error.strerror}.") from error


def names() -> list[str]:
    """Return the files' names."""
    return sorted({*asdict(contract.new_secrets()), "valkey_password", "decoy_key", *GIVEN_BY_YOU})


def _write_new(path: Path, text: str) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "w") as file:
        file.write(text)
        os.fchmod(file.fileno(), 0o444)
        os.fsync(file.fileno())
    return True
