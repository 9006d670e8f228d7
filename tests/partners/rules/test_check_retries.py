"""When a source that did not answer is asked again."""

from datetime import UTC, datetime, timedelta

import pytest

from partners.rules.check_retries import GIVE_UP_AFTER, next_try_at

AT = datetime(2026, 11, 15, 18, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("attempts", "wait"),
    [
        (1, timedelta(minutes=5)),
        (2, timedelta(minutes=30)),
        (3, timedelta(hours=2)),
        (4, timedelta(hours=12)),
        (5, timedelta(days=1)),
        (9, timedelta(days=1)),
    ],
)
def test_the_waits_grow(attempts, wait):
    assert next_try_at(attempts=attempts, requested_at=AT, at=AT) == AT + wait


def test_a_source_that_names_a_longer_wait_is_obeyed_and_a_shorter_one_is_not():
    longer, shorter = timedelta(hours=1), timedelta(seconds=1)
    assert next_try_at(attempts=1, requested_at=AT, at=AT, retry_after=longer) == AT + longer
    assert next_try_at(attempts=1, requested_at=AT, at=AT, retry_after=shorter) == AT + timedelta(minutes=5)


def test_after_five_days_it_is_given_up_and_not_a_second_earlier():
    last = AT + GIVE_UP_AFTER - timedelta(days=1)
    assert next_try_at(attempts=7, requested_at=AT, at=last) == AT + GIVE_UP_AFTER
    assert next_try_at(attempts=7, requested_at=AT, at=last + timedelta(seconds=1)) is None


def test_the_whole_plan_ends():
    at, attempts = AT, 1
    while (due := next_try_at(attempts=attempts, requested_at=AT, at=at)) is not None:
        at, attempts = due, attempts + 1
    assert (attempts, at - AT) == (9, timedelta(days=4, hours=14, minutes=35))
