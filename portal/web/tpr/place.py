"""Whose wing this is, and where its keys are."""

from uuid import UUID

from django.http import Http404, HttpRequest

from licensing.models import ProductKey


def partner_id_of(request: HttpRequest) -> UUID:
    """Return the partner of the signed-in person.

    :raises Http404: for someone who belongs to no partner.
    """
    membership = request.membership  # type: ignore[attr-defined]
    if membership is None or membership.partner_id is None:
        raise Http404
    found: UUID = membership.partner_id
    return found


def user_id_of(request: HttpRequest) -> UUID:
    """Return the signed-in person.

    :raises Http404: for a visitor.
    """
    found = request.user.pk
    if found is None:
        raise Http404
    return UUID(str(found))


def device_of(key: ProductKey) -> str:
    """Return the PC for which a key was handed over, a dash without one."""
    hand_over = getattr(key, "hand_over", None)
    return str(hand_over.device) if hand_over else "–"
