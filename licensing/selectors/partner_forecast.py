"""When a partner's own keys run out at his pace, and what to order by when. His own facts alone, in his scope."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Min, Sum
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
    used = _uses(partner_id, today, zone)
    unspent = _counts(
        ProductKey.objects.filter(partner_id=partner_id, state__in=UNSPENT, hold=Hold.NONE)
        .values_list("product_id")
        .annotate(keys=Count("id"))
        .order_by()
    )
    waiting = _counts(
        BackOrder.objects.filter(partner_id=partner_id, ended_at__isnull=True)
        .values_list("product_id")
        .annotate(keys=Sum("quantity"))
        .order_by()
    )
    known = (
        {product_id for product_id, history in used.items() if any(history)} | unspent.keys() | waiting.keys()
    )
    return [
        _of_product(
            product,
            forecast(used.get(product.pk, []), stock=unspent.get(product.pk, 0), today=today),
            waiting.get(product.pk, 0),
        )
        for product in Product.objects.filter(pk__in=known).order_by("name")
    ]


def _of_product(product: Product, found: Forecast, waiting: int) -> OwnForecast:
    made = propose(found, Terms(lead_time_days=SPARE_DAYS, review_days=ORDER_FOR_DAYS))
    quantity = max(made.need - waiting, 0) if made.use else 0
    order_by = None
    if quantity and found.early_on:
        order_by = max(found.early_on - timedelta(days=SPARE_DAYS), found.today)
    return OwnForecast(product, found, waiting, quantity, order_by)


def _uses(partner_id: UUID, today: date, zone: ZoneInfo) -> dict[int, list[int]]:
    """Return by product how many PCs were reported on each day since the first order, twelve weeks at most."""
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
    firsts = (
        OrderLine.objects.filter(partner_id=partner_id)
        .values_list("product_id")
        .annotate(first=Min("order__placed_at"))
        .order_by()
    )
    return {
        product_id: [
            counted[product_id].get(on, 0) for on in _days(max(begins, first.astimezone(zone).date()), today)
        ]
        for product_id, first in firsts
    }


def _days(first: date, before: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((before - first).days)]


def _counts(rows: Iterable[tuple[int, int]]) -> dict[int, int]:
    return dict(rows)
