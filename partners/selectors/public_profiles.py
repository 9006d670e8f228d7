"""The public finder's entries: partners who are active and agreed to be listed."""

from uuid import UUID

from partners.models import PublicProfile
from partners.models.partner import PartnerState

MAX_SHOWN = 200


def listed_profiles(*, country: str = "", capability: str = "") -> list[PublicProfile]:
    """Return listed profiles of active partners by name. Outside every scope, as a visitor."""
    found = PublicProfile.objects.select_related("partner").filter(
        is_listed=True, partner__state=PartnerState.ACTIVE
    )
    if country:
        found = found.filter(countries__contains=[country])
    if capability:
        found = found.filter(capabilities__contains=[capability])
    return list(found.order_by("partner__name")[:MAX_SHOWN])


def profile_of(partner_id: UUID) -> PublicProfile | None:
    """Return a partner's own profile, None before he made one."""
    return PublicProfile.objects.filter(partner_id=partner_id).first()
