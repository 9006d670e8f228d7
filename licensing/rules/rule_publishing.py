"""Whether a version of a rule may be written, published or withdrawn: pure rules, P-RULE."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal, refuse
from licensing.rules.programme_rules import Ruleset

# A simulation older than this says little about today's partners and orders.
SIMULATION_HOLDS = timedelta(days=7)
LEAST_REASON = 10


def fault_refusals(faults: Sequence[tuple[str, str]]) -> list[Refusal]:
    """Return one refusal for each number or sentence that cannot stand; the fact "field" names it."""
    return [
        refuse(
            "rule_invalid",
            what,
            rule="P-RULE-1",
            facts={"field": field},
            next_step=_("Correct it and save the draft again."),
            lifted_by=_("You"),
        )
        for field, what in faults
    ]


def not_a_draft(state: Any) -> Refusal:
    """Return the refusal of a step that only a draft can take."""
    return refuse(
        "rule_not_a_draft",
        _("This version is no longer a draft."),
        rule="P-RULE-2",
        facts={_("State"): state},
        next_step=_("Write a new version; it takes the place of the one in force on its day."),
        lifted_by=_("Nobody: what was published stands"),
    )


def draft_of_another(written_by: str, written_at: datetime | None) -> Refusal:
    """Return the refusal of a second draft of the same rule."""
    return refuse(
        "rule_has_a_draft",
        _("There is a draft of this rule already."),
        rule="P-RULE-2",
        facts={_("Written by"): written_by, _("Written"): written_at or "–"},
        next_step=_("Publish or discard it first."),
        lifted_by=_("Whoever wrote it, or an approver"),
    )


def second_person(written_by: str, written_at: datetime | None) -> Refusal:
    """Return the refusal of a publisher who wrote the version himself."""
    return refuse(
        "rule_needs_second_person",
        _("A rule is published by another person than the one who wrote it."),
        rule="P-RULE-3",
        facts={_("Written by"): written_by, _("Written"): written_at or "–"},
        next_step=_("Ask a MAR approver to look at the simulation and publish it."),
        lifted_by=_("A MAR approver who is another person"),
    )


def beginning_refusal(valid_from: datetime, *, last_from: datetime, at: datetime) -> Refusal | None:
    """Return what stands against a beginning: it lies ahead, and after the last version's."""
    if valid_from > max(at, last_from):
        return None
    return refuse(
        "rule_begins_too_early",
        _("A rule begins in the future: what was decided stays decided.")
        if valid_from <= at
        else _("A version of this rule is announced that begins later."),
        rule="P-RULE-4",
        facts={_("Begins"): valid_from, _("Last version begins"): last_from},
        next_step=_("Choose a later beginning."),
        lifted_by=_("You"),
    )


def notice_refusal(
    valid_from: datetime, *, rules: Ruleset, waiver: str, last_from: datetime, at: datetime
) -> Refusal | None:
    """Return what stands against a beginning: beside the above, it comes with notice or a written reason."""
    too_early = beginning_refusal(valid_from, last_from=last_from, at=at)
    if too_early:
        return too_early
    needed = rules.number("programme.notice", "days")
    earliest = at + timedelta(days=needed)
    if valid_from >= earliest or len(waiver.strip()) >= LEAST_REASON:
        return None
    return refuse(
        "rule_without_notice",
        _("Partners need notice of a new rule, or the reason why there is less."),
        rule="P-RULE-4",
        rule_version=rules.version("programme.notice"),
        rule_since=rules.since("programme.notice"),
        facts={
            _("Begins"): valid_from,
            _("Days of notice"): needed,
            _("Earliest without a reason"): earliest,
        },
        next_step=_("Choose a later beginning, or write why the notice is shorter."),
        lifted_by=_("You"),
    )


def simulation_refusal(simulated_at: datetime | None, *, at: datetime) -> Refusal | None:
    """Return what stands against publishing: a draft is simulated, and not long ago."""
    if simulated_at is not None and at - simulated_at <= SIMULATION_HOLDS:
        return None
    return refuse(
        "rule_not_simulated",
        _("Nobody has looked at what this rule changes, or not lately."),
        rule="P-RULE-5",
        facts={_("Last simulation"): simulated_at or "–", _("Holds for days"): SIMULATION_HOLDS.days},
        next_step=_("Run the simulation and look at the partners and orders it names."),
        lifted_by=_("You, with one button"),
    )


def other_rules_moved(simulated_at: datetime) -> Refusal:
    """Return the refusal to publish what was simulated beside other rules than those of its day."""
    return refuse(
        "rule_not_simulated",
        _("Another rule was announced or taken back since the simulation, so it shows another day."),
        rule="P-RULE-5",
        facts={_("Last simulation"): simulated_at},
        next_step=_("Run the simulation again and look at the partners and orders it names."),
        lifted_by=_("You, with one button"),
    )


def too_late_to_withdraw(valid_from: datetime) -> Refusal:
    """Return the refusal of taking a version back that has begun."""
    return refuse(
        "rule_has_begun",
        _("This version has begun, so it is not taken back."),
        rule="P-RULE-6",
        facts={_("In force from"): valid_from},
        next_step=_("Write the next version; it takes its place on its day."),
        lifted_by=_("Nobody: decisions were made by it"),
    )
