"""Reserved keys: confirmed within their time, or free again."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import NotFound, refuse
from core.tenancy import mar_scope
from licensing.locks import lock_credit, lock_order
from licensing.models import KeyReservation, Order, OrderState
from licensing.services.order_rows import free_reserved
from licensing.services.order_settle import settle_order
from licensing.services.orders import OrderRefused
from licensing.services.stock_arrival import announce_free_stock

OVERDUE = Actor.system("End of reservations")


@transaction.atomic
def confirm_order(order_id: UUID, *, partner_id: UUID, by: Actor, at: datetime) -> OrderState:
    """Turn a partner's reservation into an order and return where it stands; a repeat changes nothing.

    :raises NotFound: for an order that is not his.
    :raises OrderRefused: when the reservation's time is over.
    """
    if not Order.objects.filter(pk=order_id, partner_id=partner_id).exists():
        raise NotFound(_("There is no such order."))
    # The keys are the MAR's stock until this moment.
    with mar_scope(acting_for=partner_id):
        lock_credit(partner_id)
        order = lock_order(order_id)
        if order.state != OrderState.DRAFT and order.state != OrderState.EXPIRED:
            return OrderState(order.state)
        if order.state == OrderState.EXPIRED or order.expires_at is None or order.expires_at <= at:
            raise OrderRefused(
                refuse(
                    "reservation_over",
                    _("The time of this reservation is over; its keys are free again."),
                    rule="ORD-13",
                    facts={_("Order"): str(order), _("Reserved until"): order.expires_at or "–"},
                    missing={_("Reservation"): _("one that is not over")},
                    next_step=_("Place a new order."),
                    lifted_by=_("You, with a new order"),
                )
            )
        return settle_order(order, by=by, at=at)


@transaction.atomic
def free_overdue_reservation(line_id: UUID, *, partner_id: UUID, at: datetime) -> int:
    """Free the keys of an order whose reservation has ended, while the order itself goes on waiting.

    Runs in the MAR's scope. Return how many keys are free again.
    """
    with mar_scope(acting_for=partner_id):
        lock_credit(partner_id)
        overdue = KeyReservation.objects.filter(order_line_id=line_id, ended_at__isnull=True, until__lte=at)
        found = overdue.values_list("order_line__product_id", flat=True).first()
        if found is None:
            return 0
        freed = free_reserved(line_id, product_id=found, partner_id=partner_id, by=OVERDUE, at=at)
        announce_free_stock(found, at=at)
        return freed


def overdue_reservations(at: datetime) -> list[tuple[UUID, UUID]]:
    """Return line and partner of the reservations that have ended. In the MAR's scope."""
    overdue = KeyReservation.objects.filter(ended_at__isnull=True, until__lte=at)
    return list(overdue.order_by("order_line_id").values_list("order_line_id", "partner_id").distinct())
