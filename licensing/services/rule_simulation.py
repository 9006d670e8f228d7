"""Simulate a draft of a rule: make it true in a world that is rolled back, and look at what comes out."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import NotFound
from core.models import User
from licensing.locks import lock_rule
from licensing.models.programme_rule import RuleState, RuleVersion
from licensing.models.rule_simulation import RuleSimulation
from licensing.rules.rule_outcomes import ORDER, PARTNER, Outcome, compare, sha256_of
from licensing.rules.rule_publishing import beginning_refusal, not_a_draft, second_person
from licensing.selectors.programme_rules import rules_at
from licensing.selectors.rule_outcomes import outcomes_of_licensing
from licensing.services.programme_rules import RuleRefused, put_in_force

Evaluator = Callable[[datetime, datetime], Iterable[Outcome]]
_evaluators: dict[str, Evaluator] = {"licensing": outcomes_of_licensing}


class _Undo(Exception):
    """Ends the world in which the draft is in force."""


def register_evaluator(name: str, evaluator: Evaluator) -> None:
    """Let an upper app add the outcomes that its own rules decide."""
    _evaluators[name] = evaluator


def outcomes(as_of: datetime, data_at: datetime) -> list[Outcome]:
    """Return every outcome at an instant by the rules of that instant. Inside the MAR's scope."""
    return [one for evaluator in _evaluators.values() for one in evaluator(as_of, data_at)]


@transaction.atomic
def simulate(version_id: int, *, by: Actor, at: datetime) -> RuleSimulation:
    """Compute what a draft would change on the day it begins, with today's partners and orders; keep the result.

    Nothing is decided twice: the draft is put in force inside a savepoint, the portal's own gates and
    selectors are asked, and the savepoint is rolled back.

    :raises RuleRefused: for a version that is no draft, or whose day has come without being published.
    """
    draft = RuleVersion.objects.filter(pk=version_id).first()
    if draft is None:
        raise NotFound(_("There is no such version."))
    if draft.state != RuleState.DRAFT:
        raise RuleRefused(not_a_draft(draft.get_state_display()))
    as_of = draft.valid_from
    last = RuleVersion.objects.filter(code=draft.code, state=RuleState.ANNOUNCED).latest("valid_from")
    too_early = beginning_refusal(as_of, last_from=last.valid_from, at=at)
    if too_early:
        raise RuleRefused(too_early)
    before = outcomes(as_of, at)
    with _in_force(draft):
        after, rules_sha256 = outcomes(as_of, at), rules_at(as_of).sha256
    changes = compare(before, after)
    simulation = RuleSimulation.objects.create(
        version=draft,
        as_of=as_of,
        data_at=at,
        rules_sha256=rules_sha256,
        result_sha256=sha256_of(changes, rules_sha256=rules_sha256, data_at=at.isoformat()),
        subjects=len({(one.kind, one.id) for one in before}),
        partners_changed=len({one.partner_id for one in changes if one.kind == PARTNER}),
        orders_changed=len({one.id for one in changes if one.kind == ORDER}),
        changes=[asdict(one) for one in changes],
        run_by=by.label[:200],
        run_by_id=by.id,
    )
    audit.record(
        "licensing.rule.simulated",
        by=by,
        at=at,
        object_type="rule_version",
        object_id=draft.pk,
        facts={"rule": str(draft), "result": simulation.result_sha256},
    )
    return simulation


@contextmanager
def _in_force(draft: RuleVersion) -> Iterator[None]:
    """Put the draft in force until the block ends; nothing of it stays."""
    other = User.objects.exclude(pk=draft.written_by.pk).first() if draft.written_by else None
    if other is None:
        raise RuleRefused(second_person(str(draft.written_by), draft.written_at))
    try:
        with transaction.atomic():
            lock_rule(draft.code)
            fresh = RuleVersion.objects.get(pk=draft.pk)
            put_in_force(fresh, published_by_id=other.pk, announced_at=draft.valid_from)
            yield
            raise _Undo
    except _Undo:
        return
