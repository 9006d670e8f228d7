"""Files by content: stored once under their SHA-256, outside the web root, never changed."""

import hashlib
from pathlib import Path, PurePosixPath
from uuid import UUID

from django.core.files import File
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage

from core import keyring
from core.crypto import CannotDecrypt


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


def store_sealed(content: bytes, *, subject: UUID, folder: str) -> tuple[str, str]:
    """Store the bytes under a subject's key and return (path in the storage, SHA-256 of the bytes themselves)."""
    digest = hashlib.sha256(content).hexdigest()
    path = str(PurePosixPath(folder) / digest[:2] / f"{digest}-{subject.hex[:8]}.sealed")
    if not default_storage.exists(path):
        sealed = keyring.seal(content, subject=subject, identity=f"file:{digest}")
        default_storage.save(path, ContentFile(sealed))
    return path, digest


def read_sealed(path: str, *, subject: UUID, sha256: str) -> bytes:
    """Return the bytes of a sealed file.

    :raises KeyDestroyed: when the subject was erased.
    :raises ValueError: when the file no longer is what was stored.
    """
    with default_storage.open(path, "rb") as stored:
        sealed: bytes = stored.read()
    try:
        return keyring.open_sealed(sealed, subject=subject, identity=f"file:{sha256}")
    except CannotDecrypt as error:
        raise ValueError(f"The stored file {path} has changed.") from error


def store_file(source: Path, *, folder: str, suffix: str) -> tuple[str, str, int]:
    """Store a file of any length without holding it in memory; return (path, SHA-256, bytes).

    A copy that a crash cut short is found by its length and written again.
    """
    with source.open("rb") as content:
        digest = hashlib.file_digest(content, "sha256").hexdigest()
        size = content.tell()
        path = str(PurePosixPath(folder) / digest[:2] / f"{digest}{suffix}")
        if default_storage.exists(path) and default_storage.size(path) != size:
            default_storage.delete(path)
        if not default_storage.exists(path):
            content.seek(0)
            default_storage.save(path, File(content))
    return path, digest, size


def hash_stored(path: str) -> str:
    """Return the SHA-256 of a stored file as it is now, empty when it is gone."""
    if not default_storage.exists(path):
        return ""
    with default_storage.open(path, "rb") as stored:
        return hashlib.file_digest(stored, "sha256").hexdigest()
