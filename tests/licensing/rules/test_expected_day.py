"""By when a waiting order can be filled: what is on its way, else the pace of past deliveries."""

from datetime import date, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from licensing.rules.order_decision import expected_on
from licensing.rules.order_terms import DELIVERIES_LOOK_BACK

TODAY = date(2026, 11, 23)
SOON, LATER = TODAY + timedelta(days=3), TODAY + timedelta(days=30)
A_DAY = DELIVERIES_LOOK_BACK.days


@pytest.mark.parametrize(
    ("arriving", "delivered", "expected"),
    [
        ((), 0, None),
        ((), A_DAY, TODAY + timedelta(days=20)),
        (((SOON, 20),), 0, SOON),
        (((LATER, 10), (SOON, 10)), 0, LATER),
        (((SOON, 19),), 0, None),
        (((SOON, 19),), A_DAY, TODAY + timedelta(days=20)),
        (((TODAY - timedelta(days=1), 50),), 0, None),
    ],
)
def test_day_of_the_last_of_twenty_missing_keys(
    arriving: tuple[tuple[date, int], ...], delivered: int, expected: date | None
) -> None:
    facts: Any = SimpleNamespace(free_stock=5, queued=15, arriving=arriving, delivered=delivered)
    assert expected_on(facts, 10, TODAY) == expected
