"""One data key for each person or applicant, in a folder outside the database: what it sealed dies with it.

A subject is a random id that a row carries beside its sealed columns. Its key is one small file, wrapped by
the master key. Backups of the database and of the files hold ciphertext only; of this folder one copy is
kept, the present one. So destroying the file makes every older backup unreadable as well. Source: ADR 11.
"""

import os
from contextlib import suppress
from pathlib import Path
from uuid import UUID

from django.conf import settings

from core.crypto import new_data_key, open_bytes, seal_bytes
from core.custody_keys import master_key


class KeyDestroyed(Exception):
    """The subject was erased; nothing opens what was sealed for him."""


class KeyMissing(Exception):
    """There is no key and none was destroyed: the folder of keys is not the one that belongs to this database."""


def seal(plain: bytes, *, subject: UUID, identity: str) -> bytes:
    """Encrypt under the subject's key, bound to the place it stands in; the first time makes the key.

    :raises KeyDestroyed: for a subject that was erased.
    """
    return seal_bytes(_key_for_writing(subject), plain, context=_context(subject, identity))


def open_sealed(sealed: bytes, *, subject: UUID, identity: str) -> bytes:
    """Decrypt what ``seal`` made.

    :raises KeyDestroyed: when the subject was erased.
    :raises KeyMissing: when the folder has never heard of the subject.
    :raises CannotDecrypt: for another subject, another place, or changed bytes.
    """
    return open_bytes(_key_of(subject), sealed, context=_context(subject, identity))


def destroy(subject: UUID) -> bool:
    """Destroy a subject's key for good and return whether there was one. Safe to run twice.

    The mark is written first: a copy of the key that comes back with a restore opens nothing either.
    """
    path, mark = _paths(subject)
    _write_once(mark, b"")
    if not path.exists():
        return False
    with path.open("r+b") as file:
        file.write(os.urandom(path.stat().st_size))
        file.flush()
        os.fsync(file.fileno())
    path.unlink(missing_ok=True)
    _sync(path.parent)
    return True


def is_destroyed(subject: UUID) -> bool:
    """Return whether a subject's key was destroyed."""
    return _paths(subject)[1].exists()


def _key_of(subject: UUID) -> bytes:
    path, mark = _paths(subject)
    if mark.exists():
        raise KeyDestroyed(str(subject))
    try:
        wrapped = path.read_bytes()
    except FileNotFoundError as error:
        raise KeyMissing(str(subject)) from error
    return master_key().unwrap(wrapped, context=f"subject:{subject}")


def _key_for_writing(subject: UUID) -> bytes:
    with suppress(KeyMissing):
        return _key_of(subject)
    path, _mark = _paths(subject)
    _write_once(path, master_key().wrap(new_data_key(), context=f"subject:{subject}"))
    return _key_of(subject)  # of two writers at once, the first one's


def _write_once(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    half = path.with_name(f".{path.name}.{os.urandom(6).hex()}")
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    with suppress(FileExistsError):
        os.link(half, path)  # whole or not at all, and never over another
    half.unlink()
    _sync(path.parent)


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _paths(subject: UUID) -> tuple[Path, Path]:
    folder = Path(settings.KEYRING_DIR) / subject.hex[:2]
    return folder / f"{subject.hex}.key", folder / f"{subject.hex}.gone"


def _context(subject: UUID, identity: str) -> str:
    return f"{subject}:{identity}"
