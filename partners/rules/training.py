"""How long a pass lasts, and when it may be renewed: pure rules on days of the MAR's zone."""

import calendar
from datetime import date, timedelta

RENEWAL_WINDOW = timedelta(days=30)
REMIND_BEFORE = (7, 30)  # days
ATTEMPTS_A_DAY = 3


def add_months(day: date, months: int) -> date:
    """Return the same day some months later, the month's last day where it has no such day."""
    years, month = divmod(day.month - 1 + months, 12)
    year = day.year + years
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def renewal_opens_on(expires_on: date) -> date:
    """Return the first day on which a pass may be renewed."""
    return expires_on - RENEWAL_WINDOW


def may_sit(today: date, *, valid_until: date | None) -> bool:
    """Return whether a person may take the test: without a valid pass, or in its renewal window."""
    return valid_until is None or valid_until <= today or today >= renewal_opens_on(valid_until)


def expiry_of(passed_on: date, *, valid_until: date | None, months: int) -> date:
    """Return the exclusive end of a new pass: counted from the old one's end when that is still to come."""
    begin = valid_until if valid_until is not None and valid_until > passed_on else passed_on
    return add_months(begin, months)
