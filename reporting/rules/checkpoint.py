"""A checkpoint's file: the statement as it was signed, the signature, the public key. Pure and offline."""

import base64
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

FORMAT = "refurb-checkpoint/1"
MAX_BYTES = 64_000


class NotACheckpoint(ValueError):
    """The file is none, or its signature is not that of the given key."""


@dataclass(frozen=True, slots=True)
class Signed:
    """A statement with its signature."""

    statement: str
    signature: bytes
    public_key: bytes

    @property
    def sha256(self) -> str:
        """Return the statement's hash, by which the next day's statement names it."""
        return hashlib.sha256(self.statement.encode()).hexdigest()


def sign(seed: bytes, facts: Mapping[str, Any]) -> Signed:
    """Write the facts down in one canonical form and sign them."""
    statement = json.dumps({"format": FORMAT, **facts}, sort_keys=True, separators=(",", ":"))
    key = Ed25519PrivateKey.from_private_bytes(seed)
    return Signed(statement, key.sign(statement.encode()), key.public_key().public_bytes_raw())


def to_file(signed: Signed) -> bytes:
    """Return the file that leaves the house."""
    return json.dumps(
        {
            "statement": signed.statement,
            "signature": base64.b64encode(signed.signature).decode(),
            "public_key": base64.b64encode(signed.public_key).decode(),
        },
        indent=1,
    ).encode()


def read_file(content: bytes, *, public_key: bytes) -> dict[str, Any]:
    """Return a file's facts, once the signature holds under the key that the reader trusts.

    The key inside the file proves nothing and is not looked at.

    :raises NotACheckpoint: for another key, changed bytes, or no checkpoint at all.
    """
    try:
        if len(content) > MAX_BYTES:
            raise NotACheckpoint("The file is too large for a checkpoint.")
        outer = json.loads(content)
        statement = str(outer["statement"]).encode()
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            base64.b64decode(outer["signature"], validate=True), statement
        )
        facts = json.loads(statement)
    except InvalidSignature as error:
        raise NotACheckpoint("The signature is not that of this public key.") from error
    except (ValueError, KeyError, TypeError) as error:
        if isinstance(error, NotACheckpoint):
            raise
        raise NotACheckpoint("This is no checkpoint's file.") from error
    if not isinstance(facts, dict) or facts.get("format") != FORMAT:
        raise NotACheckpoint("This is no checkpoint's file.")
    return facts
