"""Book Microsoft's answers on lines, keys and builds, set by set."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from core.actor import Actor
from licensing.exchange.ack_xml import AckLine
from licensing.exchange.ack_xml import CbrAckFile as Ack
from licensing.locks import lock_keys
from licensing.models import ComputerBuildReport, ProductKey
from licensing.models.exchange import CbrState
from licensing.rules.cbr_answers import LOST_OR_STOLEN_CODE, MISSING_CODE, Asked, Finding, Verdict, decide
from licensing.rules.key_states import KeyState, state_after_answer
from licensing.selectors.exchange import sold_to_id
from licensing.services.custody import Step, move_keys
from licensing.services.exchange_prepare import audit_report
from licensing.services.incidents import freeze_by_microsoft

ANSWERABLE = (CbrState.SENT, CbrState.PARTLY_ANSWERED, CbrState.ANSWERED)
# Foreign ids beyond this many are told in one sum: a file of somebody else's must not flood the list.
MAX_UNMATCHED_NOTES = 100
BUILD_STATES = {KeyState.ACTIVATION_ENABLED: "enabled", KeyState.ACTIVATION_DENIED: "denied"}
_FIND = """
SELECT l.report_id, k.product_key_id, l.id, l.key_id, l.build_id, l.ack_code, l.answered_at IS NOT NULL,
  k.state, b.hardware_hash_sha256,
  NOT EXISTS (SELECT 1 FROM licensing_cbrline later WHERE later.key_id = l.key_id AND later.id > l.id)
FROM unnest(%(reports)s::uuid[], %(ids)s) AS asked(report_id, product_key_id)
JOIN licensing_productkey k ON k.product_key_id = asked.product_key_id
JOIN licensing_cbrline l ON l.report_id = asked.report_id AND l.key_id = k.id
JOIN licensing_build b ON b.id = l.build_id
"""


@dataclass(frozen=True, slots=True)
class Note:
    """Something in an answer for a person to look at."""

    finding: Finding
    product_key_id: str = ""
    code: str = ""
    text: str = ""


@dataclass(slots=True)
class Booking:
    """What a file of answers did: lines booked, keys moved by target state, notes for people."""

    matched: int = 0
    moved: dict[str, int] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Found:
    """One of our lines, as it stands when an answer to it comes in."""

    report_id: UUID
    product_key_id: str
    line_id: int
    key_id: int
    build_id: UUID
    ack_code: str
    is_answered: bool
    state: KeyState
    hash_sha256: str
    is_latest: bool


@dataclass(frozen=True, slots=True)
class Booked:
    """One answer that was decided."""

    found: Found
    line: AckLine
    code: str
    verdict: Verdict


def book_acks(acks: Sequence[Ack], *, file_id: UUID, by: Actor, at: datetime) -> Booking:
    """Book all answers of one file inside the caller's transaction."""
    booking = Booking()
    usable = _usable(acks, booking)
    found = _find(usable)
    booked = []
    for ack in usable:
        unmatched = []
        for line in ack.lines:
            ours = found.get((UUID(ack.customer_report_unique_id), line.product_key_id))
            if ours is None:
                unmatched.append(line)
                continue
            booked.append(_judge(ours, line))
        booking.notes += _unmatched(unmatched)
    # Two parts in one file may answer the same line twice; the first one stands.
    booked = list({each.found.line_id: each for each in reversed(booked)}.values())
    booking.notes += [_note(each, finding) for each in booked for finding in each.verdict.findings]
    _book(booked, booking, by=by, at=at)
    _close_reports(usable, booked, file_id=file_id, by=by, at=at)
    return booking


def _usable(acks: Sequence[Ack], booking: Booking) -> list[Ack]:
    """Return the answers to reports of ours that were sent, and note the others as a whole."""
    ids = [UUID(ack.customer_report_unique_id) for ack in acks if ack.customer_report_unique_id]
    known = set(
        ComputerBuildReport.objects.filter(pk__in=ids, state__in=ANSWERABLE).values_list("pk", flat=True)
    )
    own = sold_to_id().lstrip("0")
    usable = []
    for ack in acks:
        booking.notes += _unreadable(ack)
        report_id = ack.customer_report_unique_id
        if not report_id or UUID(report_id) not in known:
            booking.notes.append(_foreign(ack, _("It answers a report that this portal never sent.")))
        elif ack.sold_to_customer_id and ack.sold_to_customer_id.lstrip("0") != own:
            booking.notes.append(_foreign(ack, _("It is addressed to another customer number.")))
        else:
            usable.append(ack)
    return usable


def _find(acks: Iterable[Ack]) -> dict[tuple[UUID, str], Found]:
    """Lock the keys that were answered and return our lines, by report and product key id."""
    pairs = [(ack.customer_report_unique_id, line.product_key_id) for ack in acks for line in ack.lines]
    if not pairs:
        return {}
    ids = [key_id for _report, key_id in pairs]
    lock_keys(list(ProductKey.objects.filter(product_key_id__in=ids).values_list("pk", flat=True)))
    with connection.cursor() as cursor:
        cursor.execute(_FIND, {"reports": [report for report, _key in pairs], "ids": ids})
        rows = cursor.fetchall()
    found = [_found(row) for row in rows]
    return {(each.report_id, each.product_key_id): each for each in found}


def _found(row: tuple[Any, ...]) -> Found:
    report_id, key_id, line_id, key_pk, build_id, code, is_answered, state, digest, is_latest = row
    return Found(
        report_id, key_id, line_id, key_pk, build_id, code, is_answered, KeyState(state), digest, is_latest
    )


def _judge(found: Found, line: AckLine) -> Booked:
    code = line.reason_code[:4] or MISSING_CODE
    same_hash = None
    if line.hardware_hash:
        same_hash = hashlib.sha256(line.hardware_hash.encode()).hexdigest() == found.hash_sha256
    asked = Asked(found.state, found.ack_code if found.is_answered else "", found.is_latest, same_hash)
    return Booked(found, line, code, decide(code, is_success=line.is_success, asked=asked))


def _book(answers: Sequence[Booked], booking: Booking, *, by: Actor, at: datetime) -> None:
    booked = [each for each in answers if each.verdict.is_booked]
    booking.matched = len(booked)
    lost = [each.found.key_id for each in booked if each.verdict.is_lost_or_stolen]
    if lost:
        # First the hold, then the move: the ledger row of the move then shows the hold.
        freeze_by_microsoft(lost, code=LOST_OR_STOLEN_CODE, at=at)
    moves = Counter(each.verdict.to for each in booked if each.verdict.to)
    for target in sorted(state for state in moves if state):
        chosen = sorted(
            (each for each in booked if each.verdict.to is target), key=lambda each: each.found.key_id
        )
        move_keys(
            [each.found.key_id for each in chosen],
            to=target,
            # Microsoft's answer stands whatever hold we set in the meantime.
            stopping_holds=(),
            step=Step("cbr.answered", "", by, at),
            object_ids=[each.found.line_id for each in chosen],
        )
        booking.moved[target.microsoft_name] = len(chosen)
    _write_lines(booked, at)
    _write_builds(booked, at)


def _write_lines(booked: Sequence[Booked], at: datetime) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE licensing_cbrline l SET ack_code = a.code, ack_text = a.words, answered_at = %s
            FROM unnest(%s::bigint[], %s::text[], %s::text[]) AS a(id, code, words) WHERE l.id = a.id""",
            [
                at,
                [each.found.line_id for each in booked],
                [each.code for each in booked],
                [each.line.reason_description[:300] for each in booked],
            ],
        )


def _write_builds(booked: Sequence[Booked], at: datetime) -> None:
    """Note the answer on the builds; one with an unknown code goes on waiting."""
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE licensing_build b SET ack_code = a.code, answered_at = %s,
              state = CASE WHEN a.state = '' THEN b.state ELSE a.state END
            FROM unnest(%s::uuid[], %s::text[], %s::text[]) AS a(id, code, state) WHERE b.id = a.id""",
            [
                at,
                [each.found.build_id for each in booked],
                [each.code for each in booked],
                [_build_state(each) for each in booked],
            ],
        )


def _build_state(answer: Booked) -> str:
    target = state_after_answer(answer.code)
    is_there = target is not None and target in (answer.verdict.to, answer.found.state)
    return BUILD_STATES[target] if target and is_there else ""


def _close_reports(
    acks: Sequence[Ack], booked: Sequence[Booked], *, file_id: UUID, by: Actor, at: datetime
) -> None:
    """Count each report's answers again; the parts of an answer may come in any order."""
    ms_ids = {UUID(ack.customer_report_unique_id): ack.ms_report_unique_id for ack in acks}
    counts = Counter(each.found.report_id for each in booked if each.verdict.is_booked)
    with connection.cursor() as cursor:
        cursor.execute(
            """UPDATE licensing_computerbuildreport r SET answered_count = n.answered, answered_at = %s,
              ms_report_id = coalesce(nullif(a.ms_id, ''), r.ms_report_id),
              state = CASE WHEN n.answered = r.line_count THEN %s WHEN n.answered > 0 THEN %s ELSE r.state END
            FROM unnest(%s::uuid[], %s::text[]) AS a(id, ms_id), LATERAL (SELECT count(*) AS answered
              FROM licensing_cbrline l WHERE l.report_id = a.id AND l.answered_at IS NOT NULL) n
            WHERE r.id = a.id""",
            [
                at,
                CbrState.ANSWERED,
                CbrState.PARTLY_ANSWERED,
                [str(report_id) for report_id in ms_ids],
                [ms_id[:40] for ms_id in ms_ids.values()],
            ],
        )
    for report in ComputerBuildReport.objects.filter(pk__in=ms_ids):
        audit_report(
            "answered", report, by=by, at=at, facts={"booked": counts[report.id], "file": str(file_id)}
        )


def _note(answer: Booked, finding: Finding) -> Note:
    words = {
        Finding.HASH_MISMATCH: _("The answer names another hardware hash than we reported. Not booked."),
        Finding.CONTRADICTION: _("The code does not belong into the list it stands in. Not booked."),
        Finding.CHANGED_ANSWER: _("Another answer than before (%(before)s).")
        % {"before": answer.found.ack_code or _("sent again since")},
    }
    text = words.get(finding) or answer.line.reason_description
    return Note(finding, answer.found.product_key_id, answer.code, text)


def _unmatched(lines: Sequence[AckLine]) -> list[Note]:
    text = _("This key is not in the report that the answer is about.")
    notes = [
        Note(Finding.UNMATCHED, line.product_key_id, line.reason_code, text)
        for line in lines[:MAX_UNMATCHED_NOTES]
    ]
    more = len(lines) - len(notes)
    if more > 0:
        notes.append(
            Note(
                Finding.UNMATCHED, text=_("%(count)s more keys that are not in the report.") % {"count": more}
            )
        )
    return notes


def _foreign(ack: Ack, why: str) -> Note:
    count = _("%(count)s lines not booked.") % {"count": len(ack.lines)}
    return Note(Finding.UNMATCHED, text=f"{why} {count} {ack.customer_report_unique_id}".strip())


def _unreadable(ack: Ack) -> list[Note]:
    """Note the lines the reader left out; a repetition with the same result is none of them."""
    return [
        Note(Finding.UNREADABLE, text=_("Line %(row)s: %(why)s") % {"row": error.row, "why": error.message})
        for error in ack.errors
        if error.row > 0 and error.code != "answer_twice" and error.field != "reason_code"
    ]
