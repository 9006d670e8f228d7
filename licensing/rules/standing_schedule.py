"""When a standing order orders, as pure arithmetic of days: STO-2 of docs/domain-rules.md."""

from calendar import monthrange
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, takewhile
from zoneinfo import ZoneInfo

ONCE, WEEKLY, MONTHLY = "once", "weekly", "monthly"
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Schedule:
    """Once on ``starts_on``, or from it on every week or month, at a time of day in a zone.

    ``weekday`` counts from Monday as 1. A ``month_day`` past a month's end is its last day.
    """

    cadence: str
    starts_on: date
    time_of_day: time
    zone: ZoneInfo
    weekday: int | None = None
    month_day: int | None = None
    ends_on: date | None = None

    def days(self) -> Iterator[date]:
        """Yield its days; without ``ends_on`` they never end, but with the calendar."""
        days = {ONCE: self._once, WEEKLY: self._weeks, MONTHLY: self._months}[self.cadence]()
        return takewhile(lambda day: self.ends_on is None or day <= self.ends_on, days)

    def days_after(self, day: date, count: int) -> list[date]:
        """Return the next days after one, at most so many."""
        return list(islice((each for each in self.days() if each > day), count))

    def due_at(self, day: date) -> datetime:
        """Return the instant it orders on a day.

        A time that the clock leaps over counts as if it had not leapt, so one hour later by the new clock; of
        one that comes twice the first counts.
        """
        return datetime.combine(day, self.time_of_day, tzinfo=self.zone).astimezone(UTC)

    def due_until(self, first: date, at: datetime) -> list[date]:
        """Return the days from ``first`` on whose time has come."""
        waiting = (day for day in self.days() if day >= first)
        return list(takewhile(lambda day: self.due_at(day) <= at, waiting))

    def first_after(self, at: datetime) -> date | None:
        """Return its first day whose time is still to come, None when all are over."""
        return next((day for day in self.days() if self.due_at(day) > at), None)

    def _once(self) -> Iterator[date]:
        yield self.starts_on

    def _weeks(self) -> Iterator[date]:
        day = self.starts_on + timedelta(days=((self.weekday or 1) - self.starts_on.isoweekday()) % 7)
        while day <= date.max - WEEK:
            yield day
            day += WEEK

    def _months(self) -> Iterator[date]:
        year, month = self.starts_on.year, self.starts_on.month
        while year < date.max.year:
            day = date(year, month, min(self.month_day or 1, monthrange(year, month)[1]))
            if day >= self.starts_on:
                yield day
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
