"""When a paper that ends is told about. Valid through its last day. Source: docs/domain-rules.md."""

from datetime import date, timedelta

# Days before the end on which its owner is reminded, the first one first.
WARN_DAYS = (30, 7)


def days_before(day: date, days: int) -> date:
    """Return the day so many days earlier; a negative number looks ahead."""
    return day - timedelta(days=days)


def reminder_due(expires_on: date, today: date, reminded_days: int | None) -> int | None:
    """Return which reminder is due now, None when none is or it went out already.

    A reminder that was missed (the portal stood still) is made up for by the next closer one only.
    """
    left = (expires_on - today).days
    due = [days for days in WARN_DAYS if 0 <= left <= days]
    closest = min(due, default=None)
    if closest is None or (reminded_days is not None and reminded_days <= closest):
        return None
    return closest
