"""The use of stock day by day: keys assigned, less those that came back. Needs the MAR's scope."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Max, Min

from licensing.models import DailyUse, Fulfilment
from licensing.rules.forecast import DAYS, WINDOW_WEEKS
from licensing.rules.key_states import KeyState

LOOK_BACK = timedelta(days=WINDOW_WEEKS * DAYS)
# What came back counts as not used, also into quarantine after a stop of its delivery: a stop says nothing about
# demand. A key handed over never comes back free.
_STEPS = f"""
SELECT product_id, (recorded_at AT TIME ZONE %(zone)s)::date AS "on",
  count(*) FILTER (WHERE to_state = {KeyState.ASSIGNED:d}) AS taken,
  count(*) FILTER (WHERE to_state = {KeyState.FULFILLED:d}) AS put_back
FROM licensing_ledgerentry
WHERE recorded_at >= %(since)s AND recorded_at < %(until)s
  AND ((from_state = {KeyState.FULFILLED:d} AND to_state = {KeyState.ASSIGNED:d})
    OR (from_state = {KeyState.ASSIGNED:d} AND to_state = {KeyState.FULFILLED:d}))
GROUP BY 1, 2"""
COUNT_USE = f"""
INSERT INTO licensing_dailyuse (product_id, "on", taken, put_back)
SELECT p.id, d.day::date, coalesce(s.taken, 0), coalesce(s.put_back, 0)
FROM licensing_product p
CROSS JOIN generate_series(%(first)s::date, %(last)s::date, interval '1 day') AS d(day)
LEFT JOIN ({_STEPS}) s ON s.product_id = p.id AND s."on" = d.day::date
ON CONFLICT (product_id, "on") DO UPDATE SET taken = EXCLUDED.taken, put_back = EXCLUDED.put_back"""


def span_arguments(first: date, last: date, zone: ZoneInfo) -> dict[str, str | date]:
    """Return what both statements are asked with: the days, both ends included."""
    return {
        "zone": zone.key,
        "first": first,
        "last": last,
        "since": datetime.combine(first, time(), zone),
        "until": datetime.combine(last + timedelta(days=1), time(), zone),
    }


def counted_until() -> date | None:
    """Return the last day whose use was counted, None before the first count."""
    last: date | None = DailyUse.objects.aggregate(last=Max("on"))["last"]
    return last


def histories(today: date, zone: ZoneInfo) -> Mapping[int, list[int]]:
    """Return each product's net use by day up to yesterday, from its first delivery on, twelve weeks at most.

    Days that were counted are read; those since then are counted now.
    """
    begins = today - LOOK_BACK
    net: dict[int, dict[date, int]] = defaultdict(dict)
    for product_id, on, taken, put_back in DailyUse.objects.filter(on__gte=begins, on__lt=today).values_list(
        "product_id", "on", "taken", "put_back"
    ):
        net[product_id][on] = taken - put_back
    last = counted_until()
    missing = max(last + timedelta(days=1), begins) if last else begins
    if missing < today:
        for product_id, on, used in _uncounted(missing, today, zone):
            net[product_id][on] = used
    return {
        product_id: [net[product_id].get(on, 0) for on in _days(max(begins, first), today)]
        for product_id, first in _first_days(zone).items()
    }


def _uncounted(first: date, today: date, zone: ZoneInfo) -> list[tuple[int, date, int]]:
    with connection.cursor() as cursor:
        cursor.execute(_STEPS, span_arguments(first, today - timedelta(days=1), zone))
        return [(row[0], row[1], row[2] - row[3]) for row in cursor.fetchall()]


def _first_days(zone: ZoneInfo) -> dict[int, date]:
    """Return the day of each product's first delivery: before it nothing could be used."""
    kept = Fulfilment.objects.filter(undone_at__isnull=True)
    firsts = kept.order_by().values_list("product_id").annotate(first=Min("received_at"))
    return {product_id: first.astimezone(zone).date() for product_id, first in firsts}


def _days(first: date, before: date) -> list[date]:
    return [first + timedelta(days=number) for number in range((before - first).days)]
