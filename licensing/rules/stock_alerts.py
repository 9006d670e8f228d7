"""When a product counts as low, when it no longer does, and when an alarm counts as undelivered."""

from datetime import timedelta

# An alarm of which no mail was accepted so long after it was queued is itself alarming.
UNDELIVERED_AFTER = timedelta(minutes=10)
FIRST_RETRY, LONGEST_RETRY = timedelta(minutes=1), timedelta(hours=1)
MAX_ATTEMPTS = 30
# A test that failed counts as open until a mail gets through, a week at most.
TEST_COUNTS_FOR = timedelta(days=7)


def is_low(value: int | None, *, below: int, margin_percent: int, was_low: bool) -> bool:
    """Return whether stock is low now; a margin above the threshold keeps the alarm from fluttering.

    A value nobody can compute changes nothing.
    """
    if value is None:
        return was_low
    if not was_low:
        return value < below
    return value * 100 < below * (100 + margin_percent)


def ends_at(below: int, margin_percent: int) -> int:
    """Return the least value at which an alarm is over."""
    return -(-below * (100 + margin_percent) // 100)


def retry_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many failed attempts, None when it is given up."""
    if attempts >= MAX_ATTEMPTS:
        return None
    return min(FIRST_RETRY * (1 << min(attempts - 1, 10)), LONGEST_RETRY)
