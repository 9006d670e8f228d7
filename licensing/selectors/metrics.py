"""Figures a monitor asks for every few seconds: each from an index, whatever the number of keys."""

from datetime import datetime, timedelta

from django.db.models import Count, Min

from licensing.models import Incident, Order, Product
from licensing.models.order import WAITING_STATES
from licensing.selectors.order_facts import free_stock

NEWEST = 10_000


def orders_of_last_hour(at: datetime) -> dict[str, int]:
    """Return how many of the newest 10,000 orders were placed within the hour, by state. In the MAR's scope."""
    newest = Order.objects.order_by("-number").values("pk")[:NEWEST]
    recent = Order.objects.filter(pk__in=newest, placed_at__gt=at - timedelta(hours=1))
    return dict(recent.order_by().values_list("state").annotate(Count("pk")))


def waiting_orders(at: datetime) -> dict[str, tuple[int, float]]:
    """Return how many orders wait in each state, and for how many seconds the oldest. In the MAR's scope."""
    rows = Order.objects.filter(state__in=WAITING_STATES).order_by().values_list("state")
    counted = {
        state: (count, since) for state, count, since in rows.annotate(Count("pk"), Min("waits_since"))
    }
    return {
        state: (count, (at - since).total_seconds() if since else 0.0)
        for state, (count, since) in ((each, counted.get(each, (0, None))) for each in WAITING_STATES)
    }


def free_keys_by_product() -> dict[str, int]:
    """Return how many keys of each product can be ordered now, by the product's code."""
    products = Product.objects.order_by("code").values_list("code", "pk")
    return {code: free_stock(product_id) for code, product_id in products}


def decoy_incidents() -> dict[str, int]:
    """Return how many incidents of an opened decoy there are, by open and closed."""
    found = Incident.objects.filter(kind=Incident.Kind.OPENED)
    still_open = found.filter(state=Incident.State.OPEN).count()
    return {"open": still_open, "closed": found.count() - still_open}
