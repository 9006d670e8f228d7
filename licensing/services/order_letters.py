"""What a buyer reads about his order. No mail holds a key, only the way to the order."""

from django.conf import settings
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.models import User
from licensing.models import Order, OrderEvent, OrderState
from partners.selectors.mar import mar_zone
from partners.services.letters import Letter


def allocated(order: Order, buyer: User) -> Letter:
    """Return the mail that the keys are there."""
    return _about(
        order,
        buyer,
        subject=_("Order %(order)s: your keys are ready") % {"order": order},
        sentence=_("%(count)s keys of %(product)s are assigned to your order.") % _named(order),
        detail=_("Your station can take them now, one for each PC. No key is ever sent by mail."),
    )


def waiting(order: Order, buyer: User) -> Letter:
    """Return the mail that the order waits: for what, and what ends it."""
    first = order.holds[0] if order.holds else {}
    until = date_format(order.expires_at.astimezone(mar_zone()), "j F Y, H:i") if order.expires_at else ""
    return _about(
        order,
        buyer,
        subject=_("Order %(order)s waits: %(state)s")
        % {"order": order, "state": order.get_state_display().lower()},
        sentence=" ".join(filter(None, [first.get("what", ""), first.get("next_step", "")])),
        detail=_("It goes on by itself when that has ended. Without that it expires on %(until)s.")
        % {"until": until},
    )


def ended(order: Order, buyer: User) -> Letter:
    """Return the mail that the order ended without keys."""
    return _about(
        order,
        buyer,
        subject=_("Order %(order)s has ended") % {"order": order},
        sentence=order.decision_reason or _cancelled_why(order),
        detail=_("Nothing is charged for %(count)s keys of %(product)s. You can order again at any time.")
        % _named(order),
    )


def _cancelled_why(order: Order) -> str:
    if order.state != OrderState.CANCELLED:
        return _("It waited too long for what stood against it.")
    note = order.events.filter(kind=OrderEvent.Kind.CANCELLED).values_list("note", flat=True).last()
    return _("The MAR has cancelled it: %(reason)s") % {"reason": note or "–"}


def _named(order: Order) -> dict[str, object]:
    return {"count": order.quantity, "product": order.product_name}  # type: ignore[attr-defined]


def _about(order: Order, buyer: User, *, subject: str, sentence: str, detail: str) -> Letter:
    return Letter(
        subject=subject,
        recipient_name=buyer.name,
        sentence=sentence,
        detail=detail,
        button_label=_("Open the order"),
        # The domain knows no addresses of the site; this one is part of the mail's wording.
        button_url=f"{settings.BASE_URL}/tpr/orders/{order.pk}/",
        reason=_("You get this mail because you placed the order."),
    )
