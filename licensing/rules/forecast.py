"""When a stock runs dry, from the use of the past weeks. Deterministic; every figure used stands in the result.

Whole weeks are looked at, twelve at most. A single week far above the others counts in part (an order that
comes once), two in a row count whole (a change). Recent weeks weigh more. A trend is taken only where the weeks
really rise or fall (Mann-Kendall), its slope is the median of all slopes (Theil-Sen), and it fades: nobody's use
doubles for ever. The use of a week is dealt out over its days by their shares in the past. The earliest and the
latest day hold in about eight cases of ten. Docs: docs/stock-forecast.md.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from enum import StrEnum
from itertools import combinations
from statistics import median

WINDOW_WEEKS = 12
LEAST_WEEKS = 2
LEAST_USE_DAYS = 2
SPIKE_WEEKS = 4  # fewer weeks cannot tell a spike from the usual
TREND_WEEKS = 6
HORIZON_DAYS = 365
CHART_DAYS = 84
AGEING = Decimal("0.84")  # a week's weight against the next one's: half after four weeks
FADING = Decimal("0.8")  # of a trend, from week to week
SIGNIFICANT = Decimal("2.71")  # z squared of one chance in twenty, one-sided
WIDTH = Decimal("1.28")  # standard deviations that hold eight cases of ten
HALF_A_KEY = Decimal("0.5")
DAYS = 7
_PLACES = Decimal("0.01")


class Answer(StrEnum):
    """What can be said."""

    DRY = "dry"
    DATED = "dated"
    LATER = "later"
    NEVER = "never"
    TOO_LITTLE = "too_little"


class Confidence(StrEnum):
    """How much the answer bears."""

    GOOD = "good"
    FAIR = "fair"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class Week:
    """Seven days: what was used, and how much of it counts."""

    starts_on: date
    used: int
    counted: Decimal

    @property
    def is_spike(self) -> bool:
        """Return whether part of the week was left out."""
        return self.counted < self.used


@dataclass(frozen=True, slots=True)
class Pace:
    """How fast stock is used: keys a week now, what is added each week, each weekday's share, Monday first.

    ``spread`` is the standard deviation of a week around this line, in keys.
    """

    weeks: tuple[Week, ...]
    per_week: Decimal
    trend: Decimal
    weekdays: tuple[Decimal, ...]
    spread: Decimal

    @property
    def confidence(self) -> Confidence:
        """Return how much a forecast by this pace bears."""
        if len(self.weeks) < SPIKE_WEEKS or self.spread > self.per_week:
            return Confidence.LOW
        if len(self.weeks) >= 8 and 3 * self.spread <= self.per_week:
            return Confidence.GOOD
        return Confidence.FAIR


@dataclass(frozen=True, slots=True)
class Arrival:
    """Keys that are on their way, and the day they are expected."""

    expected_on: date
    quantity: int


@dataclass(frozen=True, slots=True)
class StockDay:
    """What is left at the end of a day: likely, at the fast end and at the slow end; never below nought."""

    on: date
    likely: int
    fast: int
    slow: int


@dataclass(frozen=True, slots=True)
class Forecast:
    """The answer with its reasons. Days are None where they lie beyond a year; late arrivals are not counted."""

    answer: Answer
    today: date
    stock: int
    backordered: int
    days_known: int
    pace: Pace | None = None
    early_on: date | None = None
    likely_on: date | None = None
    late_on: date | None = None
    arriving: tuple[Arrival, ...] = ()
    overdue: tuple[Arrival, ...] = ()
    path: tuple[StockDay, ...] = ()

    @property
    def days_of_cover(self) -> int | None:
        """Return for how many days the stock likely lasts, None when nothing says so or it is over a year."""
        if self.answer == Answer.DRY:
            return 0
        return (self.likely_on - self.today).days if self.likely_on else None


def forecast(
    history: Sequence[int],
    *,
    stock: int,
    today: date,
    backordered: int = 0,
    arrivals: Sequence[Arrival] = (),
) -> Forecast:
    """Say when a stock runs dry. ``history`` is the net use of each day, oldest first, up to yesterday."""
    arriving = tuple(sorted((one for one in arrivals if one.expected_on >= today), key=_by_day))
    overdue = tuple(sorted((one for one in arrivals if one.expected_on < today), key=_by_day))
    pace = pace_of(history, today=today)

    def say(answer: Answer, *dates: date | None, path: tuple[StockDay, ...] = ()) -> Forecast:
        early, likely, late = dates or (None, None, None)
        return Forecast(
            answer,
            today,
            stock,
            backordered,
            len(history),
            pace,
            early,
            likely,
            late,
            arriving,
            overdue,
            path,
        )

    if stock - backordered <= 0:
        return say(Answer.DRY, today, today, today)
    if pace is None:
        return say(Answer.TOO_LITTLE)
    if not pace.per_week:
        return say(Answer.NEVER)
    found, path = _run_down(pace, stock - backordered, today, arriving)
    return say(Answer.DATED if found[1] else Answer.LATER, *found, path=path)


def pace_of(history: Sequence[int], *, today: date) -> Pace | None:
    """Return the pace of the past weeks; None where too little is known to name one."""
    count = min(len(history) // DAYS, WINDOW_WEEKS)
    if count < LEAST_WEEKS:
        return None
    used_days = [max(one, 0) for one in history[-count * DAYS :]]
    if any(used_days) and sum(1 for one in used_days if one) < LEAST_USE_DAYS:
        return None
    begins = today - timedelta(days=count * DAYS)
    used = [max(sum(history[len(history) - count * DAYS :][i : i + DAYS]), 0) for i in _starts(count)]
    counted = _without_spikes(used)
    weeks = tuple(
        Week(begins + timedelta(weeks=place), used[place], counted[place]) for place in range(count)
    )
    trend = _trend(counted)
    last = count - 1
    weights = [AGEING ** (last - place) for place in range(count)]
    levelled = (
        weight * (value - trend * (place - last))
        for place, (weight, value) in enumerate(zip(weights, counted, strict=True))
    )
    level = sum(levelled, Decimal(0)) / sum(weights, Decimal(0))
    level = max(level, Decimal(0))
    return Pace(
        weeks,
        level.quantize(_PLACES),
        trend.quantize(_PLACES),
        _weekdays(used_days, used, counted, begins),
        _spread(counted, level, trend).quantize(_PLACES),
    )


def use_over(pace: Pace, days: int, *, today: date) -> tuple[Decimal, Decimal]:
    """Return the expected use of the next days and its standard deviation, in keys."""
    total = Decimal(0)
    for _on, total in _day_by_day(pace, today, days):  # noqa: B007  (the last sum is wanted)
        pass
    return total, _deviation(pace, days)


def _by_day(one: Arrival) -> tuple[date, int]:
    return one.expected_on, one.quantity


def _starts(count: int) -> range:
    return range(0, count * DAYS, DAYS)


def _without_spikes(used: Sequence[int]) -> list[Decimal]:
    """Return each week's use, a single week far above the others cut down to the most that is still usual."""
    values = [Decimal(one) for one in used]
    if len(used) < SPIKE_WEEKS:
        return values
    middle = Decimal(median(used))
    away = Decimal(median(abs(one - middle) for one in values))
    most = max(2 * middle, middle + 6 * away) if middle else 2 * sorted(values)[-2]
    if not most:
        return values

    def is_alone(place: int) -> bool:
        beside = values[max(place - 1, 0) : place] + values[place + 1 : place + 2]
        return all(one <= most for one in beside)

    return [min(one, most) if is_alone(place) else one for place, one in enumerate(values)]


def _trend(weeks: Sequence[Decimal]) -> Decimal:
    """Return what each week adds, nought where the weeks do not really rise or fall."""
    n = len(weeks)
    if n < TREND_WEEKS:
        return Decimal(0)
    pairs = list(combinations(range(n), 2))
    score = sum((weeks[b] > weeks[a]) - (weeks[b] < weeks[a]) for a, b in pairs)
    variance = Decimal(n * (n - 1) * (2 * n + 5)) / 18
    if max(abs(score) - 1, 0) ** 2 <= SIGNIFICANT * variance:
        return Decimal(0)
    return Decimal(median((weeks[b] - weeks[a]) / (b - a) for a, b in pairs))


def _weekdays(
    days: Sequence[int], used: Sequence[int], counted: Sequence[Decimal], begins: date
) -> tuple[Decimal, ...]:
    """Return each weekday's share of a week; few weeks pull it towards an even week."""
    sums = [Decimal(0)] * DAYS
    for place, value in enumerate(days):
        week = place // DAYS
        weight = counted[week] / used[week] if used[week] else Decimal(0)
        sums[(begins + timedelta(days=place)).weekday()] += value * weight
    whole, weeks = sum(sums), len(used)
    if not whole:
        return (Decimal(1) / DAYS,) * DAYS
    return tuple((weeks * one / whole + Decimal(1) / DAYS) / (weeks + 1) for one in sums)


def _spread(weeks: Sequence[Decimal], level: Decimal, trend: Decimal) -> Decimal:
    """Return how far a week lies from the line, at least what pure chance does to a count."""
    last = len(weeks) - 1
    away = (one - level - trend * (place - last) for place, one in enumerate(weeks))
    squares = sum((one * one for one in away), Decimal(0))
    return max((squares / last).sqrt(), level.sqrt())


def _rate(pace: Pace, ahead: int) -> Decimal:
    """Return the keys of the week so many weeks ahead; the trend fades and never halves or doubles the pace."""
    faded = FADING * (1 - FADING**ahead) / (1 - FADING)
    return min(max(pace.per_week + pace.trend * faded, pace.per_week / 2), pace.per_week * 2)


def _day_by_day(pace: Pace, today: date, days: int) -> Iterator[tuple[date, Decimal]]:
    total = Decimal(0)
    for place in range(days):
        on = today + timedelta(days=place)
        total += _rate(pace, place // DAYS + 1) * pace.weekdays[on.weekday()]
        yield on, total


def _deviation(pace: Pace, days: int) -> Decimal:
    """Return the standard deviation of the use of so many days: chance of the days, and doubt of the pace."""
    weeks = Decimal(days) / DAYS
    return pace.spread * (weeks + weeks * weeks / len(pace.weeks)).sqrt()


def _run_down(
    pace: Pace, free: int, today: date, arriving: Sequence[Arrival]
) -> tuple[list[date | None], tuple[StockDay, ...]]:
    """Return the earliest, likely and latest day without stock, and what is left on the way there."""
    found: list[date | None] = [None, None, None]
    path: list[StockDay] = []
    coming = list(arriving)
    for place, (on, total) in enumerate(_day_by_day(pace, today, HORIZON_DAYS)):
        while coming and coming[0].expected_on <= on:
            free += coming.pop(0).quantity
        doubt = WIDTH * _deviation(pace, place + 1)
        left = [free - total - doubt, free - total, free - total + doubt]
        for which, rest in enumerate(left):
            if found[which] is None and rest < HALF_A_KEY:
                found[which] = on
        if place < CHART_DAYS:
            fast, likely, slow = (max(int(rest), 0) for rest in left)
            path.append(StockDay(on, likely, fast, slow))
        if all(found):
            break
    return found, tuple(path)
