"""The environment every Django process gets, and the secrets it carries."""

import base64
import json
import os
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from urllib.parse import quote

from launcher.errors import LaunchError
from launcher.paths import Paths

SERVER_VARIABLES = ("DATABASE_OWNER_URL", "DATABASE_URL", "REDIS_URL")


@dataclass(frozen=True)
class Secrets:
    """Made once, kept in var/secrets.json. The three keys are base64 of 32 random bytes."""

    secret_key: str
    master_key: str
    blind_index_key: str
    seal_key: str
    postgres_password: str
    owner_password: str
    app_password: str


@dataclass(frozen=True)
class Servers:
    """The addresses of Postgres and Valkey."""

    owner_url: str
    app_url: str
    redis_url: str


def new_secrets() -> Secrets:
    """Return fresh secrets."""
    keys = (base64.b64encode(secrets.token_bytes(32)).decode() for _ in range(3))
    words = (secrets.token_urlsafe(32) for _ in range(3))
    return Secrets(secrets.token_urlsafe(64), *keys, *words)


def kept_secrets(path: Path) -> Secrets:
    """Return the secrets in a file, making the file (mode 0600) at the first call.

    :raises LaunchError: when the file is not what we wrote.
    """
    if not path.exists():
        _write_whole(path, json.dumps(asdict(new_secrets()), indent=1))
    try:
        found = json.loads(path.read_text())
        return Secrets(**{field.name: str(found[field.name]) for field in fields(Secrets)})
    except (ValueError, KeyError, TypeError):
        raise LaunchError(
            f"{path} is damaged: bring it back from a copy, or run bin/portal --reset."
        ) from None


def _write_whole(path: Path, text: str) -> None:
    """Write a private file so that a kill leaves either all of it or nothing."""
    half = path.with_suffix(".new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


def named_servers(environment: Mapping[str, str]) -> Servers | None:
    """Return the servers the caller named, or None when he named none.

    :raises LaunchError: when only some of the three addresses are given.
    """
    given = [environment.get(name, "") for name in SERVER_VARIABLES]
    if not any(given):
        return None
    if not all(given):
        missing = ", ".join(name for name, value in zip(SERVER_VARIABLES, given, strict=True) if not value)
        raise LaunchError(f"To use your own servers set {missing} too, or unset the others.")
    return Servers(*given)


def socket_servers(postgres_dir: Path, valkey_socket: Path, kept: Secrets) -> Servers:
    """Return the addresses of our own servers, which listen on sockets only."""
    host = quote(str(postgres_dir), safe="")
    return Servers(
        owner_url=f"postgresql://portal_owner:{kept.owner_password}@{host}/portal",
        app_url=f"postgresql://portal_app:{kept.app_password}@{host}/portal",
        redis_url=f"unix://{valkey_socket}",
    )


def environment(
    paths: Paths, servers: Servers, kept: Secrets, *, settings: str, port: int, var: Path | None = None
) -> dict[str, str]:
    """Return the caller's environment with the portal's variables in it; keys the caller set win."""
    env = dict(os.environ)
    for name in ("PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "PORTAL_DATABASE_IDENTITY"):
        env.pop(name, None)
    folder = var or paths.var
    env.update(
        DJANGO_SETTINGS_MODULE=settings,
        DATABASE_OWNER_URL=servers.owner_url,
        DATABASE_URL=servers.app_url,
        REDIS_URL=servers.redis_url,
        PORTAL_VAR=str(folder),
        PORTAL_PORT=str(port),
        PORTAL_BASE_URL=f"http://localhost:{port}",
        PATH=f"{paths.venv / 'bin'}:{env.get('PATH', os.defpath)}",
        PYTHONUNBUFFERED="1",
        XDG_CACHE_HOME=str(folder / "cache"),
    )
    env.setdefault("PORTAL_SECRET_KEY", kept.secret_key)
    env.setdefault("PORTAL_MASTER_KEY", kept.master_key)
    env.setdefault("PORTAL_BLIND_INDEX_KEY", kept.blind_index_key)
    env.setdefault("PORTAL_SEAL_KEY", kept.seal_key)
    return env
