"""Find what is under way for a partner's only owner."""

from uuid import UUID

from django.db.models import QuerySet

from partners.models import Membership, NamedContact, OwnerReset, Partner
from partners.models.membership import Role
from partners.models.owner_reset import OwnerResetState
from partners.selectors.people import people_of

OPEN = (OwnerResetState.ASKED, OwnerResetState.CONFIRMED)


def only_owner_of(partner_id: UUID) -> Membership | None:
    """Return a partner's owner when he is the only one, None otherwise."""
    owners = list(people_of(partner_id).filter(role=Role.TPR_OWNER)[:2])
    return owners[0] if len(owners) == 1 else None


def owner_resets_of(partner_id: UUID) -> QuerySet[OwnerReset]:
    """Return a partner's cases with their owners, the newest first."""
    return OwnerReset.objects.select_related("user").filter(partner_id=partner_id)


def open_owner_reset_of(partner_id: UUID) -> OwnerReset | None:
    """Return the case under way, None without one."""
    return owner_resets_of(partner_id).filter(state__in=OPEN).first()


def everybody_at(partner_id: UUID) -> list[str]:
    """Return every address the MAR knows of a partner: his people, his contact, his named contacts."""
    people = people_of(partner_id).values_list("user__email", flat=True)
    head = Partner.objects.filter(pk=partner_id).values_list("contact_email", flat=True)
    named = [contact.email for contact in NamedContact.objects.filter(partner_id=partner_id)]
    return sorted({address.lower() for address in (*people, *head, *named) if "@" in address})
