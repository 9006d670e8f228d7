"""An import of keys, as people drive it: upload, release by a second person, reject.

The life of a batch: received → validating → ready or refused (import_check) → releasing → released
(import_release), or rejected by a person. Nothing uploaded is ever at rest in clear: each piece of the
file is encrypted under the batch's own data key before it is written anywhere.
"""

import hashlib
from collections.abc import Iterable, Iterator
from datetime import datetime
from pathlib import PurePath
from typing import Any, Protocol
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext_lazy as _

from core import audit
from core.actor import Actor
from core.crypto import new_data_key, seal_bytes
from core.custody_keys import master_key
from core.errors import DomainError, Invalid, NotFound, refuse
from core.queue import enqueue
from licensing.exchange.csv_rows import MAX_CSV_BYTES
from licensing.exchange.safe_xml import MICROSOFT_LIMITS
from licensing.models import BatchDataKey, KeyBatch, KeyBatchChunk
from licensing.models.key_batch import KeyBatchState
from licensing.rules.key_syntax import mask_keys
from licensing.services.import_staging import discard

CHUNK_BYTES = 256 * 1024
MAX_BYTES = {"xml": MICROSOFT_LIMITS.max_bytes, "csv": MAX_CSV_BYTES}
_MARKS = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")
_ARCHIVES = (b"PK\x03\x04", b"PK\x05\x06", b"\x1f\x8b", b"7z\xbc\xaf", b"Rar!", b"\xd0\xcf\x11\xe0")


class Chunked(Protocol):
    """An uploaded file that gives its bytes piece by piece."""

    def chunks(self) -> Iterator[bytes]:
        """Yield the pieces."""


class UploadRefused(Invalid):
    """The file was not taken in at all."""


class BatchRefused(DomainError):
    """The batch does not allow this act."""


@transaction.atomic
def receive_upload(file: Chunked | Iterable[bytes], *, file_name: str, by: Actor, at: datetime) -> KeyBatch:
    """Take in a file with keys and have it checked; the MAR's scope must be open.

    Each piece is encrypted at once. XML up to 64 MB, CSV up to 25 MB, told apart by content.

    :raises UploadRefused: empty_file, not_a_delivery, file_too_large, file_known.
    """
    pieces = _pieces(file)
    first = next(pieces, b"")
    file_format = _sniff(first)
    data_key = new_data_key()
    batch = _open_batch(file_name, file_format, data_key, by=by, at=at)
    size, digest = 0, hashlib.sha256()
    for position, piece in enumerate(_with_first(first, pieces)):
        size += len(piece)
        if size > MAX_BYTES[file_format]:
            raise _too_large(file_format)
        digest.update(piece)
        sealed = seal_bytes(data_key, piece, context=chunk_context(batch.id, position))
        KeyBatchChunk.objects.create(batch=batch, position=position, sealed=sealed)
    batch.file_size, batch.file_sha256 = size, digest.hexdigest()
    _refuse_known_file(batch)
    batch.save(update_fields=["file_size", "file_sha256"])
    _audit("received", batch.id, by=by, at=at, facts={"sha256": batch.file_sha256, "bytes": size})
    enqueue("licensing.validate_batch", at=at, batch_id=batch.id)
    return batch


@transaction.atomic
def release_batch(batch_id: UUID, *, by: Actor, at: datetime) -> None:
    """Decide as second person that a checked import may go to stock; a worker then moves the keys.

    :raises BatchRefused: same_person, batch_not_ready.
    :raises NotFound: when there is no such import.
    """
    moved = (
        KeyBatch.objects.filter(id=batch_id, state=KeyBatchState.READY)
        .exclude(uploaded_by_id=_person(by))
        .update(state=KeyBatchState.RELEASING, released_by_id=by.user_id, released_at=at)
    )
    if not moved:
        raise _why_not(batch_id, by, _("Keys cannot be released now."))
    _audit("release_decided", batch_id, by=by, at=at)
    enqueue("licensing.release_batch", at=at, batch_id=batch_id)


@transaction.atomic
def reject_batch(batch_id: UUID, *, by: Actor, at: datetime, reason: str) -> None:
    """Decide against a checked import: its keys are deleted and never were in stock.

    :raises BatchRefused: batch_not_ready.
    :raises NotFound: when there is no such import.
    """
    moved = KeyBatch.objects.filter(id=batch_id, state=KeyBatchState.READY).update(
        state=KeyBatchState.REJECTED,
        rejected_by_id=by.user_id,
        rejected_at=at,
        rejection_reason=mask_keys(reason.strip())[:500],
    )
    if not moved:
        raise _why_not(batch_id, None, _("This import cannot be rejected now."))
    discard(batch_id)
    _audit("rejected", batch_id, by=by, at=at)


def chunk_context(batch_id: UUID, position: int) -> str:
    """Return what a piece of an upload is bound to: its batch and its place."""
    return f"{batch_id}:chunk:{position}"


def _pieces(file: Chunked | Iterable[bytes]) -> Iterator[bytes]:
    """Yield pieces of one size; Django gives a file held in memory as a single one."""
    chunks: Iterable[bytes] = file.chunks() if hasattr(file, "chunks") else file
    rest = b""
    for chunk in chunks:
        for start in range(0, len(chunk), CHUNK_BYTES):
            rest += chunk[start : start + CHUNK_BYTES]
            while len(rest) >= CHUNK_BYTES:
                yield rest[:CHUNK_BYTES]
                rest = rest[CHUNK_BYTES:]
    if rest:
        yield rest


def _with_first(first: bytes, rest: Iterator[bytes]) -> Iterator[bytes]:
    yield first
    yield from rest


def _sniff(first: bytes) -> str:
    """Return the format the content shows; the file's name may say anything.

    :raises UploadRefused: empty_file, not_a_delivery.
    """
    if not first:
        raise _unusable("empty_file", _("The file is empty."), _("Export it again and upload the new file."))
    if first.startswith(_ARCHIVES):
        raise _unusable(
            "not_a_delivery",
            _("This is an archive or an Excel workbook, not a delivery of keys."),
            _("Upload Microsoft's XML file itself, or save the sheet as CSV UTF-8."),
        )
    body = first
    for mark in _MARKS:
        body = body.removeprefix(mark)
    start = body.lstrip(b"\0 \t\r\n")[:1]
    if start == b"<":
        return "xml"
    if b"\0" in first[:4096] and not first.startswith(_MARKS):
        raise _unusable(
            "not_a_delivery",
            _("This is neither an XML nor a CSV file."),
            _("Check that you chose the file with the delivery."),
        )
    return "csv"


def _open_batch(name: str, file_format: str, data_key: bytes, *, by: Actor, at: datetime) -> KeyBatch:
    batch = KeyBatch.objects.create(
        # A name can carry anything, a key too.
        file_name=mask_keys(PurePath(name.replace("\\", "/")).name)[:200] or file_format,
        file_format=file_format,
        file_size=0,
        file_sha256="",
        state=KeyBatchState.RECEIVED,
        uploaded_by_id=_person(by),
        uploaded_at=at,
    )
    BatchDataKey.objects.create(
        batch=batch, master_key_id=master_key().id, wrapped=master_key().wrap(data_key, context=str(batch.id))
    )
    return batch


def _refuse_known_file(batch: KeyBatch) -> None:
    with connection.cursor() as cursor:
        # Two people who upload the same file at once: the second waits here and then sees the first.
        cursor.execute(
            "SELECT pg_advisory_xact_lock(hashtext(%s))", [f"licensing.upload.{batch.file_sha256}"]
        )
    gone = [KeyBatchState.REFUSED, KeyBatchState.REJECTED, KeyBatchState.UNDONE]
    earlier = KeyBatch.objects.filter(file_sha256=batch.file_sha256).exclude(state__in=gone).first()
    if earlier is None:
        return
    raise UploadRefused(
        refuse(
            "file_known",
            _("This file was imported before."),
            rule="IMPORT-ONCE",
            facts={
                "import_id": str(earlier.id),
                "file": earlier.file_name,
                "uploaded_at": earlier.uploaded_at,
                "state": str(KeyBatchState(earlier.state).label),
            },
            next_step=_("Open the earlier import. If you meant another delivery, choose its file."),
        )
    )


def _unusable(code: str, what: Any, next_step: Any) -> UploadRefused:
    return UploadRefused(refuse(code, what, rule="IMPORT-FILE", next_step=next_step))


def _too_large(file_format: str) -> UploadRefused:
    return UploadRefused(
        refuse(
            "file_too_large",
            _("The file is larger than the portal accepts."),
            rule="IMPORT-FILE",
            facts={"format": file_format, "megabytes_allowed": MAX_BYTES[file_format] // 2**20},
            next_step=_("Split the delivery into several files."),
        )
    )


def _person(by: Actor) -> UUID:
    if by.user_id is None:
        raise ValueError("an import is uploaded and released by people")
    return by.user_id


def _why_not(batch_id: UUID, by: Actor | None, what: Any) -> DomainError:
    batch = KeyBatch.objects.filter(id=batch_id).first()
    if batch is None:
        return NotFound(str(_("This import does not exist.")))
    if by is not None and batch.state == KeyBatchState.READY:
        return BatchRefused(
            refuse(
                "same_person",
                _("The person who uploaded a delivery cannot release it."),
                rule="IMPORT-FOUR-EYES",
                next_step=_("Ask a colleague who may release imports."),
                lifted_by=_("A second stock keeper or an approver"),
            )
        )
    return BatchRefused(
        refuse(
            "batch_not_ready",
            what,
            rule="IMPORT-STATE",
            facts={"state": str(KeyBatchState(batch.state).label)},
            next_step=_("Open the import to see where it stands."),
        )
    )


def _audit(act: str, batch_id: UUID, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None) -> None:
    audit.record(
        f"licensing.batch.{act}", by=by, at=at, object_type="key_batch", object_id=batch_id, facts=facts
    )
