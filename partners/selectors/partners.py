"""Find partners."""

from uuid import UUID

from django.db.models import Count, Q, QuerySet

from partners.models import Partner


def partners() -> QuerySet[Partner]:
    """Return every partner with his credit and the number of his people. Inside the MAR's scope."""
    active_people = Count("memberships", filter=Q(memberships__is_active=True))
    return Partner.objects.select_related("credit").annotate(people_count=active_people)


def partner_by_id(partner_id: UUID) -> Partner | None:
    """Return one partner with his credit, None when there is none."""
    return Partner.objects.select_related("credit").filter(pk=partner_id).first()
