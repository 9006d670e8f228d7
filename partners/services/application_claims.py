"""Take a case from the queue, and put it back."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import DomainError, Refusal, refuse
from partners.models import Application, ApplicationDecision
from partners.models.application import ApplicationState
from partners.services.application_carry_over import ensure_carry_over
from partners.services.application_case import (
    ApplicationCannotMove,
    locked,
    note_step,
    person,
    require_claimed_by,
    require_move,
)

FIRST_LOOK_FIELDS = (
    "reviewed_by",
    "reviewed_at",
    "review_note",
    "recommendation",
    "decided_by",
    "decided_at",
)


class AppealNeedsFreshEyes(DomainError):
    """Whoever took part in the first decision does not look at the appeal."""


@transaction.atomic
def claim_application(application_id: UUID, *, by: Actor, at: datetime) -> Application:
    """Take a submitted application or an appeal into review; claiming one's own case again changes nothing.

    The first look stays in the history (ApplicationDecision) when an appeal is claimed.

    :raises ClaimedByAnother: naming who was first, and when.
    :raises ApplicationCannotMove: when it does not wait for a review.
    :raises AppealNeedsFreshEyes: when the person reviewed or decided before.
    """
    application, user_id = locked(application_id), person(by)
    if application.state in (ApplicationState.IN_REVIEW, ApplicationState.INFO_REQUESTED):
        require_claimed_by(application, user_id)
        return application
    require_move(application, ApplicationState.IN_REVIEW)
    if application.state == ApplicationState.RECOMMENDED:
        raise ApplicationCannotMove(_waits_for_the_second(application))
    if application.state == ApplicationState.APPEALED:
        _require_fresh_eyes(application, user_id)
        _clear_first_look(application)
    application.state = ApplicationState.IN_REVIEW
    application.claimed_by_id, application.claimed_at = user_id, at
    application.save(update_fields=["state", "claimed_by", "claimed_at", *FIRST_LOOK_FIELDS])
    ensure_carry_over(application)
    note_step("claimed", application, by=by, at=at)
    return application


@transaction.atomic
def let_go(application_id: UUID, *, by: Actor, at: datetime) -> Application:
    """Put a case back into the queue, so that a colleague can claim it.

    :raises ApplicationCannotMove: when it is not in review.
    :raises ClaimedByAnother: when it is a colleague's case.
    """
    application, user_id = locked(application_id), person(by)
    waits = ApplicationState.APPEALED if application.appealed_at else ApplicationState.SUBMITTED
    require_move(application, waits)
    require_claimed_by(application, user_id)
    application.state = waits
    application.claimed_by, application.claimed_at = None, None
    application.save(update_fields=["state", "claimed_by", "claimed_at"])
    note_step("let_go", application, by=by, at=at)
    return application


def _clear_first_look(application: Application) -> None:
    application.reviewed_by, application.reviewed_at, application.review_note = None, None, ""
    application.recommendation = Application.Recommendation.NONE
    application.decided_by, application.decided_at = None, None


def _waits_for_the_second(application: Application) -> Refusal:
    return refuse(
        "application_already_reviewed",
        _("Somebody else was first: this application is reviewed."),
        rule="P-APP-1",
        facts={
            _("Application"): application.reference,
            _("By"): str(application.reviewed_by),
            _("Time"): application.reviewed_at,
        },
        next_step=_("A second person decides now, or sends it back."),
    )


def _require_fresh_eyes(application: Application, user_id: UUID) -> None:
    earlier = ApplicationDecision.objects.filter(application=application, person_id=user_id)
    mine = earlier.exclude(step=ApplicationDecision.Step.SENT_BACK).order_by("at").first()
    if mine is None:
        return
    raise AppealNeedsFreshEyes(
        refuse(
            "appeal_needs_fresh_eyes",
            _("You took part in the first decision, so somebody else looks at the appeal."),
            rule="P-REV-2",
            facts={
                _("Application"): application.reference,
                _("Your part"): ApplicationDecision.Step(mine.step).label,
                _("Time"): mine.at,
            },
            next_step=_("Ask a colleague who neither reviewed nor decided this application."),
            lifted_by=_("A reviewer who had no part in it"),
        )
    )
