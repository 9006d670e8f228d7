"""Look again at an order that waits: by the same gates, under lock, and move it where they say."""

from dataclasses import replace
from datetime import datetime
from uuid import UUID

from core import audit
from core.actor import Actor
from core.queue import enqueue
from licensing.locks import lock_queue
from licensing.models import Order, OrderEvent, OrderLine, OrderState
from licensing.rules.order_decision import Decision, Outcome, decide
from licensing.rules.order_facts import OrderFacts
from licensing.rules.order_states import WAITING, may_move
from licensing.rules.order_terms import reserved_until, waits_for
from licensing.selectors.batch_stops import keeps_stopped_keys
from licensing.selectors.order_wait import keys_kept, placed_facts, wish_of
from licensing.services.custody import Step, record_assignment
from licensing.services.order_rows import (
    NewOrder,
    add_event,
    as_stored,
    claim_keys,
    free_reserved,
    insert_order,
    join_queue,
    leave_queue,
    reserve_keys,
    take_reserved,
)

Kind = OrderEvent.Kind
_TOLD = {
    OrderState.HELD_CREDIT: Kind.HELD,
    OrderState.HELD_COMPLIANCE: Kind.HELD,
    OrderState.NEEDS_APPROVAL: Kind.HELD,
    OrderState.BACKORDERED: Kind.QUEUED,
    OrderState.ALLOCATED: Kind.ALLOCATED,
}
LOOKS = 3


def settle_order(
    order: Order, *, by: Actor, at: datetime, note: str = "", most: int | None = None
) -> OrderState:
    """Decide about an order that waits and move it; return where it stands now.

    The caller holds the partner's credit position and the order, in the MAR's scope acting for the partner.
    ``most`` is the partner's share of scarce stock: the order gets no more keys than that. An order that is
    no longer waiting is left alone, so a cause that ends twice releases once.
    """
    if order.state not in WAITING:
        return OrderState(order.state)
    line = order.lines.get()
    lock_queue(line.product_id)
    if keeps_stopped_keys(line.pk):
        # They follow their delivery into quarantine; the order is served from other stock, or waits for it.
        free_reserved(line.pk, product_id=line.product_id, partner_id=order.partner_id, by=by, at=at)
    for look in range(LOOKS):
        facts = placed_facts(order, line, at, most=most)
        if look == LOOKS - 1 and not keys_kept(line):
            facts = replace(facts, free_stock=0)
        decision = decide(facts, wish_of(order, line, most=most))
        if decision.outcome not in (Outcome.PLACED, Outcome.SPLIT):
            _wait(order, line, decision, facts, by=by, at=at, note=note)
            break
        if _deliver(order, line, decision, facts, by=by, at=at, note=note):
            break
    return OrderState(order.state)


def _wait(
    order: Order,
    line: OrderLine,
    decision: Decision,
    facts: OrderFacts,
    *,
    by: Actor,
    at: datetime,
    note: str,
) -> None:
    """Let the order wait where the gates say; it keeps the time at which it expires."""
    state = decision.state
    assert state is not None  # noqa: S101  (an order that was placed is never refused)
    before = order.state
    order.holds = as_stored(decision.refusals)
    if state == before:
        order.save(update_fields=["holds"])
        return
    if not may_move(before, state):
        raise RuntimeError(f"{order} would go from {before} to {state}")
    _leave(order, line, before, by, at)
    order.state = state.value
    if state == OrderState.BACKORDERED:
        join_queue(order, line, at=at)
    # Money and approval wait from now on; an order that comes back into the queue waits as long as it may.
    order.waits_since, order.expires_at = at, max(order.expires_at or at, at + waits_for(state, facts.rules))
    if state == OrderState.NEEDS_APPROVAL and _is_in_stock(decision):
        reserve_keys(
            line.pk, product_id=line.product_id, partner_id=order.partner_id, quantity=line.quantity,
            until=reserved_until(facts.rules, at), by=by, at=at,
        )  # fmt: skip
    order.save(update_fields=["state", "holds", "waits_since", "expires_at"])
    add_event(order, _TOLD[state], before=before, by=by, at=at, note=note or _first_reason(decision))
    _audit("waits", order, by=by, at=at, before=before)
    enqueue("licensing.tell_order_waits", at=at, partner_id=order.partner_id, order_id=order.pk)


def _is_in_stock(decision: Decision) -> bool:
    return all(gate.is_open for gate in decision.gates if gate.code == "stock")


def _first_reason(decision: Decision) -> str:
    return decision.refusals[0].what if decision.refusals else ""


def _leave(order: Order, line: OrderLine, before: str, by: Actor, at: datetime) -> None:
    """Give back what the order had while it waited: its place in the queue, its reserved keys."""
    if before == OrderState.BACKORDERED:
        leave_queue(line.pk, at=at)
    elif before in (OrderState.NEEDS_APPROVAL, OrderState.DRAFT):
        free_reserved(line.pk, product_id=line.product_id, partner_id=order.partner_id, by=by, at=at)


def _deliver(
    order: Order,
    line: OrderLine,
    decision: Decision,
    facts: OrderFacts,
    *,
    by: Actor,
    at: datetime,
    note: str,
) -> bool:
    """Assign the keys; return False when they were taken since they were counted."""
    if decision.outcome == Outcome.SPLIT:
        _split_off(order, line, decision, facts, by=by, at=at)
    key_ids = (
        take_reserved(line.pk, at=at) if keys_kept(line) >= line.quantity else claim_keys(line.pk, at=at)
    )
    if len(key_ids) != line.quantity:
        if decision.outcome == Outcome.SPLIT:
            raise RuntimeError("the free keys of a split order were taken under its lock")
        return False
    before = order.state
    if before == OrderState.BACKORDERED:
        leave_queue(line.pk, at=at)
    order.state, order.allocated_at, order.holds = OrderState.ALLOCATED.value, at, []
    order.expires_at = None
    order.save(update_fields=["state", "allocated_at", "holds", "expires_at"])
    record_assignment(
        key_ids,
        product_id=line.product_id,
        partner_id=order.partner_id,
        step=Step("order.placed", line.pk, by, at),
    )
    add_event(
        order, Kind.ALLOCATED, before=before, by=by, at=at, note=note, facts={"quantity": line.quantity}
    )  # fmt: skip
    _audit("allocated", order, by=by, at=at, before=before)
    enqueue("licensing.tell_order_allocated", at=at, partner_id=order.partner_id, order_id=order.pk)
    return True


def _split_off(
    order: Order, line: OrderLine, decision: Decision, facts: OrderFacts, *, by: Actor, at: datetime
) -> UUID:
    """Give the rest of a line to an order of its own, at the same place of the queue; the sums stay equal."""
    entry = getattr(line, "back_order", None)
    line.quantity = decision.now
    line.save(update_fields=["quantity"])
    if entry is not None:
        entry.quantity = decision.now
        entry.save(update_fields=["quantity"])
    rest_id, _line_id = insert_order(
        NewOrder(
            partner_id=order.partner_id,
            product_id=line.product_id,
            quantity=decision.later,
            unit_price=line.unit_price,
            currency=line.currency,
            state=OrderState.BACKORDERED,
            placed_by=by,
            placed_at=order.placed_at,
            channel=order.channel,
            reference=order.reference,
            recipient_id=order.recipient_id,
            lane=order.lane,
            lane_note=order.lane_note,
            wish=order.wish,
            allows_backorder=True,
            allows_split=order.allows_split,
            holds=decision.refusals,
            expires_at=max(order.expires_at or at, at + waits_for(OrderState.BACKORDERED, facts.rules)),
            like=order,
            queued_at=entry.queued_at if entry else None,
            place=entry.place if entry else order.number,
            price_id=line.price_id,
            deviation_id=line.deviation_id,
            details=line.details,
            version_id=line.product_version_id,
        ),
        by=by,
        at=at,
    )
    add_event(
        order, Kind.SPLIT, before=order.state, by=by, at=at,
        facts={"now": decision.now, "later": decision.later, "rest": str(rest_id)},
    )  # fmt: skip
    return rest_id


def _audit(act: str, order: Order, *, by: Actor, at: datetime, before: str) -> None:
    audit.record(
        f"licensing.order.{act}",
        by=by,
        at=at,
        object_type="order",
        object_id=order.pk,
        partner_id=order.partner_id,
        facts={"from": before, "to": order.state},
    )
