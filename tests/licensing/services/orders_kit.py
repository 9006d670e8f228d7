"""What the tests of waiting orders share: place one, and look at where orders and keys are."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid4

from django.db.models import Count

from core.actor import Actor, ActorKind
from core.tenancy import mar_scope, partner_scope
from licensing.models import BackOrder, KeyReservation, Order, OrderEvent, Product, ProductKey
from licensing.services.orders import OrderRequest, PlacedOrder, place_order
from partners.models import CreditPosition, Partner
from tests.factories import AT
from tests.factories.limits import agree_to_raise

MAR_PERSON = Actor(ActorKind.USER, "mar-1", "Approver")


def buyer_of(partner: Partner) -> Actor:
    return Actor(ActorKind.USER, "u1", "Buyer", partner_id=partner.pk)


def order(
    partner: Partner, product: Product, quantity: int, *, at: datetime = AT, key: str = "", **more: Any
) -> PlacedOrder:
    with partner_scope(partner.pk):
        return place_order(
            partner_id=partner.pk,
            request=OrderRequest(product.pk, quantity, **more),
            idempotency_key=key or uuid4().hex,
            by=buyer_of(partner),
            at=at,
        )


def state_of(order_id: UUID) -> str:
    with mar_scope():
        return str(Order.objects.get(pk=order_id).state)


def steps_of(order_id: UUID) -> list[str]:
    with mar_scope():
        return list(
            OrderEvent.objects.filter(order_id=order_id).order_by("id").values_list("kind", flat=True)
        )


def keys_by_place() -> dict[tuple[int, str], int]:
    """Return how many keys are in each state and hold."""
    with mar_scope():
        rows = ProductKey.objects.values_list("state", "hold").annotate(n=Count("id")).order_by()
        return {(state, hold): n for state, hold, n in rows}


def keys_of(order_id: UUID) -> int:
    with mar_scope():
        return ProductKey.objects.filter(order_line__order_id=order_id).count()


def open_reservations() -> int:
    with mar_scope():
        return KeyReservation.objects.filter(ended_at__isnull=True).count()


def queue_of(product: Product) -> list[int]:
    """Return the quantities that wait, in the queue's order."""
    with mar_scope():
        waiting = BackOrder.objects.filter(product=product, ended_at__isnull=True)
        return list(waiting.order_by("queued_at", "place").values_list("quantity", flat=True))


def set_credit(partner: Partner, **fields: str) -> None:
    values = {name: Decimal(value) for name, value in fields.items()}
    if "limit" in values:
        agree_to_raise(partner, values["limit"])
    with mar_scope():
        CreditPosition.objects.filter(partner=partner).update(**values)
