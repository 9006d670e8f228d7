"""The forecast of the day without stock, on histories whose right answer is known."""

import random
from datetime import date, timedelta
from decimal import Decimal

import pytest

from licensing.rules.forecast import Answer, Arrival, Confidence, Forecast, forecast, pace_of, use_over

TODAY = date(2026, 11, 23)  # a Monday
STEADY = [10] * 84


def days_until(found: Forecast) -> tuple[int | None, ...]:
    return tuple((on - TODAY).days if on else None for on in (found.early_on, found.likely_on, found.late_on))


def noisy(per_day: float, *, growth: float = 0.0, weeks: int = 12, seed: int = 1) -> list[int]:
    chance = random.Random(seed)
    return [max(round(chance.gauss(per_day + growth * day / 7, per_day**0.5)), 0) for day in range(weeks * 7)]


def test_steady_use_ends_on_the_day_that_division_gives() -> None:
    found = forecast(STEADY, stock=300, today=TODAY)
    assert found.answer == Answer.DATED
    assert days_until(found)[1] == 29
    assert found.pace is not None
    assert (found.pace.per_week, found.pace.trend, found.pace.confidence) == (70, 0, Confidence.GOOD)


@pytest.mark.parametrize("seed", range(8))
def test_noise_moves_the_day_by_a_sixth_at_most_and_the_interval_holds_it(seed: int) -> None:
    early, likely, late = days_until(forecast(noisy(10, seed=seed), stock=300, today=TODAY))
    assert likely is not None
    assert 25 <= likely <= 34
    assert early is not None
    assert late is not None
    assert early < likely < late


@pytest.mark.parametrize("seed", range(4))
def test_growth_is_carried_on_and_fades(seed: int) -> None:
    """At 10 a day and one more each week it is 22 a day after twelve weeks; 600 keys then last 24 to 27 days."""
    found = forecast(noisy(10, growth=1, seed=seed), stock=600, today=TODAY)
    assert found.pace is not None
    assert found.pace.trend > 4
    assert found.likely_on is not None
    assert 22 <= (found.likely_on - TODAY).days <= 29


def test_shrinking_use_lasts_longer_than_its_mean_says() -> None:
    falling = [max(24 - week, 0) for week in range(12) for _ in range(7)]
    found = forecast(falling, stock=300, today=TODAY)
    mean = 300 / (sum(falling) / 84)
    assert found.likely_on is not None
    assert (found.likely_on - TODAY).days > mean


def test_weekly_rhythm_never_ends_on_a_day_without_use() -> None:
    """Twenty on each working day, nothing at weekends: 250 keys end in the third week, on a working day."""
    rhythm = [20 if (TODAY - timedelta(days=84 - day)).weekday() < 5 else 0 for day in range(84)]
    found = forecast(rhythm, stock=250, today=TODAY)
    assert found.likely_on == date(2026, 12, 9)
    assert found.pace is not None
    saturday, monday = found.pace.weekdays[5], found.pace.weekdays[0]
    assert saturday < Decimal("0.02") < Decimal("0.18") < monday
    assert sum(found.pace.weekdays) == pytest.approx(1)


def test_sparse_use_gives_a_wide_interval_of_low_confidence() -> None:
    """Thirty keys every third week are ten a week: 60 last six weeks, give or take much."""
    sparse = [30 if day % 21 == 10 else 0 for day in range(84)]
    found = forecast(sparse, stock=60, today=TODAY)
    early, likely, late = days_until(found)
    assert likely is not None
    assert 28 <= likely <= 56
    assert early is not None
    assert early < 25
    assert late is None or late > 60
    assert found.pace is not None
    assert found.pace.confidence == Confidence.LOW


def test_single_spike_counts_in_part() -> None:
    spiked = [*STEADY]
    spiked[40] += 700
    found = forecast(spiked, stock=300, today=TODAY)
    assert found.pace is not None
    assert [week.is_spike for week in found.pace.weeks].count(True) == 1
    assert 24 <= (found.likely_on or TODAY).toordinal() - TODAY.toordinal() <= 29


def test_two_high_weeks_in_a_row_are_a_change_and_count_whole() -> None:
    changed = [10] * 56 + [30] * 28
    found = forecast(changed, stock=300, today=TODAY)
    assert found.pace is not None
    assert not any(week.is_spike for week in found.pace.weeks)
    assert found.pace.per_week > 130


@pytest.mark.parametrize(
    ("history", "answer"),
    [
        ([5] * 13, Answer.TOO_LITTLE),
        ([], Answer.TOO_LITTLE),
        ([0] * 50 + [40] + [0] * 33, Answer.TOO_LITTLE),
        ([0] * 84, Answer.NEVER),
        ([1, 0, 0, 0, 0, 0, 0] * 12, Answer.LATER),
    ],
)
def test_what_cannot_be_dated_is_said_and_not_guessed(history: list[int], answer: Answer) -> None:
    found = forecast(history, stock=400, today=TODAY)
    assert (found.answer, found.likely_on) == (answer, None)


def test_stock_that_the_queue_takes_is_dry_today() -> None:
    found = forecast(STEADY, stock=40, backordered=40, today=TODAY)
    assert (found.answer, found.likely_on, found.days_of_cover) == (Answer.DRY, TODAY, 0)


def test_arrival_in_time_counts_and_a_late_one_does_not() -> None:
    coming = Arrival(TODAY + timedelta(days=12), 100)
    late = Arrival(TODAY - timedelta(days=1), 100)
    found = forecast(STEADY, stock=200, today=TODAY, arrivals=[coming, late])
    assert days_until(found)[1] == 29
    assert (found.arriving, found.overdue) == ((coming,), (late,))


def test_arrival_after_the_dry_day_does_not_hide_it() -> None:
    found = forecast(STEADY, stock=100, today=TODAY, arrivals=[Arrival(TODAY + timedelta(days=20), 500)])
    assert days_until(found)[1] == 9


def test_same_history_gives_the_same_forecast_and_returns_lower_the_use() -> None:
    history = noisy(10)
    assert forecast(history, stock=90, today=TODAY) == forecast(history, stock=90, today=TODAY)
    pace = pace_of([14, -4, 10, 10, 10, 10, 10] * 12, today=TODAY)
    assert pace is not None
    assert pace.per_week == 60


def test_use_over_days_grows_with_them_and_so_does_its_doubt() -> None:
    pace = pace_of(STEADY, today=TODAY)
    assert pace is not None
    (two, doubt_two), (four, doubt_four) = (use_over(pace, days, today=TODAY) for days in (14, 28))
    assert (two, four) == (pytest.approx(140), pytest.approx(280))
    assert doubt_two < doubt_four
