"""Find the MAR's notes about a partner."""

from uuid import UUID

from django.db.models import QuerySet

from partners.models import PartnerNote


def notes_of(partner_id: UUID) -> QuerySet[PartnerNote]:
    """Return the notes about a partner, pinned ones first, then the newest. Inside the MAR's scope."""
    return PartnerNote.objects.select_related("author").filter(partner_id=partner_id)
