"""What every step of a case shares: the locked row, the acting person, and the refusals."""

from datetime import datetime
from uuid import UUID

from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound, Refusal, refuse
from partners import locks
from partners.models import Application
from partners.models.application import ApplicationState
from partners.rules.applications import may_move


class ApplicationCannotMove(DomainError):
    """The application is not in a state that allows the step."""


class ClaimedByAnother(DomainError):
    """Somebody else works on the case."""


class SamePersonDecides(DomainError):
    """The reviewer may not decide as well."""


def locked(application_id: UUID) -> Application:
    """Return the application, locked until the transaction ends.

    :raises NotFound: when there is none.
    """
    application = locks.lock_application(application_id)
    if application is None:
        raise NotFound(_("There is no such application."))
    return application


def person(by: Actor) -> UUID:
    """Return the acting person's id; a machine never reviews or decides."""
    if by.user_id is None:
        raise ApplicationCannotMove(
            refuse(
                "needs_a_person",
                _("Only a person can review or decide an application."),
                rule="P-APP-3",
                next_step=_("Sign in and do it in the browser."),
            )
        )
    return by.user_id


def require_move(application: Application, state: ApplicationState) -> None:
    """Refuse a step that the table does not have.

    :raises ApplicationCannotMove: saying what comes first, or who was first.
    """
    if may_move(application.state, state):
        return
    if application.decided_by_id is None and application.state != ApplicationState.RECOMMENDED:
        raise ApplicationCannotMove(_not_yet(application))
    raise ApplicationCannotMove(_already_done(application))


def require_claimed_by(application: Application, user_id: UUID) -> None:
    """Refuse work on a case that another person claimed.

    :raises ClaimedByAnother: naming him and the time.
    """
    if application.claimed_by_id == user_id:
        return
    raise ClaimedByAnother(
        refuse(
            "application_claimed",
            _("Somebody else works on this application."),
            rule="P-REV-1",
            facts={
                _("Application"): application.reference,
                _("Claimed by"): str(application.claimed_by or _("nobody")),
                _("Since"): application.claimed_at,
            },
            next_step=_("Talk to the colleague, or take the next case. Whoever claimed it can let go of it."),
            lifted_by=_("The person who claimed it"),
        )
    )


def require_another_person(application: Application, user_id: UUID) -> None:
    """Refuse the reviewer in the second chair.

    :raises SamePersonDecides: naming him.
    """
    if application.reviewed_by_id != user_id:
        return
    raise SamePersonDecides(
        refuse(
            "same_person_decides",
            _("You reviewed this application, so another person has to decide on it."),
            rule="P-APP-3",
            facts={
                _("Reviewed by"): str(application.reviewed_by),
                _("Reviewed"): application.reviewed_at,
            },
            next_step=_("Ask a colleague with the role MAR approver to open this page."),
            lifted_by=_("A MAR approver who is another person"),
        )
    )


def note_step(action: str, application: Application, *, by: Actor, at: datetime, **facts: object) -> None:
    """Write the step into the audit log."""
    audit.record(
        f"partners.application.{action}",
        by=by,
        at=at,
        object_type="application",
        object_id=application.pk,
        partner_id=application.partner_id,
        facts={"reference": application.reference, **facts},
    )


def _not_yet(application: Application) -> Refusal:
    if application.state in (ApplicationState.SUBMITTED, ApplicationState.APPEALED):
        what = _("Nobody has reviewed this application yet.")
        next_step = _("Whoever reviews it claims it first.")
    else:
        what = _("The application does not allow this step now.")
        next_step = _("Open the application again to see how it stands.")
    return refuse(
        "application_not_reviewed",
        what,
        rule="P-APP-1",
        facts={
            _("Application"): application.reference,
            _("State"): ApplicationState(application.state).label,
        },
        next_step=next_step,
        lifted_by=_("A reviewer of the MAR"),
    )


def _already_done(application: Application) -> Refusal:
    """Say who was first, and when."""
    is_decided = application.decided_by_id is not None
    who = application.decided_by if is_decided else application.reviewed_by
    return refuse(
        "application_already_decided" if is_decided else "application_already_reviewed",
        _("Somebody else was first: this application is decided.")
        if is_decided
        else _("Somebody else was first: this application is reviewed."),
        rule="P-APP-1",
        facts={
            _("Application"): application.reference,
            _("State"): ApplicationState(application.state).label,
            _("By"): str(who),
            _("Time"): application.decided_at if is_decided else application.reviewed_at,
        },
        next_step=_("Open the application again to see how it stands."),
    )
