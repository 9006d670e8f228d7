"""Whether a price, a place on a book or a discount may stand: pure rules PRC-5 to PRC-7."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from core.errors import Refusal, refuse

LARGEST = Decimal("99999999.99")
SHORTEST_REASON = 5


def second_person(written_by: str, written_at: datetime) -> Refusal:
    """Return the refusal of whoever wrote it himself."""
    return refuse(
        "needs_another_person",
        _("What changes a price is approved by another person than the one who wrote it."),
        rule="PRC-6",
        facts={_("Written by"): written_by, _("Written"): written_at},
        next_step=_("Ask a MAR approver to look at it and approve it."),
        lifted_by=_("A MAR approver who is another person"),
    )


def not_open(state: str) -> Refusal:
    """Return the refusal of a step that begins elsewhere."""
    return refuse(
        "price_not_a_draft",
        _("It no longer stands where this step begins; somebody may have been first."),
        rule="PRC-6",
        facts={_("State"): state},
        next_step=_("Open it again to see how it stands. What was approved is followed by something new."),
    )


def check_announcement(
    *,
    amount: Decimal,
    before: Decimal | None,
    valid_from: datetime,
    at: datetime,
    notice_days: int,
    zone: ZoneInfo,
) -> Refusal | None:
    """Return what stands against announcing a price now: its day has passed, or a rise comes too soon."""
    facts: dict[str, Any] = {_("Valid from"): valid_from, _("Price"): str(amount)}
    if valid_from < at:
        what = _("The day from which this price counts has passed; a price never counts backwards.")
    elif before is not None and amount > before and valid_from < at + timedelta(days=notice_days):
        what = _("A dearer price is announced %(days)s days before it counts.") % {"days": notice_days}
        earliest = (at + timedelta(days=notice_days)).astimezone(zone).date()
        facts |= {_("Price before"): str(before), _("Earliest day"): earliest + timedelta(days=1)}
    else:
        return None
    return refuse(
        "price_too_soon",
        what,
        rule="PRC-5",
        facts=facts,
        next_step=_("Discard this draft and write one with a later day."),
        lifted_by=_("Whoever writes prices"),
    )


def price_there(valid_from: datetime) -> Refusal:
    """Return the refusal of a second price from the same instant on."""
    return refuse(
        "price_there",
        _("Another price of this product and quantity already begins at that moment."),
        rule="PRC-5",
        facts={_("Valid from"): valid_from},
        next_step=_("Withdraw the other one first, or choose another day."),
        lifted_by=_("Whoever writes prices"),
    )


def in_force(valid_from: datetime) -> Refusal:
    """Return the refusal to withdraw a price that counts."""
    return refuse(
        "price_in_force",
        _("This price already counts, so it is not withdrawn."),
        rule="PRC-5",
        facts={_("Valid from"): valid_from},
        next_step=_("Announce another price; it ends this one."),
        lifted_by=_("Nobody: orders were placed by it"),
    )


@dataclass(frozen=True, slots=True)
class WantedDeviation:
    """A discount as it is written, with what the partner would pay without."""

    amount: Decimal
    quantity: int
    valid_from: datetime
    valid_before: datetime
    reason: str
    currency: str
    pays: Decimal | None


def check_deviation(wanted: WantedDeviation, *, at: datetime, largest: int) -> Refusal | None:
    """Return what is wrong with a discount, None when nothing is."""
    facts: Mapping[str, Any] = {
        _("Discount price"): f"{wanted.amount} {wanted.currency}",
        _("Pays without"): f"{wanted.pays} {wanted.currency}" if wanted.pays is not None else "–",
    }
    if wanted.pays is None:
        what = _("The partner has no price of this product, so there is nothing to take off.")
    elif not 0 <= wanted.amount < wanted.pays:
        what = _("A discount is lower than what the partner pays.")
    elif not 1 <= wanted.quantity <= largest:
        what = _("A discount names how many licences it is for.")
    elif wanted.valid_from < at - timedelta(days=1) or wanted.valid_before <= max(wanted.valid_from, at):
        what = _("A discount has a first day and a day it ends, and never counts backwards.")
    elif len(wanted.reason.strip()) < SHORTEST_REASON:
        what = _("A discount carries its reason.")
    else:
        return None
    return refuse(
        "deviation_field",
        what,
        rule="PRC-7",
        facts=facts,
        next_step=_("Correct it and send it again."),
        lifted_by=_("You"),
    )


def check_pricing(
    *,
    currency: str,
    book_currency: str,
    valid_from: datetime,
    valid_before: datetime | None,
    reason: str,
    at: datetime,
) -> Refusal | None:
    """Return what stands against putting a partner on a book, None when nothing does."""
    if currency != book_currency:
        what = _("The partner pays in another currency than this book.")
    elif valid_from < at - timedelta(days=1) or (
        valid_before is not None and valid_before <= max(valid_from, at)
    ):
        what = _("A place on a book begins today or later, and ends after it began.")
    elif len(reason.strip()) < SHORTEST_REASON:
        what = _("A place on a book carries its reason.")
    else:
        return None
    return refuse(
        "pricing_field",
        what,
        rule="PRC-7",
        facts={_("Partner pays in"): currency, _("Book in"): book_currency, _("From"): valid_from},
        next_step=_("Correct it and send it again."),
        lifted_by=_("You"),
    )


def pricing_overlaps(book: str, valid_from: datetime, valid_before: datetime | None) -> Refusal:
    """Return the refusal of a second book at the same time."""
    return refuse(
        "pricing_overlaps",
        _("The partner is on another book in that time."),
        rule="PRC-7",
        facts={_("Book"): book, _("From"): valid_from, _("Until"): valid_before or "–"},
        next_step=_("End the other one first, or begin when it ends."),
        lifted_by=_("Whoever writes prices"),
    )
