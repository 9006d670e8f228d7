"""Place several orders in one transaction: all of them, or none."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import F, Q, Sum

from core.actor import Actor
from licensing.locks import lock_credit, lock_queues
from licensing.models import OrderLine
from licensing.services.orders import OrderRequest, PlacedOrder, place_order


@dataclass(frozen=True, slots=True)
class Keyed:
    """What is asked for, under its idempotency key."""

    key: str
    request: OrderRequest


@transaction.atomic
def place_together(
    partner_id: UUID, wanted: Sequence[Keyed], *, by: Actor, at: datetime
) -> list[PlacedOrder]:
    """Place orders in their order, all or none, each by the one service. Runs in the partner's scope.

    The queues of several orders are held first, by product: two who order the same cannot wait for each
    other.

    :raises OrderRefused: by the first that cannot be taken; nothing is changed then.
    """
    hold_queues(partner_id, [each.request.product_id for each in wanted])
    return [
        place_order(partner_id=partner_id, request=each.request, idempotency_key=each.key, by=by, at=at)
        for each in wanted
    ]


def hold_queues(partner_id: UUID, product_ids: Sequence[int]) -> None:
    """Hold the partner's credit row and the queues that several orders may join, in the written order of locks.

    Of one product too: the second order would wait for its queue with the keys of the first in hand.
    """
    if len(product_ids) > 1:
        lock_credit(partner_id)
        lock_queues(product_ids)


def total_of(order_ids: Sequence[UUID]) -> Decimal:
    """Return what these orders cost, with what was split off them, net."""
    rows = OrderLine.objects.filter(Q(order_id__in=order_ids) | Q(order__split_from_id__in=order_ids))
    return rows.aggregate(total=Sum(F("quantity") * F("unit_price")))["total"] or Decimal(0)
