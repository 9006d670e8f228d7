"""Figures for a monitor, in the text format that Prometheus reads. Open to who knows the token alone."""

import hmac
from collections.abc import Iterable
from datetime import datetime

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from prometheus_client import CollectorRegistry, Gauge
from prometheus_client.exposition import CONTENT_TYPE_LATEST, generate_latest

from core.selectors.queue import queue_states
from core.services.seal import streams
from core.tenancy import mar_scope
from licensing.selectors.metrics import (
    decoy_incidents,
    free_keys_by_product,
    orders_of_last_hour,
    waiting_orders,
)
from licensing.selectors.stock_alerts import alarms_by_product
from portal.policy import public
from reporting.selectors.chains import chain_end
from reporting.selectors.reports import report_counts


@public
@never_cache
@require_safe
def metrics(request: HttpRequest) -> HttpResponse:
    """Answer with the portal's figures; without the token, or with none set, there is no such page."""
    token = settings.METRICS_TOKEN
    given = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if not token or not hmac.compare_digest(given.encode(), token.encode()):
        raise Http404
    with mar_scope():
        content = generate_latest(collect(timezone.now()))
    return HttpResponse(content, content_type=CONTENT_TYPE_LATEST)


def collect(at: datetime) -> CollectorRegistry:
    """Return every figure as of now. No label holds a partner, a person or a key."""
    registry = CollectorRegistry()
    _fill(
        registry, "portal_orders_last_hour", "Orders placed within the last hour.", "state",
        orders_of_last_hour(at).items(),
    )  # fmt: skip
    waiting = waiting_orders(at)
    _fill(
        registry, "portal_orders_waiting", "Orders that wait: held, for a person, or for stock.", "state",
        ((state, count) for state, (count, _oldest) in waiting.items()),
    )  # fmt: skip
    _fill(
        registry, "portal_orders_waiting_oldest_seconds", "Age of the oldest order that waits.", "state",
        ((state, oldest) for state, (_count, oldest) in waiting.items()),
    )  # fmt: skip
    _fill(
        registry, "portal_stock_free_keys", "Keys that can be ordered now.", "product",
        free_keys_by_product().items(),
    )  # fmt: skip
    watched = alarms_by_product(at)
    _fill(
        registry, "portal_stock_low", "1 while a product is below its threshold.", "product",
        ((code, low) for code, (low, _undelivered) in watched.items()),
    )  # fmt: skip
    _fill(
        registry, "portal_stock_alerts_undelivered", "Alarms of low stock that no mail server took.", "product",
        ((code, undelivered) for code, (_low, undelivered) in watched.items()),
    )  # fmt: skip
    _fill(
        registry, "portal_decoys_opened", "Incidents of a guarded key that was opened.", "state",
        decoy_incidents().items(),
    )  # fmt: skip
    queues = queue_states(at)
    _fill(
        registry, "portal_queue_waiting", "Pieces of work that are due and not done.", "queue",
        ((state.queue, state.waiting) for state in queues),
    )  # fmt: skip
    _fill(
        registry, "portal_queue_oldest_seconds", "Age of the oldest piece of work that is due.", "queue",
        ((state.queue, state.oldest_seconds) for state in queues),
    )  # fmt: skip
    _fill(
        registry, "portal_queue_stuck", "Pieces of work that failed three times or more.", "queue",
        ((state.queue, state.stuck) for state in queues),
    )  # fmt: skip
    _fill(registry, "portal_reports", "Monthly reports, every revision.", "state", report_counts().items())
    ends = [chain_end(stream.name) for stream in streams()]
    _fill(
        registry, "portal_chain_sealed_timestamp_seconds", "When a hash chain was sealed last.", "stream",
        ((end.stream, end.sealed_at.timestamp()) for end in ends if end.sealed_at),
    )  # fmt: skip
    return registry


def _fill(
    registry: CollectorRegistry, name: str, text: str, label: str, values: Iterable[tuple[str, float]]
) -> None:
    gauge = Gauge(name, text, [label], registry=registry)
    for value, figure in values:
        gauge.labels(value).set(figure)
