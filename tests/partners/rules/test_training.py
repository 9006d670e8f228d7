"""How long a pass lasts, and when it may be renewed."""

from datetime import date

import pytest

from partners.rules.training import add_months, expiry_of, may_sit, renewal_opens_on

END = date(2027, 3, 1)


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 1, 31), 13, date(2028, 2, 29)),
        (date(2024, 2, 29), 12, date(2025, 2, 28)),
        (date(2026, 12, 1), 12, date(2027, 12, 1)),
        (date(2026, 11, 22), 1, date(2026, 12, 22)),
    ],
)
def test_months_end_where_the_calendar_does(day, months, then):
    assert add_months(day, months) == then


def test_the_renewal_opens_thirty_days_before_the_end():
    assert renewal_opens_on(END) == date(2027, 1, 30)
    assert not may_sit(date(2027, 1, 29), valid_until=END)
    assert may_sit(date(2027, 1, 30), valid_until=END)
    assert may_sit(END, valid_until=END)
    assert may_sit(END, valid_until=None)


def test_a_renewal_counts_from_the_old_end_and_a_late_one_from_its_own_day():
    assert expiry_of(date(2027, 2, 10), valid_until=END, months=12) == date(2028, 3, 1)
    assert expiry_of(date(2027, 3, 1), valid_until=END, months=12) == date(2028, 3, 1)
    assert expiry_of(date(2027, 4, 5), valid_until=END, months=12) == date(2028, 4, 5)
    assert expiry_of(date(2027, 4, 5), valid_until=None, months=12) == date(2028, 4, 5)
