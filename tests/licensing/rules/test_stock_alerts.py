"""When stock is low, with a margin so that alarms do not flutter."""

import pytest

from licensing.rules.stock_alerts import MAX_ATTEMPTS, ends_at, is_low, retry_after


@pytest.mark.parametrize(
    ("value", "was_low", "low"),
    [
        (100, False, False),
        (99, False, True),
        (100, True, True),
        (109, True, True),
        (110, True, False),
        (0, False, True),
        (None, False, False),
        (None, True, True),
    ],
)
def test_low_begins_below_the_threshold_and_ends_a_margin_above_it(
    value: int | None, was_low: bool, low: bool
) -> None:
    assert is_low(value, below=100, margin_percent=10, was_low=was_low) is low


def test_end_is_named_as_a_whole_number() -> None:
    assert [ends_at(below, 10) for below in (100, 1, 14)] == [110, 2, 16]


def test_attempts_go_on_for_a_day_and_end() -> None:
    waits = [retry_after(attempt) for attempt in (1, 2, 6, 7, MAX_ATTEMPTS - 1)]
    assert [wait.total_seconds() / 60 if wait else None for wait in waits] == [1, 2, 32, 60, 60]
    assert retry_after(MAX_ATTEMPTS) is None
