"""Months at their edges: summer time, the last day, the year's end, two zones."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from core.periods import Period
from reporting.selectors.periods import is_closed, last_closed_period

BERLIN, AUCKLAND, ZULU = ZoneInfo("Europe/Berlin"), ZoneInfo("Pacific/Auckland"), ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("period", "start", "end", "hours"),
    [
        (Period(2026, 3), datetime(2026, 2, 28, 23, tzinfo=UTC), datetime(2026, 3, 31, 22, tzinfo=UTC), 743),
        (
            Period(2026, 10),
            datetime(2026, 9, 30, 22, tzinfo=UTC),
            datetime(2026, 10, 31, 23, tzinfo=UTC),
            745,
        ),
        (Period(2026, 2), datetime(2026, 1, 31, 23, tzinfo=UTC), datetime(2026, 2, 28, 23, tzinfo=UTC), 672),
        (Period(2028, 2), datetime(2028, 1, 31, 23, tzinfo=UTC), datetime(2028, 2, 29, 23, tzinfo=UTC), 696),
        (
            Period(2026, 12),
            datetime(2026, 11, 30, 23, tzinfo=UTC),
            datetime(2026, 12, 31, 23, tzinfo=UTC),
            744,
        ),
    ],
    ids=str,
)
def test_months_of_berlin_begin_and_end_at_local_midnight(
    period: Period, start: datetime, end: datetime, hours: int
) -> None:
    assert (period.starts_at(BERLIN), period.ends_before(BERLIN)) == (start, end)
    assert end - start == timedelta(hours=hours)
    assert period.next().starts_at(BERLIN) == end


def test_end_is_exclusive_to_the_microsecond() -> None:
    end = Period(2026, 10).ends_before(BERLIN)
    assert Period.containing(end, BERLIN) == Period(2026, 11)
    assert Period.containing(end - timedelta(microseconds=1), BERLIN) == Period(2026, 10)


def test_same_instant_lies_in_different_months_of_different_zones() -> None:
    instant = datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    assert Period.containing(instant, ZULU) == Period(2026, 12)
    assert Period.containing(instant, BERLIN) == Period(2027, 1)
    assert Period.containing(datetime(2026, 10, 31, 11, tzinfo=UTC), AUCKLAND) == Period(2026, 11)


def test_year_turns_both_ways() -> None:
    assert Period(2026, 12).next() == Period(2027, 1)
    assert Period(2027, 1).previous() == Period(2026, 12)
    assert Period.parse("2027-01") == Period(2027, 1)


@pytest.mark.parametrize("text", ["2027-13", "2027", "Oct 2027", "2027-1-1", ""])
def test_other_texts_are_no_month(text: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        Period.parse(text)


def test_last_closed_month_changes_one_hour_after_local_midnight() -> None:
    end = Period(2026, 12).ends_before(BERLIN)
    assert last_closed_period(at=end + timedelta(minutes=59), zone=BERLIN) == Period(2026, 11)
    assert last_closed_period(at=end + timedelta(hours=1), zone=BERLIN) == Period(2026, 12)
    assert not is_closed(Period(2026, 12), at=end, zone=BERLIN)
