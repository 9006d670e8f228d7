"""Read a partner's limits and how they changed, in the MAR's scope."""

from decimal import Decimal
from uuid import UUID

from django.db.models import F, QuerySet

from licensing.models import LimitChange, OrderLimit, SaleCountry
from partners.models import CreditPosition

Kind = LimitChange.Kind


def limit_now(partner_id: UUID, kind: str, country: str = "") -> Decimal:
    """Return how a limit stands; none set is nought, an agreed country is one."""
    found: Decimal | int | None
    match kind:
        case Kind.CREDIT:
            found = (
                CreditPosition.objects.filter(partner_id=partner_id).values_list("limit", flat=True).first()
            )
        case Kind.MONTHLY:
            rows = OrderLimit.objects.filter(partner_id=partner_id)
            found = rows.values_list("monthly_quantity", flat=True).first()
        case _:
            found = int(country in sale_countries(partner_id))
    return Decimal(found or 0)


def sale_countries(partner_id: UUID) -> list[str]:
    """Return the countries of sale that are agreed now besides the partner's own."""
    agreed = SaleCountry.objects.filter(partner_id=partner_id, valid_before__isnull=True)
    return list(agreed.order_by("country").values_list("country", flat=True))


def limit_changes(partner_id: UUID | None = None) -> QuerySet[LimitChange]:
    """Return the changes of one partner's limits, or of all, with their people and the partner's ``currency``."""
    found = LimitChange.objects.select_related("partner", "written_by", "approved_by")
    found = found.annotate(currency=F("partner__credit__currency"))
    return found if partner_id is None else found.filter(partner_id=partner_id)


def waiting_raises() -> QuerySet[LimitChange]:
    """Return every raise that waits for a second person."""
    return limit_changes().filter(approved_at=None, discarded_at=None, after__gt=F("before"))
