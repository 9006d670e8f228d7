"""Check an uploaded delivery row by row and stage its keys: all of them, or none.

A worker claims the batch and shows a sign of life with every block of rows. When the signs stop,
because it was killed, another worker starts again from the encrypted upload.
Source: docs/how-to/import-keys.md.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from io import BytesIO
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection

from core import audit
from core.actor import Actor
from core.crypto import CannotDecrypt, open_bytes
from core.custody_keys import master_key
from core.queue import enqueue
from core.tenancy import mar_scope
from licensing.connectors.simulator import Simulator
from licensing.exchange.fulfilment import MAX_KEYS_PER_JOB, FulfilmentRow, FulfilmentSummary
from licensing.exchange.fulfilment_csv import read_fulfilment_csv
from licensing.exchange.fulfilment_xml import read_fulfilment_xml
from licensing.exchange.isolated import IN_PROCESS_BYTES, parse_in_subprocess
from licensing.exchange.refusals import ErrorList, ExchangeRefused
from licensing.models import KeyBatch, KeyBatchChunk, Product, StagedKey
from licensing.models.key_batch import KeyBatchState
from licensing.services.import_assembly import Assembly
from licensing.services.import_errors import file_error, to_stored
from licensing.services.import_staging import (
    Claim,
    Overtaken,
    add_known_fulfilments,
    add_known_keys,
    contents_of,
    discard,
    joins_for,
    show_life,
    stage_rows,
    state_of,
    wait_for_other_checks,
)
from licensing.services.imports import chunk_context
from partners.models import Mar

log = structlog.get_logger(__name__)

BLOCK_ROWS = 2_000
# Signs of life come every block; the longest silence is the comparison at the end, some seconds.
STALE_AFTER = timedelta(minutes=2)
READER_SECONDS = 120
CHECKER = Actor.system("import check")

_CLAIM = """
UPDATE licensing_keybatch SET state = 'validating', claimed_at = clock_timestamp(), keys_done = 0
WHERE id = %s AND (state = 'received'
  OR (state = 'validating' AND claimed_at < clock_timestamp() - %s * interval '1 second'))
RETURNING claimed_at
"""


class UploadChanged(Exception):
    """The stored upload is not what was received."""


@dataclass(frozen=True, slots=True)
class _Upload:
    file_format: str
    data_key: bytes = field(repr=False)
    clear: bytes = field(repr=False)


def validate_batch(batch_id: UUID, *, at: datetime) -> None:
    """Check a received upload; afterwards it is ready for release, or refused with its errors.

    Opens transactions of its own. Safe to run twice and to kill at any moment: a second run takes over
    a batch whose worker has given no sign of life for two minutes, and starts again.
    """
    claim = _claim(batch_id)
    if claim is None:
        _look_again(batch_id, at=at)
        return
    try:
        errors = _check(claim)
        _conclude(claim, errors, at=at)
    except Overtaken:
        log.warning("import.overtaken", batch=str(batch_id))
    except Exception:
        _give_back(claim)
        raise


def _claim(batch_id: UUID) -> Claim | None:
    with mar_scope(), connection.cursor() as cursor:
        cursor.execute(_CLAIM, [batch_id, STALE_AFTER.total_seconds()])
        claimed = cursor.fetchone()
        if claimed is None:
            return None
        # What an earlier run left half done.
        StagedKey.objects.filter(batch_id=batch_id).delete()
        return Claim(batch_id, claimed[0])


def _look_again(batch_id: UUID, *, at: datetime) -> None:
    # Somebody works on it, or died a moment ago: look again when a dead worker's claim has run out.
    with mar_scope():
        if state_of(batch_id) == KeyBatchState.VALIDATING:
            enqueue("licensing.validate_batch", at=at, due_at=at + STALE_AFTER, batch_id=batch_id)


def _give_back(claim: Claim) -> None:
    with mar_scope():
        KeyBatch.objects.filter(
            id=claim.batch_id, state=KeyBatchState.VALIDATING, claimed_at=claim.token
        ).update(state=KeyBatchState.RECEIVED)


def _check(claim: Claim) -> ErrorList:
    """Stage the good rows and return the errors of the others."""
    errors = ErrorList()
    try:
        upload = _open_upload(claim.batch_id)
        claim.keys_expected = _guess_keys(upload)
        _stage_all(claim, upload, errors)
    except ExchangeRefused as refused:
        errors.append(file_error(refused))
    except UploadChanged:
        errors.add(0, "", "upload_changed")
    return errors


def _open_upload(batch_id: UUID) -> _Upload:
    """Decrypt the upload into memory.

    :raises UploadChanged: when a chunk does not open, is missing, or the whole has another checksum.
    """
    with mar_scope():
        batch = KeyBatch.objects.select_related("data_key").get(id=batch_id)
        chunks = list(KeyBatchChunk.objects.filter(batch=batch).values_list("position", "sealed"))
    try:
        data_key = master_key().unwrap(bytes(batch.data_key.wrapped), context=str(batch_id))
        clear = b"".join(
            open_bytes(data_key, bytes(sealed), context=chunk_context(batch_id, position))
            for position, sealed in chunks
        )
    except CannotDecrypt as error:
        raise UploadChanged from error
    if hashlib.sha256(clear).hexdigest() != batch.file_sha256:
        raise UploadChanged
    return _Upload(batch.file_format, data_key, clear)


def _guess_keys(upload: _Upload) -> int:
    """Return about how many keys there are, for the progress bar alone."""
    if upload.file_format == "csv":
        return min(max(upload.clear.count(b"\n") - 1, 0), MAX_KEYS_PER_JOB)
    plain = upload.clear.replace(b"\0", b"") if b"\0" in upload.clear[:200] else upload.clear
    return min(plain.count(b"ProductKeyID>") // 2, MAX_KEYS_PER_JOB)


def _stage_all(claim: Claim, upload: _Upload, errors: ErrorList) -> None:
    is_xml = upload.file_format == "xml"
    assembly = _assembly(claim.batch_id, upload, errors)
    block: list[str] = []
    for found in _read(upload):
        if isinstance(found, FulfilmentSummary):
            _take_over(errors, found)
            if is_xml:
                assembly.check_headers(found.headers)
                claim.call_offs = {
                    header.fulfilment_number: header.call_off_reference_number.strip()
                    for header in found.headers
                }
            continue
        line = assembly.line_of(found, is_xml=is_xml)
        if line is not None:
            block.append(line)
        if len(block) >= BLOCK_ROWS:
            stage_rows(claim, block)
            block = []
    if block:
        stage_rows(claim, block)


def _assembly(batch_id: UUID, upload: _Upload, errors: ErrorList) -> Assembly:
    with mar_scope():
        products = {lpn.upper(): product_id for lpn, product_id in Product.objects.values_list("lpn", "id")}
        sold_to_id = Mar.objects.get().sold_to_id
    return Assembly(
        batch_id,
        data_key=upload.data_key,
        products=products,
        sold_to_id=sold_to_id,
        # A made-up key opens no Windows: where keys are reported to Microsoft, it must not come into stock.
        takes_synthetic=settings.DEMO_ENABLED or Simulator.name == settings.EXCHANGE_CONNECTOR,
        errors=errors,
    )


def _read(upload: _Upload) -> Iterator[FulfilmentRow | FulfilmentSummary]:
    """Yield the rows and then the summary; big XML is read by a process of its own.

    :raises ExchangeRefused: when the file as a whole cannot be read.
    """
    if upload.file_format == "xml" and len(upload.clear) > IN_PROCESS_BYTES:
        yield from parse_in_subprocess(
            "fulfilment_xml", upload.clear, max_seconds=READER_SECONDS, max_keys=MAX_KEYS_PER_JOB
        )
        return
    # A CSV is read by a line-wise reader with caps of its own; a second process would only cost time.
    make = read_fulfilment_xml if upload.file_format == "xml" else read_fulfilment_csv
    reader = make(BytesIO(upload.clear), max_keys=MAX_KEYS_PER_JOB)
    yield from reader
    yield reader.summary


def _take_over(errors: ErrorList, summary: FulfilmentSummary) -> None:
    for error in summary.errors:
        errors.append(error)
    errors.count += summary.error_count - len(summary.errors)


def _conclude(claim: Claim, errors: ErrorList, *, at: datetime) -> None:
    """Compare with everything that came before and set the outcome, in one transaction."""
    with mar_scope():
        wait_for_other_checks()
        show_life(claim)
        with joins_for(claim.keys_done):
            add_known_keys(claim.batch_id, errors)
            add_known_fulfilments(claim.batch_id, errors)
        state = KeyBatchState.REFUSED if errors.count else KeyBatchState.READY
        contents = contents_of(claim.batch_id, claim.call_offs)
        KeyBatch.objects.filter(id=claim.batch_id).update(
            state=state,
            keys_total=claim.keys_done,
            errors=to_stored(errors),
            error_count=errors.count,
            contents=contents if state == KeyBatchState.READY else [],
            checked_at=at,
        )
        if state == KeyBatchState.REFUSED:
            discard(claim.batch_id)
        else:
            KeyBatchChunk.objects.filter(batch_id=claim.batch_id).delete()
        audit.record(
            f"licensing.batch.{state.value}",
            by=CHECKER,
            at=at,
            object_type="key_batch",
            object_id=claim.batch_id,
            facts={"keys": claim.keys_done, "errors": errors.count},
        )
