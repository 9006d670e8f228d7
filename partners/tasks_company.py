"""The mails about company data and papers, and the daily look for papers that end. In the MAR's scope."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.actor import Actor
from core.outbox import WorkTask
from partners.models import CompanyChange, Document
from partners.models.membership import Role
from partners.selectors.mar import mar_zone
from partners.selectors.people import addresses_of_role
from partners.services import company_letters as letters
from partners.services.mails import send_letter
from partners.services.partner_documents import remind_of_expiry


@shared_task(name="partners.send_company_change", base=WorkTask)  # type: ignore[untyped-decorator]
def send_company_change(change_id: str) -> int:
    """Tell the MAR's administrators of a request."""
    change = CompanyChange.objects.select_related("partner", "requested_by").get(pk=UUID(change_id))
    return send_letter(
        letters.company_change_requested(change),
        to=addresses_of_role(Role.MAR_ADMIN, partner_id=None),
        identity=f"company_change.requested.{change.pk}",
    )


@shared_task(name="partners.send_company_change_decided", base=WorkTask)  # type: ignore[untyped-decorator]
def send_company_change_decided(change_id: str) -> int:
    """Tell who asked how the MAR decided."""
    change = CompanyChange.objects.select_related("partner", "requested_by").get(pk=UUID(change_id))
    return send_letter(
        letters.company_change_decided(change),
        to=[change.requested_by.email],
        identity=f"company_change.decided.{change.pk}",
    )


@shared_task(name="partners.send_document_expiry", base=WorkTask)  # type: ignore[untyped-decorator]
def send_document_expiry(document_id: str, days: int) -> int:
    """Remind a partner's owners of a paper; one that was taken back meanwhile is not told."""
    document = Document.objects.get(pk=UUID(document_id))
    if document.removed_at is not None:
        return 0
    return send_letter(
        letters.document_expiry(document, days=days),
        to=addresses_of_role(Role.TPR_OWNER, partner_id=document.partner_id),
        identity=f"document.expiry.{document.pk}.{days}",
    )


@shared_task(name="partners.remind_of_expiry", base=WorkTask)  # type: ignore[untyped-decorator]
def remind_of_expiry_daily(**_kwargs: Any) -> int:
    """Look for papers that end soon."""
    now = timezone.now()
    return remind_of_expiry(
        today=now.astimezone(mar_zone()).date(), by=Actor.system("document reminders"), at=now
    )
