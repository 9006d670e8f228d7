"""Take the score once a day, and change its model by two people."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from compliance import locks
from compliance.models import ScoreModel, ScoreSnapshot
from compliance.rules.conduct import Conduct
from compliance.rules.score import Score, score_of
from compliance.rules.score_model import check_parameters
from compliance.selectors.conduct import conduct_of_all
from compliance.selectors.score import model_in_force, rules_in
from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, refuse
from partners.selectors.mar import mar_zone


class NotPublished(DomainError):
    """The model cannot be published by this person, or no longer."""


@transaction.atomic
def take_snapshots(*, at: datetime, only: list[UUID] | None = None) -> int:
    """Write every partner's score of the day, in the MAR's zone; a day that has one keeps it."""
    zone = mar_zone()
    model = model_in_force(at)
    rules = rules_in(model)
    today = at.astimezone(zone).date()
    taken = set(ScoreSnapshot.objects.filter(taken_on=today).values_list("partner_id", flat=True))
    rows = [
        _snapshot(partner_id, score_of(conduct, rules), conduct, model, today, at)
        for partner_id, conduct in conduct_of_all(rules=rules, at=at, zone=zone, only=only).items()
        if partner_id not in taken
    ]
    ScoreSnapshot.objects.bulk_create(rows, ignore_conflicts=True)  # a rival run writes the same
    return len(rows)


@transaction.atomic
def propose_model(
    *,
    version: str,
    parameters: dict[str, Any],
    pass_mark: int,
    valid_from: datetime,
    is_shadow: bool,
    shadow_until: datetime | None,
    reason: str,
    by: Actor,
    at: datetime,
) -> ScoreModel:
    """Propose a score model; it counts only after another person has published it.

    :raises Invalid: for numbers that cannot be used, a version that is taken, or a date in the past.
    """
    problem = check_parameters(parameters, pass_mark=pass_mark)
    if problem:
        raise Invalid(problem)
    if valid_from < at or ScoreModel.objects.filter(version=version).exists():
        raise Invalid(
            refuse(
                "score_model_dates",
                _(
                    "The version is new, and the model begins now or later: a score of the past is not rewritten."
                ),
                rule="SCORE-2",
                facts={_("Version"): version, _("Begins"): valid_from},
                next_step=_("Give another version, and a beginning from now on."),
                lifted_by=_("You"),
            )
        )
    model = ScoreModel.objects.create(
        version=version,
        parameters=parameters,
        pass_mark=pass_mark,
        valid_from=valid_from,
        is_shadow=is_shadow,
        shadow_until=shadow_until,
        reason=reason.strip(),
        proposed_by=by.label[:200],
        proposed_by_id=by.id,
        proposed_at=at,
    )
    _note("compliance.score_model.proposed", model, by=by, at=at)
    return model


@transaction.atomic
def publish_model(model_id: int, *, by: Actor, at: datetime) -> ScoreModel:
    """Publish a proposed model, as the second person. One that should have begun already begins now.

    :raises NotPublished: by the one who proposed it, or when it is decided already.
    """
    model = _open_model(model_id, by=by)
    if model.proposed_by_id == by.id:
        raise _not_published(model)
    model.published_by, model.published_by_id, model.published_at = by.label[:200], by.id, at
    model.save(update_fields=["published_by", "published_by_id", "published_at"])
    _note("compliance.score_model.published", model, by=by, at=at)
    return model


@transaction.atomic
def decline_model(model_id: int, *, by: Actor, at: datetime) -> ScoreModel:
    """Decline or take back a proposed model.

    :raises NotPublished: when it is decided already.
    """
    model = _open_model(model_id, by=by)
    model.declined_at = at
    model.save(update_fields=["declined_at"])
    _note("compliance.score_model.declined", model, by=by, at=at)
    return model


def explain(score: Score) -> list[dict[str, Any]]:
    """Return every fact of a score with what it cost, as it is kept in a snapshot."""
    return [
        {"area": area.code, "line": line.code, "count": line.count, "whole": line.whole, "cost": line.cost}
        for area in score.areas
        for line in area.lines
    ]


def _snapshot(
    partner_id: UUID, score: Score, conduct: Conduct, model: ScoreModel, today: date, at: datetime
) -> ScoreSnapshot:
    return ScoreSnapshot(
        partner_id=partner_id,
        model=model,
        taken_on=today,
        taken_at=at,
        areas=score.points,
        facts={"lines": explain(score), "builds": conduct.built},
        total=score.total,
        is_passed=score.is_passed,
        is_shadow=model.is_in_shadow(at),
    )


def _open_model(model_id: int, *, by: Actor) -> ScoreModel:
    model = locks.lock_score_model(model_id)
    if model is None:
        raise NotFound(_("There is no such model."))
    if model.published_at is not None or model.declined_at is not None:
        raise _not_published(model)
    return model


def _not_published(model: ScoreModel) -> NotPublished:
    return NotPublished(
        refuse(
            "score_model_not_published",
            _("This model is published or declined already, or you proposed it yourself."),
            rule="SCORE-3",
            facts={_("Version"): model.version, _("Proposed by"): model.proposed_by},
            next_step=_("Another person publishes it; a decided model is followed by a new one."),
            lifted_by=_("Another person of the MAR or of compliance"),
        )
    )


def _note(action: str, model: ScoreModel, *, by: Actor, at: datetime) -> None:
    audit.record(
        action, by=by, at=at, object_type="score_model", object_id=model.pk, facts={"version": model.version}
    )
