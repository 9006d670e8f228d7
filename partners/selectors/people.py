"""Find people and their places."""

from collections.abc import Iterable
from datetime import datetime
from typing import TypeVar
from uuid import UUID

from django.db.models import Model, Q, QuerySet

from core.models import User
from partners.models import Invitation, Membership

Row = TypeVar("Row", bound=Model)


def membership_of(user: User, *, at: datetime | None = None) -> Membership | None:
    """Return the person's active membership with its partner, None for someone without one.

    With a time, a membership at a partner whose access has ended by then counts as none.
    """
    active = Membership.objects.select_related("partner").filter(user=user, is_active=True)
    if at is not None:
        active = active.filter(Q(partner__access_ends_at__isnull=True) | Q(partner__access_ends_at__gt=at))
    return active.first()


def is_email_taken(email: str) -> bool:
    """Return whether the address already signs in. Addresses are stored in lower case."""
    return User.objects.filter(email=email).exists()


def people_of(partner_id: UUID | None) -> QuerySet[Membership]:
    """Return a house's active people with their accounts, the MAR's when no partner is given."""
    return _of_house(Membership.objects.select_related("user").filter(is_active=True), partner_id).order_by(
        "user__name"
    )


def person_of(membership_id: UUID, partner_id: UUID | None) -> Membership | None:
    """Return one active person of a house with his account, None when he is not of this house."""
    return people_of(partner_id).filter(pk=membership_id).first()


def open_invitations_of(partner_id: UUID | None, *, at: datetime) -> QuerySet[Invitation]:
    """Return the invitations of a house that can still be accepted, newest first."""
    open_now = Invitation.objects.filter(
        accepted_at__isnull=True, cancelled_at__isnull=True, expires_at__gt=at
    )
    return _of_house(open_now, partner_id).order_by("-created_at")


def open_invitation_of(invitation_id: UUID, partner_id: UUID | None, *, at: datetime) -> Invitation | None:
    """Return one invitation of a house that can still be accepted, None when there is no such."""
    return open_invitations_of(partner_id, at=at).filter(pk=invitation_id).first()


def addresses_of_role(role: str, *, partner_id: UUID | None) -> list[str]:
    """Return the e-mail addresses of a house's active people with a role, in order."""
    people = _of_house(Membership.objects.filter(is_active=True, role=role, user__is_active=True), partner_id)
    return list(people.order_by("user__email").values_list("user__email", flat=True))


def invitation_by_token_hash(token_hash: bytes) -> Invitation | None:
    """Return the invitation a token opens, with its partner, None when there is none."""
    return Invitation.objects.select_related("partner").filter(token_hash=token_hash).first()


def _of_house(rows: QuerySet[Row], partner_id: UUID | None) -> QuerySet[Row]:
    return rows.filter(partner_id=partner_id) if partner_id else rows.filter(partner__isnull=True)


def user_by_email(email: str) -> User | None:
    """Return the person who signs in with an address, None when there is none or he may not."""
    return User.objects.filter(email=email, is_active=True).first()


def houses_by_email(emails: Iterable[str]) -> dict[str, str]:
    """Return the partner's name, empty for the MAR, of each of these addresses that has a place.

    Works outside every scope, and inside the MAR's.
    """
    rows = Membership.objects.filter(is_active=True, user__email__in=list(emails))
    return {email: name or "" for email, name in rows.values_list("user__email", "partner__name")}


def ids_of_people_named(text: str) -> list[UUID]:
    """Return the ids of people whose name contains a text, a hundred at most."""
    return list(User.objects.filter(name__icontains=text).values_list("pk", flat=True)[:100])
