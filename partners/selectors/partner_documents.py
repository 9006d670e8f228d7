"""Find a partner's papers and how long they are good."""

from datetime import date
from uuid import UUID

from django.db.models import Case, CharField, QuerySet, Value, When

from partners.models import Brand, Document
from partners.rules.expiry import WARN_DAYS, days_before

# Papers about recipients are handed in and taken back on their own pages, where they belong to a case.
OF_RECIPIENTS = (Document.Kind.RECIPIENT_EVIDENCE, Document.Kind.EXCEPTION_LETTER)
ELSEWHERE = (Document.Kind.LOGO, *OF_RECIPIENTS)


def documents_of(partner_id: UUID, *, today: date) -> QuerySet[Document]:
    """Return a partner's papers that he has not taken back, each with its ``standing``; logos and papers
    about recipients are none."""
    soon = days_before(today, -max(WARN_DAYS))
    standing = Case(
        When(expires_on__lt=today, then=Value("expired")),
        When(expires_on__lte=soon, then=Value("expiring")),
        default=Value("valid"),
        output_field=CharField(),
    )
    papers = Document.objects.filter(partner_id=partner_id, removed_at__isnull=True)
    return papers.exclude(kind__in=ELSEWHERE).annotate(standing=standing)


def document_of(document_id: UUID, partner_id: UUID) -> Document | None:
    """Return one paper of a partner, None when he has no such or took it back."""
    papers = Document.objects.filter(pk=document_id, partner_id=partner_id, removed_at__isnull=True)
    return papers.exclude(kind__in=OF_RECIPIENTS).first()


def logo_of(brand_id: UUID, partner_id: UUID) -> Document | None:
    """Return the logo of a brand in use, None when it has none."""
    return Document.objects.filter(
        partner_id=partner_id, pk__in=Brand.objects.filter(pk=brand_id, partner_id=partner_id).values("logo")
    ).first()


def expiring_documents(*, today: date) -> QuerySet[Document]:
    """Return every partner's own papers that end within the first warning, with their partners."""
    soon = days_before(today, -max(WARN_DAYS))
    papers = Document.objects.select_related("partner").filter(
        partner__isnull=False, removed_at__isnull=True, expires_on__gte=today, expires_on__lte=soon
    )
    return papers.exclude(kind__in=OF_RECIPIENTS)
