"""Find resets of second factors."""

from uuid import UUID

from partners.models import FactorReset


def open_reset_of(user_id: UUID) -> FactorReset | None:
    """Return the reset whose link a person must open before he sets up a factor, None without one."""
    return FactorReset.objects.filter(user_id=user_id, used_at__isnull=True).first()


def reset_by_token_hash(token_hash: bytes) -> FactorReset | None:
    """Return the reset a token opens, None when there is none."""
    return FactorReset.objects.filter(token_hash=token_hash).first()
