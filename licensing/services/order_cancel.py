"""Cancel an order whose keys nobody has touched."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import NotFound, refuse
from licensing.models import Order, OrderState, ProductKey
from licensing.rules.key_states import KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.services.orders import OrderRefused
from licensing.services.recall import unassign_keys


@transaction.atomic
def cancel_order(order_id: UUID, *, reason: str, by: Actor, at: datetime) -> None:
    """Put all keys of an order back into stock and end it. Runs in the MAR's scope.

    :raises NotFound: for an unknown order.
    :raises OrderRefused: when it is not open, or one of its keys was handed over.
    """
    order = Order.objects.select_for_update(no_key=True).filter(pk=order_id).first()
    if order is None:
        raise NotFound(_("There is no such order."))
    keys = dict(ProductKey.objects.filter(order_line__order=order).values_list("id", "state"))
    used = sum(state != KeyState.ASSIGNED for state in keys.values())
    if order.state != OrderState.ALLOCATED or used:
        raise OrderRefused(
            refuse(
                "order_in_use",
                _("This order can no longer be cancelled."),
                rule="ORD-9",
                facts={_("State"): order.get_state_display(), _("Keys already taken"): used},
                next_step=_("Keys that were taken but not used can be called back one by one."),
                lifted_by=_("Nobody: a key that someone has seen is never sold again"),
            )
        )
    unassign_keys(list(keys), order_id=order.pk, by=by, at=at)
    order.state, order.cancelled_at = OrderState.CANCELLED, at
    order.save(update_fields=["state", "cancelled_at"])
    audit.record(
        "licensing.order.cancelled",
        by=by,
        at=at,
        object_type="order",
        object_id=order.pk,
        partner_id=order.partner_id,
        facts={"keys": len(keys), "reason": mask_keys(reason)[:200]},
    )
