"""What every step of an order writes: its rows, its place in the queue, its keys, its timeline."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection
from psycopg2.extras import Json

from core.actor import Actor
from core.errors import Refusal
from licensing.models import BackOrder, Order, OrderEvent, OrderLine, OrderState
from licensing.rules.key_states import Hold
from licensing.rules.key_syntax import mask_keys
from licensing.services.custody import Step, record_hold_in_stock

_encode = DjangoJSONEncoder().encode
# An order, its line, its first event and, when it waits for stock, its place in the queue. An order keeps the
# recipient's first-come protection alive.
_INSERT = """
WITH placed AS (
  INSERT INTO licensing_order (id, partner_id, recipient_id, state, channel, reference, placed_by, placed_by_id,
    placed_at, allocated_at, lane, lane_note, wish, allows_backorder, allows_split, holds, waits_since, expires_at,
    split_from_id, decided_by, decided_by_id, decided_at, decision_reason)
  VALUES (%(order_id)s, %(partner_id)s, %(recipient_id)s, %(state)s, %(channel)s, %(reference)s, %(placed_by)s,
    %(placed_by_id)s, %(placed_at)s, %(allocated_at)s, %(lane)s, %(lane_note)s, %(wish)s, %(allows_backorder)s,
    %(allows_split)s, %(holds)s, %(waits_since)s, %(expires_at)s, %(split_from)s, %(decided_by)s, %(decided_by_id)s,
    %(decided_at)s, %(decision_reason)s) RETURNING id, number
), kept AS (
  UPDATE partners_recipient SET last_order_at = %(placed_at)s WHERE id = %(recipient_id)s
), line AS (
  INSERT INTO licensing_orderline (id, order_id, partner_id, product_id, quantity, unit_price, currency,
    price_id, deviation_id, details, product_version_id)
  SELECT %(line_id)s, placed.id, %(partner_id)s, %(product_id)s, %(quantity)s, %(unit_price)s, %(currency)s,
    %(price_id)s, %(deviation_id)s, %(details)s, %(version_id)s FROM placed
), told AS (
  INSERT INTO licensing_orderevent (order_id, partner_id, kind, from_state, to_state, note, facts, by, by_id, at)
  SELECT placed.id, %(partner_id)s, 'placed', '', %(state)s, %(lane_note)s, %(facts)s, %(by)s, %(by_id)s, %(at)s
  FROM placed
), waiting AS (
  INSERT INTO licensing_backorder (order_line_id, partner_id, product_id, quantity, queued_at, place)
  SELECT %(line_id)s, %(partner_id)s, %(product_id)s, %(quantity)s, coalesce(%(queued_at)s, %(at)s),
    coalesce(%(place)s, placed.number) FROM placed WHERE %(state)s = 'backordered'
)
SELECT number FROM placed
"""


@dataclass(frozen=True, slots=True)
class NewOrder:
    """An order about to be written. ``like`` is the order whose rest it is."""

    partner_id: UUID
    product_id: int
    quantity: int
    unit_price: Decimal
    currency: str
    state: OrderState
    placed_by: Actor
    placed_at: datetime
    channel: str = "browser"
    reference: str = ""
    recipient_id: UUID | None = None
    lane: str = "standard"
    lane_note: str = ""
    wish: str = ""
    allows_backorder: bool = False
    allows_split: bool = False
    holds: Sequence[Refusal] = ()
    expires_at: datetime | None = None
    like: Order | None = None
    queued_at: datetime | None = None
    place: int | None = None
    price_id: int | None = None
    deviation_id: int | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    version_id: UUID | None = None


def insert_order(new: NewOrder, *, by: Actor, at: datetime) -> tuple[UUID, UUID]:
    """Write an order with its line, its first event and its place in the queue; return order and line id."""
    order_id, line_id = uuid4(), uuid4()
    like = new.like
    with connection.cursor() as cursor:
        # One statement for all rows; the allocation follows in the same transaction, so an allocated order
        # is never seen without its keys.
        cursor.execute(
            _INSERT,
            {
                "order_id": order_id, "line_id": line_id, "partner_id": new.partner_id,
                "product_id": new.product_id, "quantity": new.quantity, "unit_price": new.unit_price,
                "currency": new.currency, "recipient_id": new.recipient_id, "state": new.state.value,
                "channel": new.channel, "reference": mask_keys(new.reference)[:60],
                "placed_by": like.placed_by if like else new.placed_by.label[:200],
                "placed_by_id": like.placed_by_id if like else new.placed_by.id, "placed_at": new.placed_at,
                "allocated_at": at if new.state == OrderState.ALLOCATED else None, "lane": new.lane,
                "lane_note": new.lane_note[:200], "wish": mask_keys(new.wish)[:300],
                "allows_backorder": new.allows_backorder, "allows_split": new.allows_split,
                "holds": stored(new.holds), "expires_at": new.expires_at,
                "waits_since": None if new.state == OrderState.ALLOCATED else at,
                "split_from": like.pk if like else None, "decided_by": like.decided_by if like else "",
                "decided_by_id": like.decided_by_id if like else "",
                "decided_at": like.decided_at if like else None,
                "decision_reason": like.decision_reason if like else "", "queued_at": new.queued_at,
                "place": new.place, "price_id": new.price_id, "deviation_id": new.deviation_id,
                "details": Json({name: _unkeyed(value) for name, value in new.details.items()}),
                "version_id": new.version_id,
                "facts": Json({"quantity": new.quantity}), "by": by.label[:200],
                "by_id": by.id, "at": at,
            },
        )  # fmt: skip
    return order_id, line_id


def _unkeyed(value: Any) -> Any:
    return mask_keys(value) if isinstance(value, str) else value


def stored(refusals: Sequence[Refusal]) -> Json:
    """Return refusals as an order keeps them: its page shows them as they stood."""
    return Json(as_stored(refusals), dumps=_encode)


def as_stored(refusals: Sequence[Refusal]) -> list[dict[str, Any]]:
    """Return refusals as plain values."""
    return [
        {
            "code": each.code, "what": each.what, "rule": each.rule, "rule_version": each.rule_version,
            "facts": {str(label): _plain(value) for label, value in each.facts.items()},
            "missing": {str(label): _plain(value) for label, value in each.missing.items()},
            "next_step": each.next_step, "lifted_by": each.lifted_by, "fix_path": each.fix_path,
            "rule_since": each.rule_since.isoformat(), "until": each.until.isoformat() if each.until else None,
        }
        for each in refusals
    ]  # fmt: skip


def _plain(value: Any) -> Any:
    if isinstance(value, (int, bool)):
        return value
    return value.isoformat() if isinstance(value, datetime) else str(value)


def add_event(
    order: Order,
    kind: OrderEvent.Kind,
    *,
    before: str,
    by: Actor,
    at: datetime,
    note: str = "",
    facts: dict[str, Any] | None = None,
) -> None:
    """Append a step to the order's timeline."""
    OrderEvent.objects.create(
        order=order, partner_id=order.partner_id, kind=kind, from_state=before, to_state=order.state,
        note=mask_keys(note)[:300], facts=facts or {}, by=by.label[:200], by_id=by.id, at=at,
    )  # fmt: skip


def claim_keys(line_id: UUID, *, at: datetime) -> list[int]:
    """Claim free keys for an order line of the current partner: all and return their ids, or none."""
    return _ids("SELECT licensing_allocate(%s, %s)", [line_id, at])


def take_reserved(line_id: UUID, *, at: datetime) -> list[int]:
    """Assign the keys that were kept for a line of the current partner; return their ids."""
    return _ids("SELECT licensing_take_reserved(%s, %s)", [line_id, at])


def reserve_keys(
    line_id: UUID,
    *,
    product_id: int,
    partner_id: UUID,
    quantity: int,
    until: datetime,
    by: Actor,
    at: datetime,
) -> int:
    """Keep so many free keys for a line until an instant: all, or none; return how many."""
    kept = _ids("SELECT licensing_reserve(%s, %s, %s, %s)", [line_id, quantity, until, at])
    step = Step("order.reserved", line_id, by, at)
    record_hold_in_stock(kept, product_id=product_id, partner_id=partner_id, hold=Hold.RESERVED, step=step)
    return len(kept)


def free_reserved(line_id: UUID, *, product_id: int, partner_id: UUID, by: Actor, at: datetime) -> int:
    """Let go of the keys kept for a line of the current partner; return how many.

    They are free again, or in quarantine when their delivery was stopped meanwhile.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT key_id, hold FROM licensing_free_reserved(%s, %s)", [line_id, at])
        freed = cursor.fetchall()
    step = Step("order.let_go", line_id, by, at)
    for hold in (Hold.NONE, Hold.QUARANTINED):
        ids = [key_id for key_id, told in freed if told == hold]
        record_hold_in_stock(ids, product_id=product_id, partner_id=partner_id, hold=hold, step=step)
    return len(freed)


def leave_queue(line_id: UUID, *, at: datetime) -> None:
    """Take a line out of the queue; it keeps its place for the case that it comes back."""
    BackOrder.objects.filter(order_line_id=line_id, ended_at__isnull=True).update(ended_at=at)


def join_queue(order: Order, line: OrderLine, *, at: datetime) -> None:
    """Put a line into the queue of its product: at its old place when it had one."""
    BackOrder.objects.update_or_create(
        order_line=line,
        defaults={"quantity": line.quantity, "ended_at": None},
        create_defaults={
            "partner_id": line.partner_id,
            "product_id": line.product_id,
            "quantity": line.quantity,
            "queued_at": at,
            "place": order.number,
        },
    )


def _ids(statement: str, values: list[Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        return [int(row[0]) for row in cursor.fetchall()]
