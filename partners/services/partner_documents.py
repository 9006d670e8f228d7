"""A partner's own papers: replaced by a newer one, and reminded of before they end."""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import NotFound
from core.queue import enqueue
from partners import locks
from partners.models import Document
from partners.rules.expiry import reminder_due
from partners.selectors.partner_documents import OF_RECIPIENTS, expiring_documents
from partners.services.documents import remove_document, store_document


@transaction.atomic
def replace_document(
    document_id: UUID,
    content: bytes,
    *,
    name: str,
    partner_id: UUID,
    expires_on: date | None,
    by: Actor,
    at: datetime,
) -> Document:
    """Hand in a newer paper of the same kind; the one before leaves the list in the same step.

    :raises NotFound: when the partner has no such paper.
    :raises DocumentRefused: when the new file is not taken; the one before stays.
    """
    before = locks.lock_document(document_id, partner_id)
    if before is None or before.kind in OF_RECIPIENTS:
        raise NotFound(_("There is no such document."))
    newer = store_document(
        content,
        name=name,
        kind=before.kind,
        title=before.title,
        partner_id=partner_id,
        expires_on=expires_on,
        by=by,
        at=at,
    )
    remove_document(before, by=by, at=at)
    return newer


@transaction.atomic
def remind_of_expiry(*, today: date, by: Actor, at: datetime) -> int:
    """Queue a reminder for each paper that ends in 30 or in 7 days, each once; return how many.

    Runs in the MAR's scope. Safe to run as often as one likes.
    """
    reminded = 0
    for document in expiring_documents(today=today):
        assert document.expires_on is not None  # noqa: S101  (the selector asks for it)
        days = reminder_due(document.expires_on, today, document.reminded_days)
        if days is None:
            continue
        claimed = Document.objects.filter(pk=document.pk, reminded_days=document.reminded_days)
        if not claimed.update(reminded_days=days):
            continue  # another run was first
        reminded += 1
        enqueue("partners.send_document_expiry", at=at, document_id=document.pk, days=days)
        audit.record(
            "partners.document.reminded",
            by=by,
            at=at,
            object_type="document",
            object_id=document.pk,
            partner_id=document.partner_id,
            facts={"days": days, "kind": document.kind},
        )
    return reminded
