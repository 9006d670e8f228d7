"""What an estimate may hold and for how long: pure rules (PRC-8)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal, refuse

MOST_LINES = 20


@dataclass(frozen=True, slots=True)
class Repriced:
    """A line whose price is another one today; ``after`` is None where it cannot be ordered."""

    product: str
    quantity: int
    before: Decimal
    after: Decimal | None

    @property
    def difference(self) -> Decimal | None:
        """Return what the line costs more today."""
        return None if self.after is None else (self.after - self.before) * self.quantity


def holds_until(at: datetime, *, notice_days: int, changes: Sequence[datetime]) -> datetime:
    """Return how long an estimate's prices hold: the notice of a dearer price, or the next announced change.

    No dearer price of a book can come sooner, since it would have needed that notice.
    """
    return min([at + timedelta(days=max(notice_days, 1)), *(change for change in changes if change > at)])


def cannot_estimate(what: str, facts: dict[str, Any], *, alone: str = "") -> Refusal:
    """Return the refusal to write an estimate; ``alone`` is the code of a product that only its own form orders."""
    next_step = _("Name 1 to 20 products of your catalogue with a price, each once, with a quantity.")
    if alone:
        next_step = _("Leave it out here, and order it by its own form.")
    return refuse(
        "estimate_field",
        what,
        rule="PRC-8",
        facts=facts,
        next_step=next_step,
        lifted_by=_("You"),
        fix_path=f"/tpr/order/{alone}/" if alone else "",
    )


def details_of_another(code: str) -> Refusal:
    """Return the refusal of details for a product that the estimate does not hold."""
    return refuse(
        "estimate_details",
        _("There are details for a product that is not on this estimate."),
        rule="PRC-8",
        facts={_("Product"): code[:30]},
        next_step=_("Send the details of each product under its own code, as it stands on the estimate."),
        lifted_by=_("You"),
    )


def estimate_closed(state: str) -> Refusal:
    """Return the refusal of a second order from one estimate."""
    return refuse(
        "estimate_closed",
        _("This estimate was ordered or withdrawn before."),
        rule="PRC-8",
        facts={_("State"): state},
        next_step=_("Look at its orders, or write a new estimate."),
        lifted_by=_("Nobody: an estimate is ordered once"),
    )


def estimate_repriced(before: Decimal, after: Decimal, currency: str, *, has_lapsed: bool) -> Refusal:
    """Return the refusal to order by a price that the buyer has not seen."""
    return refuse(
        "estimate_repriced",
        _("The estimate has lapsed; today it costs something else.")
        if has_lapsed
        else _("Today it costs something else than estimated."),
        rule="PRC-8",
        facts={
            _("Estimated"): f"{before} {currency}",
            _("Today"): f"{after} {currency}",
            _("Difference"): f"{after - before:+} {currency}",
        },
        next_step=_("Look at the difference, then order at today’s price."),
        lifted_by=_("You"),
    )
