"""How an application stands against the day we promised an answer by."""

from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from partners.models.application import ApplicationState as State
from partners.rules.applications import OPEN_STATES

SOON_DAYS = 2


@dataclass(frozen=True, slots=True)
class Standing:
    """``code``: overdue, due_today, due_soon, in_time, waiting (for the applicant) or done; ``days`` to the day."""

    code: str
    days: int = 0


def standing(state: str, due_at: datetime | None, *, today: date, zone: ZoneInfo) -> Standing:
    """Return how the case stands. Days are calendar days of the MAR's zone; below zero is late."""
    if state not in OPEN_STATES or due_at is None:
        return Standing("done")
    days = (due_at.astimezone(zone).date() - today).days
    if state == State.INFO_REQUESTED:
        return Standing("waiting", days)
    if days < 0:
        return Standing("overdue", days)
    if days == 0:
        return Standing("due_today")
    return Standing("due_soon" if days <= SOON_DAYS else "in_time", days)
