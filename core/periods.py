"""Calendar months in the MAR's own zone, as half-open ranges of UTC instants."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True, order=True)
class Period:
    """One calendar month."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> "Period":
        """Return the period written as YYYY-MM.

        :raises ValueError: for any other text.
        """
        parsed = datetime.strptime(text, "%Y-%m")
        return cls(parsed.year, parsed.month)

    @classmethod
    def containing(cls, at: datetime, zone: ZoneInfo) -> "Period":
        """Return the month of the zone in which the instant lies."""
        local = at.astimezone(zone)
        return cls(local.year, local.month)

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"

    @property
    def first_day(self) -> date:
        """Return the month's first day."""
        return date(self.year, self.month, 1)

    def next(self) -> "Period":
        """Return the following month."""
        return Period(self.year + self.month // 12, self.month % 12 + 1)

    def previous(self) -> "Period":
        """Return the month before."""
        return Period(self.year - (self.month == 1), (self.month - 2) % 12 + 1)

    def starts_at(self, zone: ZoneInfo) -> datetime:
        """Return the UTC instant at which the month begins in the zone."""
        return datetime(self.year, self.month, 1, tzinfo=zone).astimezone(UTC)

    def ends_before(self, zone: ZoneInfo) -> datetime:
        """Return the UTC instant at which the next month begins: the exclusive end."""
        return self.next().starts_at(zone)
