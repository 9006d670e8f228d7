from datetime import UTC, datetime, timedelta, timezone

import pytest

from reporting.renderers import report_tags


def test_counts_are_written_with_marks_and_nothing_is_a_dash() -> None:
    assert [report_tags.count(value) for value in (0, 7, 1234567)] == ["–", "7", "1,234,567"]
    assert report_tags.total(0) == "0"


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1.0 kB"),
        (15_249, "15.2 kB"),
        (20_000_000, "20.0 MB"),
        (3_456_000_000, "3.4 GB"),
    ],
)
def test_sizes_are_decimal(size: int, words: str) -> None:
    assert report_tags.size(size) == words


def test_instants_are_written_in_utc() -> None:
    instant = datetime(2026, 11, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))
    assert report_tags.utc(instant) == "2026-10-31 23:30 UTC"
    assert report_tags.utc_day(instant) == "2026-10-31"
    assert report_tags.utc(datetime(2026, 11, 1, tzinfo=UTC)) == "2026-11-01 00:00 UTC"


def test_months_and_days_are_words() -> None:
    assert report_tags.month("2026-10") == "October 2026"
    assert [report_tags.days(value) for value in (1, 2)] == ["1 day", "2 days"]


def test_long_names_may_break_between_their_words() -> None:
    assert report_tags.breakable("ActivationEnabled") == "Activation<wbr>Enabled<wbr>"
    assert report_tags.breakable("<b>") == "&lt;b&gt;<wbr>"
