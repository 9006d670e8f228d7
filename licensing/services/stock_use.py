"""Count what each day used of the stock, once the day is over."""

from datetime import datetime, timedelta

from django.db import connection, transaction

from licensing.locks import serialise
from licensing.selectors.stock_use import COUNT_USE, LOOK_BACK, counted_until, span_arguments
from partners.selectors.mar import mar_zone

# A step may be written a moment after midnight with a time before it.
COUNTED_AGAIN = timedelta(days=1)


@transaction.atomic
def count_use(*, at: datetime) -> int:
    """Count every day up to yesterday that was not counted; return how many rows were written.

    Safe to run at any time, any number of times. Runs in the MAR's scope.
    """
    serialise("stock.use")
    zone = mar_zone()
    today = at.astimezone(zone).date()
    counted = counted_until()
    first = max(counted - COUNTED_AGAIN, today - LOOK_BACK) if counted else today - LOOK_BACK
    last = today - timedelta(days=1)
    if first > last:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(COUNT_USE, span_arguments(first, last, zone))
        return int(cursor.rowcount)
