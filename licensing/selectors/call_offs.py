"""What was called off at Microsoft and by which terms. Needs the MAR's scope."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from django.db.models import QuerySet

from licensing.models import CallOff, Fulfilment, Product, SupplyTerms
from licensing.rules.call_off import Proposal, Terms, propose
from licensing.rules.forecast import Forecast
from licensing.selectors.stock_forecast import forecast_of, product_forecasts


@dataclass(frozen=True, slots=True)
class ProductProposal:
    """One product with what to call off."""

    product: Product
    forecast: Forecast
    proposal: Proposal


def terms_at(product_ids: Iterable[int], at: datetime) -> dict[int, Terms]:
    """Return each product's terms in force; the house's default where none were set."""
    rows = (
        SupplyTerms.objects.filter(product_id__in=list(product_ids), valid_from__lte=at)
        .order_by("product_id", "-valid_from", "-id")
        .distinct("product_id")
    )
    return {
        row.product_id: Terms(row.lead_time_days, row.review_days, row.pack_size, row.minimum, is_set=True)
        for row in rows
    }


def proposals(*, at: datetime) -> list[ProductProposal]:
    """Return what to call off of each product."""
    found = product_forecasts(at=at)
    terms = terms_at([one.product.pk for one in found], at)
    return [
        ProductProposal(one.product, one.forecast, propose(one.forecast, terms.get(one.product.pk, Terms())))
        for one in found
    ]


def proposal_of(product: Product, *, at: datetime) -> ProductProposal:
    """Return what to call off of one product."""
    found = forecast_of(product, at=at)
    terms = terms_at([product.pk], at).get(product.pk, Terms())
    return ProductProposal(product, found, propose(found, terms))


def call_offs(product_id: int | None = None) -> QuerySet[CallOff]:
    """Return every call-off, newest first."""
    found = CallOff.objects.select_related("product", "called_by").order_by("-called_at", "pk")
    return found.filter(product_id=product_id) if product_id is not None else found


def call_off_by_id(call_off_id: UUID) -> CallOff | None:
    """Return one call-off, None when there is none."""
    return call_offs().filter(pk=call_off_id).first()


def deliveries_of(call_off: CallOff) -> QuerySet[Fulfilment]:
    """Return the deliveries that came for a call-off, the oldest first."""
    return Fulfilment.objects.filter(
        call_off_reference=call_off.call_off_reference, product_id=call_off.product_id, undone_at__isnull=True
    ).order_by("received_at", "pk")


def deliveries_without_reference(call_off: CallOff) -> QuerySet[Fulfilment]:
    """Return deliveries of the product since the call-off that name none, the newest first."""
    return Fulfilment.objects.filter(
        call_off_reference="",
        product_id=call_off.product_id,
        received_at__gte=call_off.called_at,
        undone_at__isnull=True,
    ).order_by("-received_at", "pk")


def state_on(call_off: CallOff, today: date) -> str:
    """Return the state of the dictionary "call_off" that a call-off stands in: late is open and overdue."""
    if call_off.state == CallOff.State.OPEN and call_off.expected_on < today:
        return "late"
    return str(call_off.state)
