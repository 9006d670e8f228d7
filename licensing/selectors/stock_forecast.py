"""When each product's stock runs dry: the forecast of licensing/rules/forecast.py over live facts, for the MAR."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, F, Q, QuerySet, Sum

from licensing.models import BackOrder, CallOff, Product, ProductKey
from licensing.rules.forecast import Arrival, Forecast, forecast
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.pools import GENERAL
from licensing.selectors.decoys import decoys_of_product
from licensing.selectors.stock_use import histories
from partners.selectors.mar import mar_zone


@dataclass(frozen=True, slots=True)
class ProductForecast:
    """One product with its forecast; ``pooled`` of its free keys lie in pools, out of most partners' reach."""

    product: Product
    forecast: Forecast
    pooled: int

    @property
    def open_stock(self) -> int:
        """Return the free keys that every partner may order."""
        return self.forecast.stock - self.pooled


def product_forecasts(*, at: datetime, product_id: int | None = None) -> list[ProductForecast]:
    """Return the forecast of each product, or of one; those that nobody receives or sells any more are left out."""
    zone = mar_zone()
    today = at.astimezone(zone).date()
    used = histories(today, zone)
    free, pooled = _free_keys()
    waiting = dict(
        BackOrder.objects.filter(ended_at__isnull=True)
        .values_list("product_id")
        .annotate(keys=Sum("quantity"))
        .order_by()
    )
    coming = arrivals()
    found = Product.objects.order_by("name")
    if product_id is not None:
        found = found.filter(pk=product_id)
    return [
        ProductForecast(
            product,
            forecast(
                used.get(product.pk, []),
                stock=free.get(product.pk, 0),
                today=today,
                backordered=waiting.get(product.pk, 0),
                arrivals=coming.get(product.pk, []),
            ),
            pooled.get(product.pk, 0),
        )
        for product in found
        if product_id is not None
        or product.pk in waiting
        or product.pk in coming
        or (product.pk in used and (product.pk in free or _is_on_sale(product, at)))
    ]


def product_forecast(product_id: int, *, at: datetime) -> ProductForecast:
    """Return one product with its forecast."""
    return product_forecasts(at=at, product_id=product_id)[0]


def forecast_of(product: Product, *, at: datetime) -> Forecast:
    """Return one product's forecast."""
    return product_forecast(product.pk, at=at).forecast


def _free_keys() -> tuple[dict[int, int], dict[int, int]]:
    """Return the free keys of each product, and those of them that lie in pools.

    One statement counts keys and decoys: a delivery released between two would be half in the sum.
    """
    rows = (
        ProductKey.objects.filter(state=KeyState.FULFILLED, hold=Hold.NONE)
        .values_list("product_id")
        .annotate(
            keys=Count("id") - decoys_of_product("free"),
            pooled=Count("id", filter=~Q(pool=GENERAL)),
        )
        .order_by()
    )
    found = list(rows)
    return {row[0]: row[1] for row in found}, {row[0]: row[2] for row in found}


def arrivals() -> dict[int, list[Arrival]]:
    """Return by product what was called off and has not come."""
    coming: dict[int, list[Arrival]] = defaultdict(list)
    for call_off in open_call_offs():
        coming[call_off.product_id].append(Arrival(call_off.expected_on, call_off.rest))
    return coming


def open_call_offs(product_id: int | None = None) -> QuerySet[CallOff]:
    """Return the call-offs of which keys are still to come, the earliest first."""
    found = CallOff.objects.select_related("product", "called_by").filter(
        state=CallOff.State.OPEN, received__lt=F("quantity")
    )
    return found.filter(product_id=product_id) if product_id is not None else found


def _is_on_sale(product: Product, at: datetime) -> bool:
    return product.order_before is None or product.order_before > at
