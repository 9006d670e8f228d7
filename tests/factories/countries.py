"""Countries of sale for tests: agreed on by two people."""

from datetime import datetime
from decimal import Decimal

from core.tenancy import mar_scope
from licensing.models import LimitChange, SaleCountry
from licensing.services.limits import approve_limit, change_limit
from partners.models import Partner
from tests.factories import AT, actor_for, make_member


def agree_country(partner: Partner, country: str, *, at: datetime = AT) -> SaleCountry:
    """Let a partner sell to a country from an instant on."""
    with mar_scope():
        change = change_limit(
            partner.pk, kind=LimitChange.Kind.COUNTRY, country=country, after=Decimal(1),
            reason="He has a shop there.", by=actor_for(make_member("mar_finance")), at=at,
        )  # fmt: skip
        approve_limit(change.pk, by=actor_for(make_member("mar_approver")), at=at)
        return SaleCountry.objects.get(partner=partner, country=country, valid_before__isnull=True)
