"""What a standing order may be, and what is said when it cannot order: pure rules (STO-1 to STO-3)."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal, refuse
from licensing.rules.standing_schedule import MONTHLY, ONCE, WEEKLY, Schedule

MOST_LINES = 20
MOST_TIMES = 1000
LATEST_START = timedelta(days=2 * 365)


def schedule_fault(schedule: Schedule, times: int | None, at: datetime) -> str:
    """Return what is wrong with a schedule, empty when it can stand."""
    if schedule.cadence not in (ONCE, WEEKLY, MONTHLY):
        return _("It orders once, every week or every month.")
    if schedule.weekday is not None and not 1 <= schedule.weekday <= 7:
        return _("A weekday is 1 (Monday) to 7 (Sunday).")
    if schedule.month_day is not None and not 1 <= schedule.month_day <= 31:
        return _("A day of the month is 1 to 31; past a month’s end its last day counts.")
    if times is not None and not 1 <= times <= MOST_TIMES:
        return _("It orders 1 to %(most)s times.") % {"most": MOST_TIMES}
    if schedule.starts_on > (at + LATEST_START).date():
        return _("It begins within two years.")
    first = next(schedule.days(), None)
    if first is None:
        return _("It ends before its first day.")
    return _("Its first time has passed. Choose a later day or time.") if schedule.due_at(first) <= at else ""


def cannot_stand(what: str, facts: dict[str, Any] | None = None) -> Refusal:
    """Return the refusal to make a standing order."""
    return refuse(
        "standing_order_field",
        what,
        rule="STO-1",
        facts=facts,
        next_step=_("Name 1 to 20 products with a quantity, a first day that is still to come, and an end."),
        lifted_by=_("You"),
    )


def wrong_state(state: str) -> Refusal:
    """Return the refusal of a step that its state does not allow."""
    return refuse(
        "standing_order_state",
        _("The standing order is not in a state for this."),
        rule="STO-3",
        facts={_("State"): state},
        next_step=_("Look at it again: somebody may have paused, resumed or ended it."),
        lifted_by=_("Nobody: an ended one stays ended"),
    )


def nothing_ahead() -> Refusal:
    """Return the refusal to go on when all days are over."""
    return refuse(
        "standing_order_over",
        _("All its days are over, so there is nothing to resume."),
        rule="STO-3",
        next_step=_("End it, and make a new one."),
        lifted_by=_("You, with a new one"),
    )


def owner_may_not() -> Refusal:
    """Return why it stops: it orders as the one who made it, and he may not order any more."""
    return refuse(
        "standing_order_owner",
        _("Whoever made this standing order may not place orders any more."),
        rule="STO-2",
        missing={_("Right"): _("to place orders")},
        next_step=_("End it, and let somebody who may order make a new one."),
        lifted_by=_("Somebody of your company who may order"),
    )


def shown_days(days: Sequence[date], left: int | None) -> list[date]:
    """Return the days ahead, as many as are left of its number of times."""
    return list(days if left is None else days[: max(left, 0)])
