"""The mails to applicants and about their cases, and the care for drafts left alone."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.outbox import WorkTask
from partners.models import Application
from partners.models.application import ApplicationState
from partners.models.membership import Role
from partners.selectors.people import addresses_of_role
from partners.services import applicant_letters, letters
from partners.services.applicant_links import applications_of, make_link
from partners.services.draft_care import expire_drafts, remind_of_drafts
from partners.services.mails import send_letter


@shared_task(name="partners.send_application_received", base=WorkTask)  # type: ignore[untyped-decorator]
def send_application_received(application_id: str) -> int:
    """Tell the applicant that his application is here, and the MAR's administrators that it waits."""
    application = Application.objects.get(pk=UUID(application_id))
    sent = send_letter(
        applicant_letters.application_received(application, token=make_link(application, at=timezone.now())),
        to=[application.contact_email],
        identity=f"application.received.{application.pk}",
    )
    return sent + send_letter(
        letters.application_arrived(application),
        to=addresses_of_role(Role.MAR_ADMIN, partner_id=None),
        identity=f"application.arrived.{application.pk}",
    )


@shared_task(name="partners.send_application_started", base=WorkTask)  # type: ignore[untyped-decorator]
def send_application_started(application_id: str) -> int:
    """Give an applicant the link to the draft he has begun."""
    application = Application.objects.get(pk=UUID(application_id))
    token = make_link(application, at=timezone.now())
    letter = applicant_letters.application_started(application, token=token)
    return send_letter(
        letter, to=[application.contact_email], identity=f"application.started.{application.pk}"
    )


@shared_task(name="partners.send_resume_links", base=WorkTask)  # type: ignore[untyped-decorator]
def send_resume_links(email: str) -> int:
    """Give an address new links to its applications; without any, no mail goes out."""
    sent, at = 0, timezone.now()
    for application in applications_of(email):
        letter = applicant_letters.new_link(application, token=make_link(application, at=at))
        moment = f"{at:%Y%m%dT%H%M%S}"
        sent += send_letter(letter, to=[email], identity=f"application.link.{application.pk}.{moment}")
    return sent


@shared_task(name="partners.send_draft_reminder", base=WorkTask)  # type: ignore[untyped-decorator]
def send_draft_reminder(application_id: str) -> int:
    """Remind an applicant of his draft, unless he has sent it meanwhile."""
    application = Application.objects.get(pk=UUID(application_id))
    if application.state != ApplicationState.DRAFT:
        return 0
    letter = applicant_letters.draft_reminder(application, token=make_link(application, at=timezone.now()))
    return send_letter(
        letter, to=[application.contact_email], identity=f"application.reminder.{application.pk}"
    )


@shared_task(name="partners.send_application_answered", base=WorkTask)  # type: ignore[untyped-decorator]
def send_application_answered(application_id: str) -> int:
    """Tell the person who works on a case that the applicant has answered."""
    application = Application.objects.select_related("claimed_by").get(pk=UUID(application_id))
    claimed = application.claimed_by
    to = [claimed.email] if claimed else addresses_of_role(Role.MAR_ADMIN, partner_id=None)
    moment = f"{timezone.now():%Y%m%dT%H%M%S}"
    return send_letter(
        applicant_letters.application_answered(application),
        to=to,
        identity=f"application.answered.{application.pk}.{moment}",
    )


@shared_task(name="partners.care_for_drafts", base=WorkTask)  # type: ignore[untyped-decorator]
def care_for_drafts(**_kwargs: object) -> int:
    """Remind of drafts left alone, and end those left alone for ninety days."""
    at = timezone.now()
    return remind_of_drafts(at=at) + expire_drafts(at=at)
