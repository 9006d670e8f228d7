"""Place an order: every gate, all keys or none, in one transaction; cancel what was never handed over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

from django.db import connection, transaction

from core import audit, idempotency
from core.actor import Actor
from core.errors import DomainError, Invalid
from core.queue import enqueue
from licensing.locks import lock_credit
from licensing.models import QuotaDraw
from licensing.rules.key_syntax import mask_keys
from licensing.rules.ordering import Gate, OrderFacts, check_gates, check_quantity, out_of_stock, refusals_of
from licensing.rules.quota import draws
from licensing.selectors.order_facts import free_stock, order_facts
from licensing.services.custody import Step, record_assignment
from partners.selectors.mar import mar_zone

PLACE_ORDER = "order.place"


class OrderRefused(DomainError):
    """A gate stands against the order; each refusal names its rule and the way out."""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a buyer asks for."""

    product_id: int
    quantity: int
    reference: str = ""
    channel: str = "browser"
    recipient_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """The order, and whether this very request made it (False: it is a repeat)."""

    order_id: UUID
    is_new: bool


@dataclass(frozen=True, slots=True)
class Preflight:
    """What would happen to an order right now."""

    facts: OrderFacts
    gates: list[Gate]

    @property
    def may_pass(self) -> bool:
        """Return whether every gate is open."""
        return all(gate.is_open for gate in self.gates)


def preflight(
    *, partner_id: UUID, product_id: int, quantity: int, at: datetime, recipient_id: UUID | None = None
) -> Preflight:
    """Return every gate with its outcome; nothing is reserved or changed."""
    facts = order_facts(
        partner_id=partner_id,
        product_id=product_id,
        quantity=quantity,
        at=at,
        zone=mar_zone(),
        with_stock=True,
        recipient_id=recipient_id,
    )
    return Preflight(facts, check_gates(facts))


@transaction.atomic
def place_order(
    *, partner_id: UUID, request: OrderRequest, idempotency_key: str, by: Actor, at: datetime
) -> PlacedOrder:
    """Place an order and assign all its keys in this transaction, or change nothing at all.

    A repeat with the same key returns the first order. The partner's credit row is locked first, so
    two orders of one partner cannot pass a limit together; stock is claimed last, so the keys are
    locked for the shortest time.

    :raises OrderRefused: with every gate that stands against it, stock included.
    :raises idempotency.KeyReused: when the key came before with another request.
    """
    claimed = idempotency.claim(
        partner_id=partner_id,
        operation=PLACE_ORDER,
        key=idempotency_key,
        request=_fingerprint(request),
        at=at,
    )
    if not claimed.is_first:
        return _repeat_of(claimed)
    lock_credit(partner_id)
    facts = _require_open_gates(partner_id, request, at, mar_zone())
    order_id, line_id = _insert_order(partner_id, request, facts, by, at)
    if facts.citizenship is not None:
        _draw_exceptions(partner_id, line_id, draws(facts.citizenship.quota, request.quantity))
    key_ids = allocate(
        line_id,
        quantity=request.quantity,
        product_name=facts.product_name,
        product_id=request.product_id,
        at=at,
    )
    record_assignment(
        key_ids,
        product_id=request.product_id,
        partner_id=partner_id,
        step=Step("order.placed", line_id, by, at),
    )
    audit.record(
        "licensing.order.placed",
        by=by,
        at=at,
        object_type="order",
        object_id=order_id,
        partner_id=partner_id,
        facts={"product": request.product_id, "quantity": request.quantity, "amount": str(facts.amount)},
    )
    enqueue("licensing.tell_order_allocated", at=at, partner_id=partner_id, order_id=order_id)
    idempotency.remember(claimed, object_id=order_id)
    return PlacedOrder(order_id, is_new=True)


def _repeat_of(claimed: idempotency.Claim) -> PlacedOrder:
    if claimed.object_id is None:
        raise RuntimeError("an idempotency row without its object was committed")
    return PlacedOrder(claimed.object_id, is_new=False)


def _fingerprint(request: OrderRequest) -> dict[str, Any]:
    asked = {"product": request.product_id, "quantity": request.quantity, "reference": request.reference}
    # Left out where there is none, so that a repeat of an order from before recipients still matches.
    return asked | ({"recipient": str(request.recipient_id)} if request.recipient_id else {})


def _require_open_gates(partner_id: UUID, request: OrderRequest, at: datetime, zone: ZoneInfo) -> OrderFacts:
    facts = order_facts(
        partner_id=partner_id,
        product_id=request.product_id,
        quantity=request.quantity,
        at=at,
        zone=zone,
        with_stock=False,
        recipient_id=request.recipient_id,
    )
    problem = check_quantity(request.quantity, facts.rules)
    if problem:
        raise Invalid(problem)
    refusals = refusals_of(check_gates(facts))
    if refusals:
        raise OrderRefused(*refusals)
    return facts


def _insert_order(
    partner_id: UUID, request: OrderRequest, facts: OrderFacts, by: Actor, at: datetime
) -> tuple[UUID, UUID]:
    order_id, line_id = uuid4(), uuid4()
    recipient_id = request.recipient_id if facts.citizenship is not None else None
    with connection.cursor() as cursor:
        # One statement for both rows; the allocation follows in the same transaction, so the order is
        # never seen without its keys. An order keeps the recipient's first-come protection alive.
        cursor.execute(
            """WITH placed AS (
              INSERT INTO licensing_order (id, partner_id, recipient_id, state, channel, reference, placed_by,
                placed_by_id, placed_at, allocated_at)
              VALUES (%s, %s, %s, 'allocated', %s, %s, %s, %s, %s, %s) RETURNING id
            ), kept AS (
              UPDATE partners_recipient SET last_order_at = %s WHERE id = %s)
            INSERT INTO licensing_orderline (id, order_id, partner_id, product_id, quantity, unit_price, currency,
              price_id, deviation_id)
            SELECT %s, placed.id, %s, %s, %s, %s, %s, %s, %s FROM placed""",
            [
                order_id, partner_id, recipient_id, request.channel, mask_keys(request.reference)[:60],
                by.label[:200], by.id, at, at, at, recipient_id,
                line_id, partner_id, request.product_id, request.quantity, facts.unit_price, facts.currency,
                facts.price_id, facts.deviation_id,
            ],
        )  # fmt: skip
    return order_id, line_id


def _draw_exceptions(partner_id: UUID, line_id: UUID, drawn: Sequence[tuple[UUID, int]]) -> None:
    """Write down what an exception bears of a line, so that it bears no more than Microsoft allowed."""
    QuotaDraw.objects.bulk_create(
        QuotaDraw(partner_id=partner_id, exception_id=exception_id, order_line_id=line_id, quantity=quantity)
        for exception_id, quantity in drawn
    )


def allocate(line_id: UUID, *, quantity: int, product_name: str, product_id: int, at: datetime) -> list[int]:
    """Claim free keys for an order line of the current partner and return their ids.

    :raises OrderRefused: when the stock cannot fill the line; the caller's transaction rolls back.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT licensing_allocate(%s, %s)", [line_id, at])
        taken = [int(row[0]) for row in cursor.fetchall()]
    if len(taken) != quantity:
        raise OrderRefused(out_of_stock(product_name, quantity, free_stock(product_id)))
    return taken
