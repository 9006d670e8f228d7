"""Find a machine's credential."""

import hmac
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from partners.models import ApiKey
from partners.rules.api_keys import hash_secret, is_well_formed


def find_active(secret_text: str, at: datetime) -> ApiKey | None:
    """Return the credential a text belongs to, None when it is unknown, expired or revoked.

    Works outside every scope: it is how a machine's scope is found in the first place. The look-up
    goes by hash, so its time says nothing about any stored text.
    """
    if not is_well_formed(secret_text):
        return None
    wanted = hash_secret(secret_text)
    alive = Q(expires_at__isnull=True) | Q(expires_at__gt=at)
    # None of the MAR's: its keys have no partner whose access could have ended.
    alive &= Q(partner__access_ends_at__isnull=True) | Q(partner__access_ends_at__gt=at)
    found = (
        ApiKey.objects.select_related("partner")
        .filter(alive, secret_hash=wanted, revoked_at__isnull=True)
        .first()
    )
    if found is None or not hmac.compare_digest(bytes(found.secret_hash), wanted):
        return None
    return found


def api_keys_of(partner_id: UUID | None) -> QuerySet[ApiKey]:
    """Return the credentials of a house, the MAR's when no partner is given."""
    return (
        ApiKey.objects.filter(partner_id=partner_id)
        if partner_id
        else ApiKey.objects.filter(partner__isnull=True)
    )


def api_key_of(api_key_id: UUID, partner_id: UUID | None) -> ApiKey | None:
    """Return one credential of a house, None when it is not of this house."""
    return api_keys_of(partner_id).filter(pk=api_key_id).first()
