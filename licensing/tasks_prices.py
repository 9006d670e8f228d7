"""The mails about announced and withdrawn prices."""

from datetime import datetime
from uuid import UUID

from celery import shared_task
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.outbox import WorkTask
from core.queue import enqueue
from licensing.models import Price
from licensing.selectors.prices import partners_who_pay_by
from partners.models.membership import Role
from partners.selectors.mar import mar_zone
from partners.selectors.people import addresses_of_role
from partners.services.letters import Letter, portal_address
from partners.services.mails import send_letter

READERS = (Role.TPR_OWNER, Role.TPR_BUYER, Role.TPR_FINANCE)


@shared_task(name="licensing.tell_price", base=WorkTask)  # type: ignore[untyped-decorator]
def tell_price(price_id: int) -> int:
    """Queue a letter to every partner who will pay by this price's book on its day."""
    price = Price.objects.select_related("book").get(pk=price_id)
    at = price.withdrawn_at or price.announced_at
    if at is None:
        return 0
    partner_ids = partners_who_pay_by(price)
    for partner_id in partner_ids:
        enqueue("licensing.send_price_letter", at=at, partner_id=partner_id, price_id=price_id)
    return len(partner_ids)


@shared_task(name="licensing.send_price_letter", base=WorkTask)  # type: ignore[untyped-decorator]
def send_price_letter(partner_id: str, price_id: int) -> int:
    """Tell one partner's owners, buyers and finance people of a price that comes, or does not come after all."""
    price = Price.objects.select_related("book", "product").get(pk=price_id)
    readers = {
        address for role in READERS for address in addresses_of_role(role, partner_id=UUID(partner_id))
    }
    what = "withdrawn" if price.withdrawn_at else "announced"
    return send_letter(
        _letter(price, is_withdrawn=price.withdrawn_at is not None),
        to=sorted(readers),
        identity=f"price.{what}.{price_id}.{partner_id}",
    )


def _letter(price: Price, *, is_withdrawn: bool) -> Letter:
    words = {
        "product": price.product.name,
        "price": f"{price.amount} {price.book.currency}",
        "day": _day(price.valid_from),
    }
    if is_withdrawn:
        subject = _("%(product)s: the new price does not come") % words
        sentence = _("The price of %(price)s from %(day)s is withdrawn; what you pay now goes on.") % words
    else:
        subject = _("%(product)s: new price from %(day)s") % words
        sentence = _("One licence costs %(price)s net from %(day)s.") % words
        if price.min_quantity > 1:
            sentence = _(
                "One licence costs %(price)s net from %(day)s, from %(least)s licences a year on."
            ) % {
                **words,
                "least": price.min_quantity,
            }
    return Letter(
        subject=subject,
        sentence=sentence,
        detail=_("Orders until then keep their price, also when they are delivered later."),
        button_label=_("See what it means for you"),
        button_url=portal_address("/tpr/prices/"),
        reason=_("You get this mail because your company may order this product."),
    )


def _day(moment: datetime) -> str:
    return date_format(moment.astimezone(mar_zone()), "j F Y")
