"""Files by content: stored once under their SHA-256, outside the web root, never changed."""

import hashlib
from pathlib import PurePosixPath

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage


def store_bytes(content: bytes, *, folder: str, suffix: str) -> tuple[str, str]:
    """Store the bytes and return (path in the storage, SHA-256 in hexadecimal)."""
    digest = hashlib.sha256(content).hexdigest()
    path = str(PurePosixPath(folder) / digest[:2] / f"{digest}{suffix}")
    if not default_storage.exists(path):
        default_storage.save(path, ContentFile(content))
    return path, digest


def read_bytes(path: str, *, sha256: str) -> bytes:
    """Return the stored bytes.

    :raises ValueError: when the file no longer has the hash it was stored with.
    """
    with default_storage.open(path, "rb") as stored:
        content: bytes = stored.read()
    if hashlib.sha256(content).hexdigest() != sha256:
        raise ValueError(f"The stored file {path} has changed.")
    return content
