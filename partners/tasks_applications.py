"""The mails about a case. Each runs once per outbox row, in the MAR's scope."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.outbox import WorkTask
from partners.models import Application, FieldQuestion
from partners.models.application import ApplicationState
from partners.models.membership import Role
from partners.selectors.people import addresses_of_role
from partners.services import letters
from partners.services.applicant_links import make_link
from partners.services.bulk_invitations import send_list
from partners.services.mails import send_letter


@shared_task(name="partners.send_application_questions", base=WorkTask)  # type: ignore[untyped-decorator]
def send_application_questions(application_id: str) -> int:
    """Ask the applicant what is still open; a question closed in the meantime is not asked."""
    application = Application.objects.get(pk=UUID(application_id))
    questions = list(FieldQuestion.objects.filter(application=application, closed_at=None, answered_at=None))
    if application.state != ApplicationState.INFO_REQUESTED or not questions:
        return 0
    moment = f"{questions[-1].asked_at:%Y%m%dT%H%M%S}"
    return send_letter(
        letters.application_questions(
            application, questions, token=make_link(application, at=timezone.now())
        ),
        to=[application.contact_email],
        identity=f"application.questions.{application.pk}.{moment}",
    )


@shared_task(name="partners.send_application_rejected", base=WorkTask)  # type: ignore[untyped-decorator]
def send_application_rejected(application_id: str, round: int = 1) -> int:
    """Tell the applicant that his application was refused, why, and what he may do."""
    application = Application.objects.get(pk=UUID(application_id))
    if application.state != ApplicationState.REJECTED:
        return 0
    return send_letter(
        letters.application_rejected(application, token=make_link(application, at=timezone.now())),
        to=[application.contact_email],
        identity=f"application.rejected.{application.pk}.{round}",
    )


@shared_task(name="partners.send_application_approved", base=WorkTask)  # type: ignore[untyped-decorator]
def send_application_approved(application_id: str) -> int:
    """Tell the applicant that he is a partner now."""
    application = Application.objects.get(pk=UUID(application_id))
    return send_letter(
        letters.application_approved(application),
        to=[application.contact_email],
        identity=f"application.approved.{application.pk}",
    )


@shared_task(name="partners.send_appeal_received", base=WorkTask)  # type: ignore[untyped-decorator]
def send_appeal_received(application_id: str) -> int:
    """Tell the applicant that his appeal is here, and the MAR's reviewers that it waits."""
    application = Application.objects.get(pk=UUID(application_id))
    sent = send_letter(
        letters.appeal_received(application, token=make_link(application, at=timezone.now())),
        to=[application.contact_email],
        identity=f"application.appeal.{application.pk}",
    )
    reviewers = {
        address
        for role in (Role.MAR_ADMIN, Role.MAR_APPROVER)
        for address in addresses_of_role(role, partner_id=None)
    }
    return sent + send_letter(
        letters.appeal_arrived(application),
        to=sorted(reviewers),
        identity=f"application.appealed.{application.pk}",
    )


@shared_task(name="partners.send_bulk_invitation", base=WorkTask)  # type: ignore[untyped-decorator]
def send_bulk_invitation(invitation_id: str) -> int:
    """Make drafts of a confirmed list, all or none; each gets its own mail."""
    return send_list(UUID(invitation_id), at=timezone.now())


@shared_task(name="partners.send_application_invited", base=WorkTask)  # type: ignore[untyped-decorator]
def send_application_invited(application_id: str) -> int:
    """Invite a former member to the draft that was made for him."""
    application = Application.objects.get(pk=UUID(application_id))
    return send_letter(
        letters.application_invited(application, token=make_link(application, at=timezone.now())),
        to=[application.contact_email],
        identity=f"application.invited.{application.pk}",
    )
