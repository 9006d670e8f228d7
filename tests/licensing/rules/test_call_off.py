"""The arithmetic of the next call-off."""

from datetime import date, timedelta

import pytest

from licensing.rules.call_off import Terms, propose, rounded
from licensing.rules.forecast import Arrival, forecast

TODAY = date(2026, 11, 23)
STEADY = [10] * 84


def test_steady_use_over_lead_time_and_review_less_what_there_is() -> None:
    found = forecast(
        STEADY, stock=100, backordered=20, today=TODAY,
        arrivals=[Arrival(TODAY + timedelta(days=5), 50), Arrival(TODAY - timedelta(days=5), 30)],
    )  # fmt: skip
    made = propose(found, Terms(lead_time_days=14, review_days=7))
    assert (made.use, made.backordered, made.free, made.arriving, made.late) == (210, 20, 100, 50, 30)
    assert 20 < made.safety < 40
    assert made.need == 210 + made.safety + 20 - 100 - 50 - 30
    assert made.quantity == made.need


def test_without_a_pace_only_the_queue_is_called_off() -> None:
    made = propose(forecast([], stock=5, backordered=12, today=TODAY), Terms(pack_size=5))
    assert (made.use, made.safety, made.need, made.quantity) == (None, 0, 7, 10)


def test_without_use_nothing_is_called_off() -> None:
    made = propose(forecast([0] * 84, stock=5, today=TODAY), Terms())
    assert (made.use, made.safety, made.quantity) == (0, 0, 0)


@pytest.mark.parametrize(
    ("need", "pack", "minimum", "quantity"),
    [(-3, 10, 50, 0), (0, 10, 50, 0), (1, 10, 50, 50), (51, 10, 50, 60), (60, 10, 50, 60), (7, 25, 30, 50)],
)
def test_quantity_is_whole_packs_and_the_minimum_at_least(
    need: int, pack: int, minimum: int, quantity: int
) -> None:
    assert rounded(need, Terms(pack_size=pack, minimum=minimum)) == quantity
