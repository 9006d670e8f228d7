"""Keep statements over thousands of rows linear, whatever the planner believes about the tables."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection


@contextmanager
def set_based_plans() -> Iterator[None]:
    """Join by hashing inside, in the running transaction.

    A table that was just filled has statistics of an empty one. The planner then joins row by row, and
    5,000 lines take minutes instead of a second (measured: 2,000 lines 7 s and growing by the square).
    """
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop = off")
    yield
    # Not after an error: the rollback that follows sets it back.
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_nestloop TO DEFAULT")
