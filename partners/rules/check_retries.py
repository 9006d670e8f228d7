"""When a check whose source did not answer is asked again."""

from datetime import datetime, timedelta

# P-CHK-1: a source that is away is asked again, ever less often, for five days; then a person decides.
WAITS = (timedelta(minutes=5), timedelta(minutes=30), timedelta(hours=2), timedelta(hours=12))
LATER_WAIT = timedelta(days=1)
GIVE_UP_AFTER = timedelta(days=5)


def next_try_at(
    *, attempts: int, requested_at: datetime, at: datetime, retry_after: timedelta | None = None
) -> datetime | None:
    """Return when to ask again after this many vain attempts, None when it is given up.

    A source that names a longer wait of its own is obeyed.
    """
    wait = WAITS[attempts - 1] if attempts <= len(WAITS) else LATER_WAIT
    due = at + max(wait, retry_after or wait)
    return due if due <= requested_at + GIVE_UP_AFTER else None
