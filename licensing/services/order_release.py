"""Orders that wait: released exactly once when their cause ends, expired when nothing ends it."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import audit
from core.actor import Actor
from core.queue import enqueue
from core.tenancy import mar_scope
from licensing.locks import lock_credit, lock_order, lock_queues
from licensing.models import Order, OrderEvent, OrderLine, OrderState
from licensing.rules.order_states import HELD, WAITING
from licensing.services.order_rows import add_event, free_reserved, leave_queue
from licensing.services.order_settle import settle_order
from licensing.services.stock_arrival import announce_free_stock

RELEASE = Actor.system("Release of held orders")
EXPIRY = Actor.system("Expiry of waiting orders")
MOST_AT_ONCE = 200


@transaction.atomic
def release_orders(cause: str, *, partner_id: UUID, at: datetime) -> int:
    """Look again at a partner's held orders, oldest first; return how many left their hold.

    ``cause`` says what ended ("payment", "credit", "block", "sweep") and stands in the timeline. Runs in the
    MAR's scope. Two runs at once wait for each other at the credit position; the second finds nothing. Every
    queue is held before the first order takes keys, by product: never one after the other.
    """
    with mar_scope(acting_for=partner_id):
        lock_credit(partner_id)
        ids = Order.objects.filter(partner_id=partner_id, state__in=HELD).order_by("number").values_list("pk")
        held = [lock_order(order_id) for (order_id,) in ids]
        lock_queues(OrderLine.objects.filter(order__in=held).values_list("product_id", flat=True))
        return sum(_release(order, cause, at) for order in held)


def _release(order: Order, cause: str, at: datetime) -> bool:
    if order.state not in HELD:
        return False
    after = settle_order(order, by=RELEASE, at=at, note=cause)
    return after not in HELD


@transaction.atomic
def expire_order(order_id: UUID, *, at: datetime) -> bool:
    """End an order that waited too long, and give back what it kept; return whether it was due.

    Runs in the MAR's scope. Its buyer is told.
    """
    partner_id = Order.objects.filter(pk=order_id).values_list("partner_id", flat=True).get()
    with mar_scope(acting_for=partner_id):
        lock_credit(partner_id)
        order = lock_order(order_id)
        if order.state not in WAITING or order.expires_at is None or order.expires_at > at:
            return False
        end_wait(order, OrderState.EXPIRED, OrderEvent.Kind.EXPIRED, by=EXPIRY, at=at)
        enqueue("licensing.tell_order_ended", at=at, partner_id=partner_id, order_id=order.pk)
    return True


def end_wait(
    order: Order, state: OrderState, kind: OrderEvent.Kind, *, by: Actor, at: datetime, note: str = ""
) -> None:
    """End an order that waits as cancelled or expired: its keys and its place go back.

    The caller holds the credit position and the order, acting for the partner.
    """
    before, line = order.state, order.lines.get()
    leave_queue(line.pk, at=at)
    freed = free_reserved(line.pk, product_id=line.product_id, partner_id=order.partner_id, by=by, at=at)
    order.state, order.expires_at = state.value, None
    order.cancelled_at = at if state == OrderState.CANCELLED else None
    order.save(update_fields=["state", "expires_at", "cancelled_at"])
    add_event(order, kind, before=before, by=by, at=at, note=note, facts={"freed": freed} if freed else None)
    audit.record(
        f"licensing.order.{kind.value}",
        by=by,
        at=at,
        object_type="order",
        object_id=order.pk,
        partner_id=order.partner_id,
        facts={"from": before, "keys": freed, "reason": note[:200]},
    )
    announce_free_stock(line.product_id, at=at)


def orders_due(at: datetime) -> list[UUID]:
    """Return the orders whose wait is over, oldest first. In the MAR's scope."""
    due = Order.objects.filter(state__in=WAITING, expires_at__lte=at).order_by("expires_at", "number")
    return list(due.values_list("pk", flat=True)[:MOST_AT_ONCE])


def partners_with_held_orders() -> list[UUID]:
    """Return the partners who have held orders. In the MAR's scope."""
    held = Order.objects.filter(state__in=HELD).order_by("partner_id").values_list("partner_id", flat=True)
    return list(held.distinct())
