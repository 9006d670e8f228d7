"""Envelope encryption of product keys, and the blind index that finds a key without knowing it.

Each batch of keys has its own 256-bit data key. The data key is wrapped by a master key that never
stands in the database. Every ciphertext is bound to its row's identity, so a ciphertext copied to
another row does not open.
"""

import hashlib
import hmac
import os
from dataclasses import dataclass, field

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

NONCE_BYTES = 12
DATA_KEY_BYTES = 32


class CannotDecrypt(Exception):
    """The ciphertext does not belong to this row, or it was changed, or the key is another."""


class Secret:
    """A text that prints as dots; only ``reveal()`` gives it."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself."""
        return self._text

    def __repr__(self) -> str:
        return "Secret(•••••)"

    __str__ = __repr__

    def __reduce__(self) -> "tuple[object, ...]":
        raise TypeError("a Secret is never pickled")


@dataclass(frozen=True, slots=True)
class MasterKey:
    """The key outside the database that wraps every batch's data key."""

    id: str
    key: bytes = field(repr=False)

    def wrap(self, data_key: bytes, *, context: str) -> bytes:
        """Return the data key encrypted for the given context (the batch's id)."""
        return _seal(self.key, data_key, f"data-key:{self.id}:{context}")

    def unwrap(self, wrapped: bytes, *, context: str) -> bytes:
        """Return the data key.

        :raises CannotDecrypt: for another context, another master key, or changed bytes.
        """
        return _open(self.key, wrapped, f"data-key:{self.id}:{context}")


def new_data_key() -> bytes:
    """Return a fresh random 256-bit data key."""
    return os.urandom(DATA_KEY_BYTES)


class KeyCipher:
    """Encrypts and decrypts texts under one data key."""

    __slots__ = ("_aead",)

    def __init__(self, data_key: bytes) -> None:
        self._aead = AESGCM(data_key)

    def encrypt(self, text: str, *, identity: str) -> bytes:
        """Return nonce and ciphertext, bound to the row's identity."""
        nonce = os.urandom(NONCE_BYTES)
        return nonce + self._aead.encrypt(nonce, text.encode(), identity.encode())

    def decrypt(self, sealed: bytes, *, identity: str) -> Secret:
        """Return the text.

        :raises CannotDecrypt: for another row's ciphertext, another key, or changed bytes.
        """
        try:
            plain = self._aead.decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], identity.encode())
        except (InvalidTag, ValueError) as error:
            raise CannotDecrypt("The ciphertext does not open for this row.") from error
        return Secret(plain.decode())


def blind_index(key: bytes, text: str) -> bytes:
    """Return the HMAC-SHA-256 by which equal product keys are recognised."""
    return hmac.digest(key, text.encode(), hashlib.sha256)


def _seal(key: bytes, plain: bytes, context: str) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, plain, context.encode())


def _open(key: bytes, sealed: bytes, context: str) -> bytes:
    try:
        return AESGCM(key).decrypt(sealed[:NONCE_BYTES], sealed[NONCE_BYTES:], context.encode())
    except (InvalidTag, ValueError) as error:
        raise CannotDecrypt("The data key does not open: wrong master key or changed bytes.") from error


def seal_bytes(key: bytes, plain: bytes, *, context: str) -> bytes:
    """Encrypt bytes under a key for one context: chunks of an upload, a second factor's secret."""
    return _seal(key, plain, context)


def open_bytes(key: bytes, sealed: bytes, *, context: str) -> bytes:
    """Decrypt what seal_bytes made.

    :raises CannotDecrypt: for another context, another key, or changed bytes.
    """
    return _open(key, sealed, context)
