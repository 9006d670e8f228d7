"""Find partners."""

from collections.abc import Collection
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


def partner_ids_by_code(codes: Collection[str]) -> dict[str, UUID]:
    """Return the ids of the partners who have these codes, by code. Inside the MAR's scope."""
    return dict(Partner.objects.filter(code__in=codes).order_by("code").values_list("code", "id"))
