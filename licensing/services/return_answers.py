"""Follow Microsoft's answers to the partners' returns: their lines, their states, and what is owed."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.queue import enqueue
from licensing.locks import lock_partner_returns
from licensing.models import (
    ExchangeException,
    KeySettlement,
    PartnerReturn,
    PartnerReturnLine,
    ReturnLine,
    ReturnState,
)
from licensing.rules.cbr_answers import Finding
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.partner_returns import outcome_of
from licensing.rules.settlements import Bought, settle

# The assignment that the return is about: still open, or ended when its key was called back for it.
_BOUGHT = """
SELECT DISTINCT ON (l.id) l.id, k.id, k.product_key_id, k.state, k.hold, k.is_disclosed, a.partner_id, a.unit_price,
  a.currency, a.ended_at IS NULL OR a.billed_at IS NOT NULL, a.id
FROM licensing_returnline l JOIN licensing_returnrequest r ON r.id = l.request_id
JOIN licensing_productkey k ON k.id = l.key_id
JOIN licensing_keyassignment a ON a.key_id = k.id AND (a.ended_at IS NULL OR a.ended_at >= r.sent_at)
WHERE l.id = ANY(%s) AND NOT EXISTS (SELECT 1 FROM licensing_keysettlement s WHERE s.assignment_id = a.id)
ORDER BY l.id, a.id DESC
"""


@dataclass(frozen=True, slots=True)
class _Sold:
    """One answered key as it was sold."""

    line_id: int
    key_id: int
    assignment_id: int
    product_key_id: str
    partner_id: UUID
    currency: str
    bought: Bought


def book_answers(lines: Sequence[ReturnLine], *, by: Actor, at: datetime) -> None:
    """Book answered lines on the partners' returns they came from, and settle them. MAR scope.

    Called after the keys have moved, inside the caller's transaction.
    """
    codes = {line.pk: line.answer_code for line in lines}
    _settle(codes, by, at)
    _close_cases([line.key.product_key_id for line in lines], by, at)
    answered = {line.key_id: line.answer_code for line in lines}
    ours = PartnerReturnLine.objects.filter(
        key_id__in=answered, ended_at__isnull=True, request__state=ReturnState.SENT
    )
    found = list(ours)
    for line in found:
        line.answer_code, line.ended_at = answered[line.key_id], at
    PartnerReturnLine.objects.bulk_update(found, ["answer_code", "ended_at"])
    for request in lock_partner_returns(sorted({line.request_id for line in found})):
        _answer(request, by, at)


def _answer(request: PartnerReturn, by: Actor, at: datetime) -> None:
    """Take a return to its answered state when its last key is answered."""
    lines = list(request.lines.all())
    if any(line.ended_at is None for line in lines):
        return
    outcomes = [outcome_of(line.answer_code) for line in lines]
    has_credit = "credited" in outcomes
    request.state = ReturnState.ANSWERED_CREDIT if has_credit else ReturnState.ANSWERED_NO_CREDIT
    request.answered_at = at
    request.save(update_fields=["state", "answered_at"])
    audit.record(
        "licensing.partner_return.answered",
        by=by,
        at=at,
        object_type="partner_return",
        object_id=request.pk,
        partner_id=request.partner_id,
        facts={"return": str(request), **{name: outcomes.count(name) for name in sorted(set(outcomes))}},
    )
    enqueue("licensing.tell_return", at=at, return_id=request.pk)


def _settle(codes: dict[int, str], by: Actor, at: datetime) -> None:
    rows = []
    for sold in _sold(list(codes)):
        code = codes[sold.line_id]
        outcome = outcome_of(code)
        credit, charge = settle(outcome, sold.bought)
        if outcome == "rejected" and not charge:
            # The key is what it was before: it may go back another time, and is settled then.
            continue
        rows.append(
            KeySettlement(
                partner_id=sold.partner_id, key_id=sold.key_id, assignment_id=sold.assignment_id,
                product_key_id=sold.product_key_id,
                cause=KeySettlement.Cause.RETURN, return_line_id=sold.line_id, answer_code=code,
                credit_due=credit, charge_due=charge, currency=sold.currency, settled_at=at,
            )
        )  # fmt: skip
    KeySettlement.objects.bulk_create(rows)


def _sold(line_ids: list[int]) -> list[_Sold]:
    with connection.cursor() as cursor:
        cursor.execute(_BOUGHT, [line_ids])
        return [_sold_of(row) for row in cursor.fetchall()]


def _sold_of(row: tuple[Any, ...]) -> _Sold:
    (
        line_id,
        key_id,
        product_key_id,
        state,
        hold,
        was_seen,
        partner_id,
        price,
        currency,
        is_charged,
        assignment_id,
    ) = row
    # Or held with its delivery alone: what becomes of that is not the partner's to pay.
    is_free_again = state == KeyState.FULFILLED and hold in (Hold.NONE, Hold.QUARANTINED) and not was_seen
    bought = Bought(Decimal(price), is_charged, is_free_again)
    return _Sold(line_id, key_id, assignment_id, product_key_id, partner_id, currency, bought)


def _close_cases(product_key_ids: Sequence[str], by: Actor, at: datetime) -> None:
    """Close what waited for these answers only."""
    ExchangeException.objects.filter(
        kind=Finding.MISSING_ANSWER, closed_at__isnull=True, product_key_id__in=product_key_ids
    ).update(closed_at=at, closed_by=by.label[:200], closing_note=_("Answered since."))
