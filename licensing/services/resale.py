"""The partner's own resale price. Only his own people with the right see it; nothing of it is ever logged."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.errors import Invalid, NotFound, Refusal, refuse
from licensing.models import Product, ResalePrice
from licensing.rules.price_checks import LARGEST
from licensing.selectors.prices import currency_of


@transaction.atomic
def set_resale_price(partner_id: UUID, product_id: int, amount: Decimal | None, *, at: datetime) -> None:
    """Keep what the partner asks for a licence, net; None takes it away. Runs in the partner's scope.

    No audit row is written: the log is read by others, and this is nobody else's business.

    :raises NotFound: for an unknown product.
    :raises Invalid: for an amount that is none.
    """
    if not Product.objects.filter(pk=product_id).exists():
        raise NotFound(_("There is no such product."))
    own = ResalePrice.objects.filter(partner_id=partner_id, product_id=product_id)
    if amount is None:
        own.delete()
        return
    if not 0 <= amount <= LARGEST:
        raise Invalid(_no_amount())
    ResalePrice.objects.update_or_create(
        partner_id=partner_id,
        product_id=product_id,
        defaults={"amount": amount, "currency": currency_of(partner_id), "changed_at": at},
    )


def _no_amount() -> Refusal:
    return refuse(
        "resale_field",
        _("This is no price."),
        rule="PRC-9",
        facts={_("From"): 0, _("To"): str(LARGEST)},
        next_step=_("Write an amount with at most two decimals, or nothing at all."),
        lifted_by=_("You"),
    )
