"""When a partner's own keys run out at his pace, and what to order by when. His own facts alone, in his scope."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Min, OuterRef, QuerySet, Subquery, Sum
from django.db.models.functions import TruncDate

from licensing.models import BackOrder, Build, OrderLine, Product, ProductKey
from licensing.models.build import BuildState
from licensing.rules.call_off import Terms, propose
from licensing.rules.forecast import Forecast, forecast
from licensing.rules.key_states import Hold, KeyState
from licensing.selectors.stock_use import LOOK_BACK
from partners.selectors.mar import mar_zone

UNSPENT = (KeyState.ASSIGNED.value, KeyState.RETRIEVED.value)
# Keys are there the moment they are ordered, when there is stock: two days leave room for an approval.
SPARE_DAYS = 2
ORDER_FOR_DAYS = 28


@dataclass(frozen=True, slots=True)
class OwnForecast:
    """One product in a partner's house: its forecast, what he has ordered and waits for, what to order by when."""

    product: Product
    forecast: Forecast
    waiting: int
    quantity: int
    order_by: date | None


def own_forecasts(partner_id: UUID, *, at: datetime) -> list[OwnForecast]:
    """Return the forecast of each product of which the partner holds unspent keys or reported PCs of late."""
    zone = mar_zone()
    today = at.astimezone(zone).date()
    builds = _builds(partner_id, today, zone)
    begins = today - LOOK_BACK
    found = []
    for product in _products(partner_id):
        first: datetime | None = product.first_ordered_at
        history = [
            builds[product.pk].get(on, 0)
            for on in _days(max(begins, first.astimezone(zone).date()) if first else today, today)
        ]
        if any(history) or product.unspent or product.waiting:
            seen = forecast(history, stock=product.unspent or 0, today=today)
            found.append(_of_product(product, seen, product.waiting or 0))
    return found


def _products(partner_id: UUID) -> "QuerySet[Any]":
    """Return every product with what the partner holds of it, waits for, and first ordered when."""

    def of_product(rows: "QuerySet[Any]", name: str, value: Any) -> Subquery:
        own = rows.filter(partner_id=partner_id, product_id=OuterRef("pk")).order_by()
        return Subquery(own.values("product_id").annotate(**{name: value}).values(name))

    unspent = ProductKey.objects.filter(state__in=UNSPENT, hold=Hold.NONE)
    waiting = BackOrder.objects.filter(ended_at__isnull=True)
    return Product.objects.order_by("name").annotate(
        unspent=of_product(unspent, "n", Count("id")),
        waiting=of_product(waiting, "n", Sum("quantity")),
        first_ordered_at=of_product(OrderLine.objects.all(), "n", Min("order__placed_at")),
    )


def _of_product(product: Product, found: Forecast, waiting: int) -> OwnForecast:
    made = propose(found, Terms(lead_time_days=SPARE_DAYS, review_days=ORDER_FOR_DAYS))
    quantity = max(made.need - waiting, 0) if made.use else 0
    order_by = None
    if quantity and found.early_on:
        order_by = max(found.early_on - timedelta(days=SPARE_DAYS), found.today)
    return OwnForecast(product, found, waiting, quantity, order_by)


def _builds(partner_id: UUID, today: date, zone: ZoneInfo) -> Mapping[int, Mapping[date, int]]:
    """Return by product how many PCs were reported on each day of the last twelve weeks."""
    begins = today - LOOK_BACK
    counted: dict[int, dict[date, int]] = defaultdict(dict)
    reported = (
        Build.objects.filter(
            partner_id=partner_id,
            reported_at__gte=datetime.combine(begins, time(), zone),
            reported_at__lt=datetime.combine(today, time(), zone),
        )
        .exclude(state=BuildState.REVERTED)
        .annotate(on=TruncDate("reported_at", tzinfo=zone))
        .values_list("key__product_id", "on")
        .annotate(builds=Count("id"))
        .order_by()
    )
    for product_id, on, builds in reported:
        counted[product_id][on] = builds
    return counted


def _days(first: date, before: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((before - first).days)]
