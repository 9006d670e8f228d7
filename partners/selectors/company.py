"""Find what a partner says about his company: requests to change it, addresses, brands, contacts."""

from uuid import UUID

from django.db.models import Q, QuerySet

from core.sealed import GONE
from partners.models import Brand, CompanyChange, NamedContact, Site


def changes_of(partner_id: UUID) -> QuerySet[CompanyChange]:
    """Return a partner's requests to change company facts, newest first."""
    return CompanyChange.objects.select_related("requested_by", "decided_by").filter(partner_id=partner_id)


def open_change_of(partner_id: UUID) -> CompanyChange | None:
    """Return the request that waits for the MAR, None when there is none."""
    return changes_of(partner_id).filter(state=CompanyChange.State.REQUESTED).first()


def open_changes_count() -> int:
    """Return how many requests wait for the MAR, inside its scope."""
    return CompanyChange.objects.filter(state=CompanyChange.State.REQUESTED).count()


def sites_of(partner_id: UUID) -> QuerySet[Site]:
    """Return a partner's addresses, the open ones first."""
    return Site.objects.filter(partner_id=partner_id).order_by("-closed_at", "kind", "name")


def site_of(site_id: UUID, partner_id: UUID) -> Site | None:
    """Return one open address of a partner, None when he has no such."""
    return sites_of(partner_id).filter(pk=site_id, closed_at__isnull=True).first()


def brands_of(partner_id: UUID) -> QuerySet[Brand]:
    """Return a partner's brands in use, with their logos."""
    return Brand.objects.select_related("logo").filter(partner_id=partner_id, closed_at__isnull=True)


def brand_of(brand_id: UUID, partner_id: UUID) -> Brand | None:
    """Return one brand in use, None when the partner has no such."""
    return brands_of(partner_id).filter(pk=brand_id).first()


def contacts_of(partner_id: UUID | None) -> dict[str, list[NamedContact | None]]:
    """Return the named contacts by side, each side in the order of escalation, None where one is missing.

    Without a partner only the MAR's own.
    """
    found = NamedContact.objects.filter(Q(partner_id=partner_id) | Q(partner__isnull=True))
    by_place = {(contact.side, contact.area): contact for contact in found if contact.name != GONE}
    sides = list(NamedContact.Side) if partner_id else [NamedContact.Side.MAR]
    return {
        side.value: [by_place.get((side.value, area.value)) for area in NamedContact.Area] for side in sides
    }
