"""The dates of a version of an agreement, as pure rules."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.utils.translation import gettext as _

from core.errors import Refusal, refuse

REMIND_BEFORE = (1, 7, 30)  # days


def days_until(moment: datetime, *, at: datetime, zone: ZoneInfo) -> int:
    """Return how many midnights of the zone lie between now and a moment; negative once it is past."""
    return (moment.astimezone(zone).date() - at.astimezone(zone).date()).days


def reminder_due(
    days_left: int, *, days_of_notice: int, steps: tuple[int, ...] = REMIND_BEFORE
) -> int | None:
    """Return which reminder is due with so many days left, None when there is none.

    A step that lies before the announcement itself is left out: the announcement said it already.
    """
    step = next((step for step in steps if days_left <= step), None)
    return step if step is not None and days_left >= 0 and days_of_notice > step else None


def check_dates(
    *,
    announced_at: datetime,
    effective_from: datetime,
    due_from: datetime,
    now: datetime,
    notice_days: int,
    waiver: str,
    zone: ZoneInfo,
) -> Refusal | None:
    """Return what is wrong with the dates of a new version, None when they stand in order.

    ``notice_days`` is 0 for the very first contract, which nobody can be surprised by.
    """
    if announced_at < now:
        return _refuse_dates(
            "announced_in_the_past",
            _("The announcement cannot lie in the past."),
            {_("Announced"): announced_at},
            _("Choose today or a later day."),
        )
    if effective_from < announced_at:
        return _refuse_dates(
            "effective_before_announced",
            _("A version cannot be in force before it is announced."),
            {_("Announced"): announced_at, _("In force from"): effective_from},
            _("Choose a later day for its entry into force."),
        )
    if due_from < effective_from:
        return _refuse_dates(
            "due_before_effective",
            _("A version cannot be demanded before it is in force."),
            {_("In force from"): effective_from, _("Must be accepted from"): due_from},
            _("Choose a due day on or after its entry into force."),
        )
    given = days_until(effective_from, at=announced_at, zone=zone)
    if given < notice_days and not waiver.strip():
        return refuse(
            "notice_too_short",
            _("Partners get %(days)s days' notice before new terms are in force.") % {"days": notice_days},
            rule="P-TERMS-4",
            facts={
                _("Days of notice"): given,
                _("Needed"): notice_days,
                _("Earliest day"): (announced_at.astimezone(zone) + timedelta(days=notice_days)).date(),
            },
            next_step=_("Choose a later day, or write why the notice has to be shorter."),
            lifted_by=_("You, with a reason that stays on record"),
        )
    return None


def _refuse_dates(code: str, what: str, facts: dict[str, datetime], next_step: str) -> Refusal:
    return refuse(code, what, rule="P-TERMS-3", facts=facts, next_step=next_step, lifted_by=_("You"))
