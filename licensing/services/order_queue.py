"""Serve the queue of a product: in its order, by the gates, as far as the stock goes."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.locks import lock_credit, lock_order
from licensing.models import BackOrder, OrderState
from licensing.selectors.order_facts import free_stock
from licensing.selectors.pools import waiting_for_pools
from licensing.services.order_settle import settle_order

QUEUE = Actor.system("Queue for stock")


def fill_backorders(product_id: int, *, at: datetime) -> int:
    """Give free keys to the queue of a product, first come first served; return how many orders got theirs.

    Opens its own transactions, one for each order, so a long queue holds no lock for long. Who cannot take
    his keys now (his credit, a block) leaves the queue into his hold and keeps his place; the next is served.
    The first whose quantity the stock cannot give stops the queue: nobody is overtaken. Behind him only the
    keys of pools are given, which he may not draw.
    """
    filled = 0
    while True:
        with mar_scope():
            head = head_of_queue(product_id)
            is_over = head is None or not free_stock(product_id)
        state = OrderState.BACKORDERED if head is None or is_over else fill_order(*head, at=at)
        if state == OrderState.BACKORDERED:
            return filled + fill_from_pools(product_id, at=at)
        filled += state == OrderState.ALLOCATED


def fill_from_pools(product_id: int, *, at: datetime) -> int:
    """Give the free keys of pools to those of the queue who may draw them; return how many orders got theirs."""
    with mar_scope():
        waiting = waiting_for_pools(product_id, at)
    return sum(fill_order(*each, at=at) == OrderState.ALLOCATED for each in waiting)


@transaction.atomic
def fill_order(
    order_id: UUID, partner_id: UUID, *, at: datetime, most: int | None = None
) -> OrderState | None:
    """Give an order of the queue its keys, as far as the gates let it; return its state, None of one served before.

    Runs in the MAR's scope for its partner. ``most`` is the share of scarce stock it may take.
    """
    with mar_scope(acting_for=partner_id):
        lock_credit(partner_id)
        order = lock_order(order_id)
        if order.state != OrderState.BACKORDERED:
            return None
        return settle_order(order, by=QUEUE, at=at, most=most)


def head_of_queue(product_id: int) -> tuple[UUID, UUID] | None:
    """Return the order and partner that are next, None when nobody waits. In the MAR's scope."""
    waiting = BackOrder.objects.filter(product_id=product_id, ended_at__isnull=True)
    return (
        waiting.order_by("queued_at", "place")
        .values_list("order_line__order_id", "partner_id")
        .first()
    )  # fmt: skip


def products_with_a_queue() -> list[int]:
    """Return the products for which somebody waits. In the MAR's scope."""
    waiting = BackOrder.objects.filter(ended_at__isnull=True).order_by("product_id")
    return list(waiting.values_list("product_id", flat=True).distinct())
