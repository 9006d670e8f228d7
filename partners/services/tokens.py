"""Derive the token of an invitation's link, so that it is stored nowhere.

The token is an HMAC of the invitation's id under the site's secret key: the mail's task makes it
again, a copy of the database does not open an invitation.
"""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from uuid import UUID

from django.conf import settings


def invitation_token(invitation_id: UUID) -> str:
    """Return the token of an invitation made now: 43 characters that fit into an address."""
    return _derive(settings.SECRET_KEY, invitation_id)


def reset_token(reset_id: UUID) -> str:
    """Return the token of a second factor's reset."""
    return _derive(settings.SECRET_KEY, reset_id, purpose="partners.factor_reset")


def reset_token_of(reset_id: UUID, *, token_hash: bytes) -> str:
    """Return the token whose hash was stored, also under a secret key used before.

    :raises LookupError: when no known secret key made it.
    """
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = _derive(secret, reset_id, purpose="partners.factor_reset")
        if hmac.compare_digest(hash_token(token), bytes(token_hash)):
            return token
    raise LookupError(f"no known secret key made the token of reset {reset_id}")


def token_of(invitation_id: UUID, *, token_hash: bytes) -> str:
    """Return the token whose hash was stored, also under a secret key used before.

    :raises LookupError: when no known secret key made it.
    """
    for token in _candidates(invitation_id):
        if hmac.compare_digest(hash_token(token), bytes(token_hash)):
            return token
    raise LookupError(f"no known secret key made the token of invitation {invitation_id}")


def hash_token(token: str) -> bytes:
    """Return the SHA-256 under which an invitation is found."""
    return hashlib.sha256(token.encode()).digest()


def _candidates(invitation_id: UUID) -> Iterator[str]:
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        yield _derive(secret, invitation_id)


def _derive(secret: str, row_id: UUID, *, purpose: str = "partners.invitation") -> str:
    digest = hmac.new(secret.encode(), f"{purpose}:{row_id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
