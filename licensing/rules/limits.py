"""When a partner's limits may change, as pure rules: LIM."""

from datetime import datetime
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal, refuse
from licensing.models.limit_change import LimitChange
from partners.rules.countries import NAMES

LARGEST = {LimitChange.Kind.CREDIT: Decimal(10_000_000), LimitChange.Kind.MONTHLY: Decimal(1_000_000)}
LEAST_REASON = 5


def limit_faults(
    kind: str, *, country: str, own_country: str, before: Decimal, after: Decimal, reason: str
) -> list[Refusal]:
    """Return what is wrong with a change as it is written."""
    faults: list[tuple[str, str, dict[str, Any]]] = []
    if kind == LimitChange.Kind.COUNTRY and (country not in NAMES or country == own_country):
        faults.append(("country", _("Choose another country of the list; his own is always agreed."), {}))
    if kind != LimitChange.Kind.COUNTRY:
        most = LARGEST[LimitChange.Kind(kind)]
        if not 0 <= after <= most or (
            kind == LimitChange.Kind.MONTHLY and after != after.to_integral_value()
        ):
            faults.append(("after", _("From 0 to %(most)s.") % {"most": most}, {_("Asked for"): after}))
    if after == before:
        faults.append(("after", _("It stands at this already."), {_("Now"): before}))
    if len(reason.strip()) < LEAST_REASON:
        faults.append(("reason", _("Say why in a few words."), {}))
    return [
        refuse(
            "limit_invalid",
            what,
            rule="LIM-1",
            facts={"field": field, **facts},
            next_step=_("Correct it and send it again."),
            lifted_by=_("You"),
        )
        for field, what, facts in faults
    ]


def waits_already(written_by: str, written_at: datetime) -> Refusal:
    """Return the refusal of a second raise of one limit."""
    return refuse(
        "limit_waits",
        _("A raise of this limit waits for a second person already."),
        rule="LIM-2",
        facts={_("Written by"): written_by, _("Written"): written_at},
        next_step=_("Have it approved, or discard it first."),
        lifted_by=_("A MAR approver who is another person"),
    )


def second_person(written_by: str, written_at: datetime) -> Refusal:
    """Return the refusal of whoever wrote the raise."""
    return refuse(
        "limit_needs_second_person",
        _("A limit is raised by two people: whoever proposed it does not approve it."),
        rule="LIM-2",
        facts={_("Written by"): written_by, _("Written"): written_at},
        missing={_("Approval"): _("by another person")},
        next_step=_("Ask a MAR approver to look at it."),
        lifted_by=_("A MAR approver who is another person"),
    )


def not_open(state: str) -> Refusal:
    """Return the refusal of a step from elsewhere than a proposal that still fits."""
    return refuse(
        "limit_change_closed",
        _("This proposal no longer waits, or the limit changed meanwhile."),
        rule="LIM-3",
        facts={_("State"): state},
        next_step=_("Open the page again to see how it stands, and propose anew."),
        lifted_by=_("Nobody: what was decided stands"),
    )
