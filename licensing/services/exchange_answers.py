"""Take in a file of Microsoft's answers: the good lines go through, the others wait for a person.

One file is one transaction: it is booked completely or not at all, and the same file again changes
nothing. The number of statements does not depend on the number of lines.
"""

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import Invalid, refuse
from core.storage import store_bytes
from licensing.exchange.ack_xml import CbrAckFile as Ack
from licensing.exchange.ack_xml import read_acks
from licensing.exchange.isolated import IN_PROCESS_BYTES, parse_in_subprocess
from licensing.exchange.refusals import XmlRefused
from licensing.exchange.return_xml import ReturnAckFile as ReturnAck
from licensing.exchange.return_xml import read_return_acks
from licensing.exchange.safe_xml import MICROSOFT_LIMITS, detect_encoding
from licensing.locks import serialise
from licensing.models import CbrAckFile, ExchangeException
from licensing.rules.key_syntax import KEY_ALPHABET, mask_keys
from licensing.services.exchange_booking import Booking, Note, book_acks
from licensing.services.returns import book_return_acks
from licensing.set_based import set_based_plans

FOLDER = "exchange/answers"
# Microsoft's largest answer is some 20 MB; a file at the cap takes the reader about a minute.
READER_SECONDS = 120
READER_BYTES = 1024 * 1024 * 1024
_KEY = re.compile(rf"[{KEY_ALPHABET}]{{5}}(?:-[{KEY_ALPHABET}]{{5}}){{4}}", re.IGNORECASE | re.ASCII)


class AnswerRefused(Invalid):
    """The file as a whole cannot be taken in; nothing of it was booked."""


@dataclass(frozen=True, slots=True)
class ImportedAnswers:
    """What a file did. ``is_new`` is False when the very same file had been taken in before."""

    ack_file_id: UUID
    is_new: bool
    matched: int = 0
    findings: int = 0
    moved: dict[str, int] = field(default_factory=dict)


@transaction.atomic
def import_answer_file(data: bytes, *, file_name: str, by: Actor, at: datetime) -> ImportedAnswers:
    """Book a file of answers to build reports, or to returns.

    :raises AnswerRefused: when the file is too large, not harmless XML, not such a file, or holds a key.
    """
    digest = hashlib.sha256(data).hexdigest()
    # Taking turns: the same file twice at once is then seen as the same, not as an error.
    serialise("import_answers")
    known = CbrAckFile.objects.filter(sha256=digest).first()
    if known is not None:
        return ImportedAnswers(known.id, False, known.matched_count, known.exception_count)
    acks = _read(data)
    path, _digest = store_bytes(data, folder=FOLDER, suffix=".xml")
    file = CbrAckFile.objects.create(
        id=uuid4(),
        file_name=mask_keys(file_name)[-200:] or "answer.xml",
        file_path=path,
        sha256=digest,
        received_by=by.label[:200],
        received_at=at,
    )
    with set_based_plans():
        booking = _book(acks, file=file, by=by, at=at)
    _keep_notes(booking.notes, file=file, at=at)
    file.matched_count, file.exception_count = booking.matched, len(booking.notes)
    file.save(update_fields=["matched_count", "exception_count"])
    audit.record(
        "licensing.answers.imported",
        by=by,
        at=at,
        object_type="ack_file",
        object_id=file.id,
        facts={"sha256": digest, "matched": booking.matched, "findings": len(booking.notes), **booking.moved},
    )
    return ImportedAnswers(file.id, True, booking.matched, len(booking.notes), booking.moved)


def _book(acks: list[Ack] | list[ReturnAck], *, file: CbrAckFile, by: Actor, at: datetime) -> Booking:
    returns = [ack for ack in acks if isinstance(ack, ReturnAck)]
    if returns:
        return book_return_acks(returns, by=by, at=at)
    return book_acks([ack for ack in acks if isinstance(ack, Ack)], file_id=file.id, by=by, at=at)


def _keep_notes(notes: Iterable[Note], *, file: CbrAckFile, at: datetime) -> None:
    ExchangeException.objects.bulk_create(
        ExchangeException(
            ack_file=file,
            kind=note.finding.value,
            product_key_id=note.product_key_id,
            code=note.code[:10],
            text=note.text[:300],
            created_at=at,
        )
        for note in notes
    )


def _read(data: bytes) -> list[Ack] | list[ReturnAck]:
    if len(data) > MICROSOFT_LIMITS.max_bytes:
        raise AnswerRefused(_refusal("too_large", _("The file is larger than 64 MB.")))
    try:
        _require_no_key(data)
        try:
            return _read_as("acks", data)
        except XmlRefused as refusal:
            if refusal.code != "xml_wrong_root":
                raise
            return _read_as("return_acks", data)
    except XmlRefused as refusal:
        refused = _refusal(refusal.code, refusal.message)
    # Raised outside the handler: nothing of the file may hang on the error.
    raise AnswerRefused(refused)


def _read_as(reader: str, data: bytes) -> list[Any]:
    if len(data) <= IN_PROCESS_BYTES:
        return list(read_acks(data)) if reader == "acks" else list(read_return_acks(data))
    found = parse_in_subprocess(reader, data, max_seconds=READER_SECONDS, max_memory_bytes=READER_BYTES)
    return list(found)


def _require_no_key(data: bytes) -> None:
    """Refuse a file with a full product key in it: answers carry ids only, and they are kept as they came."""
    encoding, skip = detect_encoding(data[:4])
    if _KEY.search(data[skip:].decode(encoding, "replace")):
        raise AnswerRefused(
            _refusal("holds_a_key", _("The file holds what looks like a full product key. It was not kept."))
        )


def _refusal(code: str, what: str) -> Any:
    return refuse(
        f"answer_{code}",
        what,
        rule="EXC-20",
        next_step=_("Fetch the answer from Microsoft again and upload it unchanged. Nothing was booked."),
        lifted_by=_("You, with the right file"),
    )
