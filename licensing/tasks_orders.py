"""The background work that follows an order."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from core.models import User
from core.outbox import WorkTask
from licensing.models import Order
from licensing.selectors.orders import orders_of
from licensing.services import order_completion
from partners.services.letters import Letter
from partners.services.mails import send_letter


@shared_task(name="licensing.complete_orders", base=WorkTask)  # type: ignore[untyped-decorator]
def complete_orders(**_kwargs: Any) -> int:
    """End orders whose every key has Microsoft's answer."""
    return order_completion.complete_orders(at=timezone.now())


class _PartnerScope(WorkTask):
    scope = "partner"


@shared_task(name="licensing.tell_order_allocated", base=_PartnerScope)  # type: ignore[untyped-decorator]
def tell_order_allocated(partner_id: str, order_id: str) -> int:
    """Tell the buyer that his keys are assigned. The mail holds no key, only the way to the order."""
    order = orders_of(UUID(partner_id)).get(pk=UUID(order_id))
    buyer = _buyer_of(order)
    if buyer is None:
        return 0
    return send_letter(_letter(order, buyer), to=[buyer.email], identity=f"order.allocated.{order.pk}")


def _buyer_of(order: Order) -> User | None:
    try:
        return User.objects.filter(pk=UUID(order.placed_by_id), is_active=True).first()
    except ValueError:  # a station's or the portal's own id
        return None


def _letter(order: Order, buyer: User) -> Letter:
    quantity = order.quantity  # type: ignore[attr-defined]
    return Letter(
        subject=_("Order %(order)s: your keys are ready") % {"order": order},
        recipient_name=buyer.name,
        sentence=_("%(count)s keys of %(product)s are assigned to your order.")
        % {"count": quantity, "product": order.product_name},  # type: ignore[attr-defined]
        detail=_("Your station can take them now, one for each PC. No key is ever sent by mail."),
        button_label=_("Open the order"),
        # The domain knows no addresses of the site; this one is part of the mail's wording.
        button_url=f"{settings.BASE_URL}/tpr/orders/{order.pk}/",
        reason=_("You get this mail because you placed the order."),
    )
