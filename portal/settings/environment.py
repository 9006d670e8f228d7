"""Read settings from the environment and fail loudly, naming the variable, when one is missing or wrong."""

import base64
import hashlib
import hmac
import os
from pathlib import Path
from urllib.parse import quote, urlsplit, urlunsplit

from django.core.exceptions import ImproperlyConfigured

SECRET_BYTES = 32
FACTOR_WORDS = ("passkey", "any")


def text(name: str, default: str = "") -> str:
    """Return the variable's text, or what stands in the file that ``NAME_FILE`` names.

    A secret in a file shows in no process list and in no `docker inspect`.

    :raises ImproperlyConfigured: when both are set, or the file cannot be read.
    """
    path = os.environ.get(f"{name}_FILE", "")
    if not path:
        return os.environ.get(name) or default
    if os.environ.get(name):
        raise ImproperlyConfigured(f"Set {name} or {name}_FILE, not both.")
    try:
        return Path(path).read_text(encoding="utf-8").strip() or default
    except (OSError, ValueError) as error:
        raise ImproperlyConfigured(f"{name}_FILE names {path}, which cannot be read.") from error


def required(name: str) -> str:
    """Return the variable's text.

    :raises ImproperlyConfigured: when it is missing or empty.
    """
    value = text(name)
    if not value:
        raise ImproperlyConfigured(
            f"Set the environment variable {name}; .env.example says what belongs there."
        )
    return value


def address(name: str, *, login: str) -> str:
    """Return a server's address; where it has a user or host but no password, the variable ``login`` gives it.

    :raises ImproperlyConfigured: when the address is missing or empty.
    """
    given = required(name)
    parts = urlsplit(given)
    secret = text(login)
    if not secret or parts.password or not parts.netloc:
        return given
    user, _, host = parts.netloc.rpartition("@")
    netloc = f"{user.removesuffix(':')}:{quote(secret, safe='')}@{host}"
    return urlunsplit(parts._replace(netloc=netloc))


def required_secret(name: str) -> bytes:
    """Return the variable's 32 bytes, given as base64.

    :raises ImproperlyConfigured: when it is missing, not base64, or not 32 bytes long.
    """
    try:
        secret = base64.b64decode(required(name), validate=True)
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be base64 text.") from error
    if len(secret) != SECRET_BYTES:
        raise ImproperlyConfigured(f"{name} must hold exactly {SECRET_BYTES} bytes, it holds {len(secret)}.")
    return secret


def optional_secret(name: str) -> bytes:
    """Return the variable's 32 bytes, nothing when it is empty."""
    return required_secret(name) if text(name) else b""


def derived(secret: bytes, purpose: str) -> bytes:
    """Return another 32 bytes that follow from a secret for one purpose and do not give it away."""
    return hmac.digest(secret, f"derived:{purpose}".encode(), hashlib.sha256)


def hmac_blocks(secret: bytes) -> str:
    """Return the two padded blocks of an HMAC-SHA-256 key and the HMAC of "0" as hex.

    The database joins the blocks to what it hashes, and knows by the third part whether the key is the right one.
    """
    block = secret.ljust(64, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in block) for pad in (0x36, 0x5C))
    return inner.hex() + outer.hex() + hmac.digest(secret, b"0", hashlib.sha256).hex()


def https_address(name: str) -> str:
    """Return the variable's address, empty when it is not set.

    :raises ImproperlyConfigured: for anything but https.
    """
    given = text(name)
    if given and urlsplit(given).scheme != "https":
        raise ImproperlyConfigured(f"{name} must begin with https://.")
    return given


def flag(name: str, default: bool) -> bool:
    """Return True for 1, true, yes or on."""
    value = os.environ.get(name)
    return default if value is None else value.strip().lower() in {"1", "true", "yes", "on"}


def words(name: str) -> list[str]:
    """Return the comma-separated words of a variable, without blanks."""
    return [word.strip() for word in text(name).split(",") if word.strip()]


def required_factors(name: str, default: str) -> list[tuple[str, str]]:
    """Return the lines of a table such as ``mar_*=passkey,tpr_*=any``: a pattern of roles, a kind.

    :raises ImproperlyConfigured: when a line has another form or names another kind.
    """
    lines = []
    for line in (os.environ.get(name) or default).split(","):
        role, _, kind = (part.strip() for part in line.partition("="))
        if not line.strip():
            continue
        if not role or kind not in FACTOR_WORDS:
            raise ImproperlyConfigured(f"{name}: write role=passkey or role=any, not {line.strip()!r}.")
        lines.append((role, kind))
    return lines


def broker_urls(redis_url: str) -> tuple[str, str]:
    """Return the Celery broker's and the cache's form of one server address.

    kombu and redis-py spell a unix socket differently (``redis+socket://`` and ``unix://``).
    """
    if redis_url.startswith("unix://"):
        return "redis+socket://" + redis_url.removeprefix("unix://"), redis_url
    return redis_url, redis_url
