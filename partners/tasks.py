"""The mails about partners. Each runs once per outbox row, in the MAR's scope."""

from uuid import UUID

from celery import shared_task

from core.outbox import WorkTask
from partners.models import Grace, Invitation, OrderBlock, Partner
from partners.models.membership import Role
from partners.selectors.people import addresses_of_role
from partners.services import letters, standing_letters
from partners.services.mails import send_letter
from partners.services.tokens import token_of
from partners.tasks_applicants import (
    care_for_drafts,
    send_application_answered,
    send_application_received,
    send_application_started,
    send_draft_reminder,
    send_resume_links,
)
from partners.tasks_applications import (
    send_appeal_received,
    send_application_approved,
    send_application_invited,
    send_application_questions,
    send_application_rejected,
    send_bulk_invitation,
)
from partners.tasks_checks import load_sanctions_list, recheck_sanctions, run_check, run_checks
from partners.tasks_company import (
    remind_of_expiry_daily,
    send_company_change,
    send_company_change_decided,
    send_document_expiry,
)
from partners.tasks_recipients import (
    expire_recipients,
    send_recipient_claim,
    send_recipient_state,
    send_renewal,
)
from partners.tasks_rules import (
    announce_terms,
    send_due_reminders,
    send_terms_notice,
    send_training_reminder,
)
from partners.tasks_sign_in import (
    send_factor_reset,
    send_mar_role_given,
    send_owner_reset,
    send_security_notice,
)

# Celery looks for tasks here.
__all__ = [
    "announce_terms",
    "care_for_drafts",
    "expire_recipients",
    "load_sanctions_list",
    "recheck_sanctions",
    "remind_of_expiry_daily",
    "run_check",
    "run_checks",
    "send_appeal_received",
    "send_application_answered",
    "send_application_approved",
    "send_application_invited",
    "send_application_questions",
    "send_application_received",
    "send_application_rejected",
    "send_application_started",
    "send_bulk_invitation",
    "send_company_change",
    "send_company_change_decided",
    "send_document_expiry",
    "send_draft_reminder",
    "send_due_reminders",
    "send_factor_reset",
    "send_invitation",
    "send_mar_role_given",
    "send_owner_reset",
    "send_partner_state",
    "send_recipient_claim",
    "send_recipient_state",
    "send_renewal",
    "send_resume_links",
    "send_security_notice",
    "send_terms_notice",
    "send_training_reminder",
]


@shared_task(name="partners.send_invitation", base=WorkTask)  # type: ignore[untyped-decorator]
def send_invitation(invitation_id: str) -> int:
    """Send the link of an invitation; its token is made again here and stored nowhere."""
    invited = Invitation.objects.select_related("partner").get(pk=UUID(invitation_id))
    letter = letters.invitation(
        invited,
        token=token_of(invited.pk, token_hash=bytes(invited.token_hash)),
        house=letters.house_of(invited),
    )
    return send_letter(letter, to=[invited.email], identity=f"invitation.{invited.pk}")


@shared_task(name="partners.send_partner_state", base=WorkTask)  # type: ignore[untyped-decorator]
def send_partner_state(partner_id: str, state: str, since: str) -> int:
    """Tell a partner's owners how he stands now; a state that has changed again is not told."""
    partner = Partner.objects.get(pk=UUID(partner_id))
    if partner.state != state or partner.state_since.isoformat() != since:
        return 0
    moment = f"{partner.state_since:%Y%m%dT%H%M%S}"
    return send_letter(
        standing_letters.partner_state(partner),
        # Who was never let in, or is not any more, is told at the company's own address.
        to=addresses_of_role(Role.TPR_OWNER, partner_id=partner.pk)
        or [address for address in [partner.contact_email] if address],
        identity=f"partner.{state}.{partner.pk}.{moment}",
    )


@shared_task(name="partners.send_restriction", base=WorkTask)  # type: ignore[untyped-decorator]
def send_restriction(block_id: str) -> int:
    """Tell a partner's owners of a restriction, or of its end: whichever is true when the mail goes out."""
    block = OrderBlock.objects.select_related("partner").get(pk=UUID(block_id))
    step = "lifted" if block.lifted_at else "set"
    return send_letter(
        standing_letters.restriction(block),
        to=addresses_of_role(Role.TPR_OWNER, partner_id=block.partner_id),
        identity=f"restriction.{step}.{block.pk}",
    )


@shared_task(name="partners.send_grace", base=WorkTask)  # type: ignore[untyped-decorator]
def send_grace(grace_id: str) -> int:
    """Tell a partner's owners of a grace and its end."""
    grace = Grace.objects.select_related("partner").get(pk=UUID(grace_id))
    return send_letter(
        standing_letters.grace(grace),
        to=addresses_of_role(Role.TPR_OWNER, partner_id=grace.partner_id),
        identity=f"grace.{grace.pk}",
    )
