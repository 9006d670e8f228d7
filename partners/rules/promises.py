"""What we promise an applicant, and when a case left alone ends."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

ANSWER_WORKING_DAYS = 5
LINK_DAYS = 14
REMINDER_DAYS = 14
EXPIRY_DAYS = 90
_SATURDAY = 5


def answer_due_at(submitted_at: datetime, *, zone: ZoneInfo) -> datetime:
    """Return the end of the fifth working day after the day of submission, in the MAR's zone.

    Saturdays and Sundays do not count; public holidays do, because they differ by region.
    """
    day = submitted_at.astimezone(zone).date()
    left = ANSWER_WORKING_DAYS
    while left:
        day += timedelta(days=1)
        if day.weekday() < _SATURDAY:
            left -= 1
    end = datetime.combine(day + timedelta(days=1), datetime.min.time(), tzinfo=zone)
    return (end - timedelta(seconds=1)).astimezone(submitted_at.tzinfo)
