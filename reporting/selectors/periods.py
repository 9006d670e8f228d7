"""Which months are closed."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from core.periods import Period
from licensing.models import LedgerEntry

# A transaction that began before midnight may commit after it.
CLOSES_AFTER = timedelta(hours=1)


def is_closed(period: Period, *, at: datetime, zone: ZoneInfo) -> bool:
    """Return whether the month ended at least an hour ago in the zone."""
    return period.ends_before(zone) + CLOSES_AFTER <= at


def last_closed_period(*, at: datetime, zone: ZoneInfo) -> Period:
    """Return the latest month that is closed."""
    period = Period.containing(at, zone).previous()
    return period if is_closed(period, at=at, zone=zone) else period.previous()


def first_period(zone: ZoneInfo) -> Period | None:
    """Return the month of the first ledger row, None before there is one."""
    first_at = LedgerEntry.objects.order_by("recorded_at").values_list("recorded_at", flat=True).first()
    return Period.containing(first_at, zone) if first_at else None


def closed_periods(*, at: datetime, zone: ZoneInfo) -> list[Period]:
    """Return all closed months since the first ledger row, oldest first."""
    period, last, found = first_period(zone), last_closed_period(at=at, zone=zone), []
    while period is not None and period <= last:
        found.append(period)
        period = period.next()
    return found
