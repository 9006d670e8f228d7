"""When a standing order orders: weekdays, month ends, clock changes, and its end."""

from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from licensing.rules.standing_orders import schedule_fault
from licensing.rules.standing_schedule import Schedule

BERLIN = ZoneInfo("Europe/Berlin")


def _schedule(cadence: str, starts_on: date, **more: Any) -> Schedule:
    return Schedule(
        **{"cadence": cadence, "starts_on": starts_on, "time_of_day": time(8), "zone": BERLIN} | more
    )


def _first(schedule: Schedule, count: int) -> list[str]:
    return [day.isoformat() for day in islice(schedule.days(), count)]


def test_once_is_one_day() -> None:
    assert _first(_schedule("once", date(2027, 1, 5)), 3) == ["2027-01-05"]


def test_every_week_begins_at_the_first_such_weekday() -> None:
    wednesdays = _schedule("weekly", date(2026, 11, 20), weekday=3)
    assert _first(wednesdays, 3) == ["2026-11-25", "2026-12-02", "2026-12-09"]


@pytest.mark.parametrize(
    ("starts_on", "month_day", "days"),
    [
        (date(2027, 1, 31), 31, ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"]),
        (date(2028, 1, 30), 30, ["2028-01-30", "2028-02-29", "2028-03-30"]),
        (date(2026, 12, 16), 15, ["2027-01-15", "2027-02-15"]),
        (date(2026, 12, 15), 15, ["2026-12-15", "2027-01-15"]),
    ],
)
def test_a_month_without_the_day_orders_on_its_last(starts_on: date, month_day: int, days: list[str]) -> None:
    assert _first(_schedule("monthly", starts_on, month_day=month_day), len(days)) == days


def test_last_day_is_kept_and_nothing_comes_after_it() -> None:
    weekly = _schedule("weekly", date(2026, 11, 20), weekday=5, ends_on=date(2026, 12, 4))
    assert _first(weekly, 9) == ["2026-11-20", "2026-11-27", "2026-12-04"]
    assert weekly.days_after(date(2026, 11, 27), 3) == [date(2026, 12, 4)]
    assert weekly.first_after(datetime(2026, 12, 4, 7, 0, tzinfo=UTC)) is None


@pytest.mark.parametrize(
    ("day", "at", "utc"),
    [
        (date(2027, 3, 27), time(8), datetime(2027, 3, 27, 7, tzinfo=UTC)),
        (date(2027, 3, 28), time(8), datetime(2027, 3, 28, 6, tzinfo=UTC)),
        # 02:30 does not exist that night; it counts as 03:30 by the new clock.
        (date(2027, 3, 28), time(2, 30), datetime(2027, 3, 28, 1, 30, tzinfo=UTC)),
        # 02:30 comes twice that night; the first one counts.
        (date(2026, 10, 25), time(2, 30), datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (date(2026, 10, 25), time(8), datetime(2026, 10, 25, 7, tzinfo=UTC)),
    ],
)
def test_time_of_day_stays_through_clock_changes(day: date, at: time, utc: datetime) -> None:
    assert _schedule("once", day, time_of_day=at).due_at(day) == utc


def test_days_whose_time_has_come_end_at_the_minute() -> None:
    weekly = _schedule("weekly", date(2026, 11, 20), weekday=5)
    third = weekly.due_at(date(2026, 12, 4))
    assert weekly.due_until(date(2026, 11, 27), third) == [date(2026, 11, 27), date(2026, 12, 4)]
    assert weekly.due_until(date(2026, 11, 27), third - timedelta(seconds=1)) == [date(2026, 11, 27)]


@pytest.mark.parametrize(
    ("fault", "schedule", "times"),
    [
        ("", _schedule("weekly", date(2026, 11, 20), weekday=5), 3),
        ("Its first time has passed.", _schedule("once", date(2026, 11, 19)), None),
        ("It ends before", _schedule("once", date(2026, 11, 20), ends_on=date(2026, 11, 19)), None),
        ("A weekday", _schedule("weekly", date(2026, 11, 20), weekday=8), None),
        ("A day of the month", _schedule("monthly", date(2026, 11, 20), month_day=32), None),
        ("It orders 1 to", _schedule("weekly", date(2026, 11, 20), weekday=5), 0),
        ("It begins within", _schedule("once", date(2029, 11, 20)), None),
    ],
)
def test_schedule_without_sense_says_why(fault: str, schedule: Schedule, times: int | None) -> None:
    if schedule.month_day == 32 or schedule.weekday == 8:
        schedule = Schedule("once", date(2026, 11, 20), time(8), BERLIN, schedule.weekday, schedule.month_day)
    found = schedule_fault(schedule, times, datetime(2026, 11, 19, 12, tzinfo=UTC))
    assert found[: len(fault) or None] == fault
