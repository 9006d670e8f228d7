"""Who was erased, written outside the database: a backup knows nothing of what happened after it.

One line an erasure, only ever added to: ids and times, never a name. Each line carries a proof under the
seal key, so nobody who merely writes into the folder has a person erased by the next restore. Source: ADR 11.
"""

import hashlib
import hmac
import json
import os
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings

from core.custody_keys import seal_key

FILE_NAME = "erasures.jsonl"


class LedgerBroken(Exception):
    """A line of the ledger was changed, cut, or written by somebody without the seal key."""


@dataclass(frozen=True, slots=True)
class Erasure:
    """One person forgotten: by which request, asked for and carried out by whom, and which keys died."""

    person_id: UUID
    request_id: UUID
    asked_by: UUID
    done_by: UUID
    at: datetime
    subjects: tuple[UUID, ...] = ()


def append(erasure: Erasure) -> None:
    """Add a line and wait until it is on the disk."""
    path = ledger_path()
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    facts = {
        "person": str(erasure.person_id),
        "request": str(erasure.request_id),
        "asked_by": str(erasure.asked_by),
        "done_by": str(erasure.done_by),
        "at": erasure.at.isoformat(),
        "subjects": [str(subject) for subject in erasure.subjects],
    }
    line = json.dumps(facts | {"proof": _proof(facts)}, sort_keys=True) + "\n"
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    try:
        os.write(handle, line.encode())
        os.fsync(handle)
    finally:
        os.close(handle)


def erasures() -> list[Erasure]:
    """Return every line, the oldest first; none when nobody was ever erased.

    :raises LedgerBroken: naming the first line whose proof does not fit.
    """
    path = ledger_path()
    if not path.exists():
        return []
    return [_read(number, line) for number, line in enumerate(path.read_text().splitlines(), start=1)]


def ledger_path() -> Path:
    """Return where the ledger stands."""
    return Path(settings.ERASURES_DIR) / FILE_NAME


def _read(number: int, line: str) -> Erasure:
    try:
        facts = json.loads(line)
        if not hmac.compare_digest(facts.pop("proof"), _proof(facts)):
            raise ValueError("proof")
        return Erasure(
            UUID(facts["person"]), UUID(facts["request"]), UUID(facts["asked_by"]), UUID(facts["done_by"]),
            datetime.fromisoformat(facts["at"]), tuple(UUID(subject) for subject in facts["subjects"]),
        )  # fmt: skip
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise LedgerBroken(f"line {number} of {ledger_path()} does not hold") from error


def _proof(facts: dict[str, Any]) -> str:
    text = json.dumps(facts, sort_keys=True).encode()
    return hmac.new(seal_key(), b"erasure:" + text, hashlib.sha256).hexdigest()
