"""What to call off at Microsoft next: use until the delivery after next, plus safety, less what there is.

A call-off made today arrives after the lead time, and must last until the one after it arrives: that one is made
a review period later. Safety covers nineteen cases of twenty by the spread of the forecast.
"""

from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

from licensing.rules.forecast import Forecast, use_over

SERVICE = Decimal("1.64")  # standard deviations that hold nineteen of twenty on one side


@dataclass(frozen=True, slots=True)
class Terms:
    """How a product is called off: days, keys of a pack, least keys; ``is_set`` is False for the house's default."""

    lead_time_days: int = 14
    review_days: int = 14
    pack_size: int = 1
    minimum: int = 1
    is_set: bool = False

    @property
    def days(self) -> int:
        """Return how long a call-off made today has to last."""
        return self.lead_time_days + self.review_days


@dataclass(frozen=True, slots=True)
class Proposal:
    """The arithmetic line by line, in keys. ``use`` is None where no pace is known: then only the queue counts."""

    terms: Terms
    use: int | None
    safety: int
    backordered: int
    free: int
    arriving: int
    late: int
    need: int
    quantity: int


def propose(found: Forecast, terms: Terms) -> Proposal:
    """Return how much to call off today; late call-offs count as coming, so that nothing is called off twice."""
    use, safety = None, 0
    if found.pace is not None:
        total, deviation = use_over(found.pace, terms.days, today=found.today)
        use, safety = _up(total), _up(SERVICE * deviation) if found.pace.per_week else 0
    arriving = sum(one.quantity for one in found.arriving)
    late = sum(one.quantity for one in found.overdue)
    need = (use or 0) + safety + found.backordered - found.stock - arriving - late
    return Proposal(
        terms, use, safety, found.backordered, found.stock, arriving, late, need, rounded(need, terms)
    )


def rounded(need: int, terms: Terms) -> int:
    """Return a need as it can be called off: nothing, or whole packs and the minimum at least."""
    if need <= 0:
        return 0
    wanted = max(need, terms.minimum)
    return -(-wanted // terms.pack_size) * terms.pack_size


def _up(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_CEILING))
