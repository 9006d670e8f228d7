"""Give keys back to Microsoft, and book what it answers line by line.

A key's assignment stays open while and after it is returned: whether the refurbisher gets its money
back depends on the line's answer (O codes only) and is billing's to decide, not custody's.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, refuse
from licensing.exchange.return_xml import (
    MAX_RETURN_LINES,
    NO_CREDIT_ONLY_TYPES,
    RETURN_TYPES,
    ReturnAckFile,
    ReturnAckLine,
)
from licensing.locks import lock_keys
from licensing.models import ExchangeException, ProductKey, ReturnLine, ReturnRequest
from licensing.rules.cbr_answers import Finding
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.services.custody import Also, KeyCannotMove, Step, move_keys
from licensing.services.exchange_booking import Booking, Note
from licensing.services.recall import require_in_no_return
from licensing.services.return_answers import book_answers
from licensing.set_based import set_based_plans

SHOWN_IDS = 5
RETURNABLE_FROM = (
    KeyState.FULFILLED,
    KeyState.BOUND,
    KeyState.ACTIVATION_ENABLED,
    KeyState.ACTIVATION_DENIED,
)


class ReturnInvalid(Invalid):
    """The request is not one Microsoft takes."""


class NotReturnable(DomainError):
    """At least one key is not in a state from which it can be returned."""


@dataclass(frozen=True, slots=True)
class ReturnAnswer:
    """Microsoft's answer for one key of a return; the code as it was sent."""

    product_key_id: str
    code: str
    text: str = ""

    @classmethod
    def from_line(cls, line: ReturnAckLine) -> "ReturnAnswer":
        """Return the answer of one line of a file."""
        return cls(line.product_key_id, line.reason_code, line.reason_description)


@transaction.atomic
@set_based_plans()
def send_return(
    key_ids: Sequence[int],
    *,
    return_type: str,
    reason: str,
    by: Actor,
    at: datetime,
    is_without_credit: bool = False,
    bundled: Sequence[UUID] = (),
) -> ReturnRequest:
    """Return all the keys, or none, under one RMA number; each remembers its state in case of a refusal.

    Quarantined keys may go; lost or stolen ones only without credit; disputed and reserved ones not at all.
    ``bundled`` names the partners' returns that go with this one.

    :raises ReturnInvalid: for a type Microsoft does not offer, or not 1 to 5,000 keys.
    :raises NotReturnable: when any key is assigned, handed over, reported without answer, disputed or reserved.
    :raises KeyInReturn: when any key stands in a partner's return that does not go with this one.
    """
    ids = sorted(set(key_ids))
    _check(ids, return_type, is_without_credit=is_without_credit)
    require_in_no_return(ids, but=bundled)
    request = _insert_request(return_type, is_without_credit, reason, by, at)
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO licensing_returnline (request_id, key_id, previous_state, answer_code)
            SELECT %s, id, state, '' FROM licensing_productkey
            WHERE id = ANY(%s) AND state = ANY(%s) ORDER BY id""",
            [request.id, ids, [state.value for state in RETURNABLE_FROM]],
        )
    # What is kept for somebody's order is not ours to give away.
    always = (Hold.DISPUTED, Hold.RESERVED)
    stopping = always if is_without_credit else (*always, Hold.LOST_OR_STOLEN)
    try:
        move_keys(
            ids,
            to=KeyState.REPORTED_RETURN,
            sources=RETURNABLE_FROM,
            stopping_holds=stopping,
            also=(Also.REMEMBER_STATE,),
            step=Step("return.sent", request.id, by, at),
        )
    except KeyCannotMove as error:
        raise NotReturnable(_not_returnable(request, ids, stopping)) from error
    _audit("sent", request, by, at, {"keys": len(ids), "type": return_type})
    return request


@transaction.atomic
@set_based_plans()
def record_return_answers(
    request_id: UUID, *, answers: Sequence[ReturnAnswer], by: Actor, at: datetime
) -> Booking:
    """Book Microsoft's answers: O and Q codes end the key, P codes give back its state before.

    A code nobody knows leaves the key where it is and its line open.
    """
    request = ReturnRequest.objects.get(pk=request_id)
    booking = Booking()
    keys = dict(request.lines.values_list("key__product_key_id", "key_id"))
    lock_keys(sorted(keys.values()))
    lines = {line.key.product_key_id: line for line in request.lines.select_related("key")}
    chosen: dict[KeyState, list[ReturnLine]] = defaultdict(list)
    for answer in answers:
        line = lines.get(answer.product_key_id)
        note = _note(line, answer)
        if note is not None:
            booking.notes.append(note)
        if line is None or line.answered_at is not None:
            continue
        target = _target(line, answer.code)
        line.answer_code = answer.code[:4]
        if target is not None:
            line.answered_at = at
            chosen[target].append(line)
    ReturnLine.objects.bulk_update(lines.values(), ["answer_code", "answered_at"])
    for target, answered in sorted(chosen.items()):
        _move(target, answered, booking, by, at)
        book_answers(answered, by=by, at=at)
    _audit("answered", request, by, at, {"booked": booking.matched, "findings": len(booking.notes)})
    return booking


def book_return_acks(acks: Sequence[ReturnAckFile], *, by: Actor, at: datetime) -> Booking:
    """Book the answers of one file inside the caller's transaction."""
    whole = Booking()
    answered: dict[UUID, set[str]] = defaultdict(set)
    for ack in acks:
        request = ReturnRequest.objects.filter(rma_number=ack.rma_number).first()
        if request is None:
            text = _("It answers a return that this portal never sent: %(rma)s") % {"rma": ack.rma_number}
            whole.notes.append(Note(Finding.UNMATCHED, text=text))
            continue
        answers = [ReturnAnswer.from_line(line) for line in ack.lines]
        answered[request.id].update(answer.product_key_id for answer in answers)
        part = record_return_answers(request.id, answers=answers, by=by, at=at)
        whole.matched += part.matched
        whole.notes += part.notes
        for state, count in part.moved.items():
            whole.moved[state] = whole.moved.get(state, 0) + count
    for request_id, named in answered.items():
        whole.notes += _missing(request_id, named)
    return whole


def _missing(request_id: UUID, named: set[str]) -> list[Note]:
    """Note the lines that a file leaves out, each once: a second file may bring them."""
    keys = ReturnLine.objects.filter(request_id=request_id, answered_at__isnull=True)
    open_ids = set(keys.values_list("key__product_key_id", flat=True)) - named
    known = ExchangeException.objects.filter(
        kind=Finding.MISSING_ANSWER, closed_at__isnull=True, product_key_id__in=open_ids
    )
    text = _("Microsoft answered the return, but not this key.")
    return [
        Note(Finding.MISSING_ANSWER, product_key_id, text=text)
        for product_key_id in sorted(open_ids - set(known.values_list("product_key_id", flat=True)))
    ]


def _move(target: KeyState, lines: Sequence[ReturnLine], booking: Booking, by: Actor, at: datetime) -> None:
    ordered = sorted(lines, key=lambda line: line.key_id)
    is_end = target is KeyState.RETURNED
    ids = [line.key_id for line in ordered]
    move_keys(
        ids,
        to=target,
        sources=(KeyState.REPORTED_RETURN,),
        stopping_holds=(),
        # A returned key keeps the state it came from: the report tells unused returns from used ones.
        also=() if is_end else (Also.FORGET_STATE,),
        step=Step("return.answered", "", by, at),
        object_ids=[line.pk for line in ordered],
    )
    booking.matched += len(ordered)
    booking.moved[target.microsoft_name] = len(ordered)
    if is_end:
        with connection.cursor() as cursor:
            # What was never reported cannot be any more: its key is dead.
            cursor.execute(
                """UPDATE licensing_build SET state = 'reverted', ended_at = %s
                WHERE key_id = ANY(%s) AND state IN ('ready', 'needs_details') AND ended_at IS NULL""",
                [at, ids],
            )


def _target(line: ReturnLine, code: str) -> KeyState | None:
    outcome = ReturnAckLine(product_key_id="", reason_code=code).outcome
    if outcome in ("credited", "not_credited"):
        return KeyState.RETURNED
    return KeyState(line.previous_state) if outcome == "rejected" else None


def _note(line: ReturnLine | None, answer: ReturnAnswer) -> Note | None:
    if line is None:
        return Note(
            Finding.UNMATCHED,
            answer.product_key_id,
            answer.code,
            _("This key is not in the return that is answered."),
        )
    if line.answered_at is not None:
        if line.answer_code == answer.code[:4]:
            return None
        text = _("Another answer than before (%(before)s).") % {"before": line.answer_code}
        return Note(Finding.CHANGED_ANSWER, answer.product_key_id, answer.code, text)
    if _target(line, answer.code) is None:
        return Note(Finding.UNKNOWN_RETURN_CODE, answer.product_key_id, answer.code, answer.text)
    return None


def _insert_request(
    return_type: str, is_without_credit: bool, reason: str, by: Actor, at: datetime
) -> ReturnRequest:
    with connection.cursor() as cursor:
        cursor.execute("SELECT nextval('licensing_return_number')")
        number = int(cursor.fetchone()[0])
    return ReturnRequest.objects.create(
        number=number,
        rma_number=f"RMA-{at.year}-{number:06d}",
        return_type=return_type,
        is_without_credit=is_without_credit,
        reason=mask_keys(reason)[:200],
        requested_by=by.label[:200],
        sent_at=at,
    )


def _check(ids: Sequence[int], return_type: str, *, is_without_credit: bool) -> None:
    if not 1 <= len(ids) <= MAX_RETURN_LINES:
        raise ReturnInvalid(
            refuse(
                "return_size",
                _("A return holds 1 to 5,000 keys."),
                rule="RET-1",
                facts={_("Keys"): len(ids)},
                next_step=_("Split the return."),
                lifted_by=_("You"),
            )
        )
    if return_type not in RETURN_TYPES or (return_type in NO_CREDIT_ONLY_TYPES and not is_without_credit):
        raise ReturnInvalid(
            refuse(
                "return_type",
                _("Microsoft does not offer this return type for such a return."),
                rule="RET-2",
                facts={_("Type"): return_type},
                next_step=_("ZOE and ZOF are for returns without credit; choose ZOA to ZOD for the others."),
                lifted_by=_("You"),
            )
        )


def _not_returnable(request: ReturnRequest, ids: Sequence[int], stopping: Sequence[Hold]) -> Any:
    """Say which keys stand where none goes back from, by what their pages show: nothing else is told apart.

    A line was written for each key in a state that may go; by now some of them have moved.
    """
    elsewhere = Q(hold__in=stopping) | ~Q(pk__in=request.lines.values("key_id"))
    found = ProductKey.objects.filter(elsewhere, pk__in=ids).order_by("product_key_id")
    names = list(found.values_list("product_key_id", flat=True)[:SHOWN_IDS])
    return refuse(
        "not_returnable",
        _("Not every key can be returned now."),
        rule="RET-3",
        facts={_("Keys"): len(ids), _("Not now"): ", ".join(names) or "–"},
        next_step=_("Recall keys that were handed over, and wait for Microsoft's answer to reported ones."),
        lifted_by=_("The MAR"),
    )


def _audit(act: str, request: ReturnRequest, by: Actor, at: datetime, facts: dict[str, Any]) -> None:
    audit.record(
        f"licensing.return.{act}",
        by=by,
        at=at,
        object_type="return",
        object_id=request.id,
        facts={"rma": request.rma_number, **facts},
    )
