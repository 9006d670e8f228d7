"""Derive the token of an invitation's link, so that it is stored nowhere.

The token is an HMAC of the invitation's id under the site's secret key: the mail's task makes it
again, a copy of the database does not open an invitation.
"""

import base64
import hashlib
import hmac
from uuid import UUID

from django.conf import settings

INVITATION, RESET = "partners.invitation", "partners.factor_reset"


def invitation_token(invitation_id: UUID) -> str:
    """Return the token of an invitation made now: 43 characters that fit into an address."""
    return _derive(settings.SECRET_KEY, invitation_id)


def reset_token(reset_id: UUID) -> str:
    """Return the token of a second factor's reset."""
    return _derive(settings.SECRET_KEY, reset_id, purpose=RESET)


def reset_token_of(reset_id: UUID, *, token_hash: bytes) -> str:
    """Return the token of a reset whose hash was stored; see ``token_of``."""
    return token_of(reset_id, token_hash=token_hash, purpose=RESET)


def token_of(row_id: UUID, *, token_hash: bytes, purpose: str = INVITATION) -> str:
    """Return the token whose hash was stored, also under a secret key used before.

    :raises LookupError: when no known secret key made it.
    """
    for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS):
        token = _derive(secret, row_id, purpose=purpose)
        if hmac.compare_digest(hash_token(token), bytes(token_hash)):
            return token
    raise LookupError(f"no known secret key made the token of {purpose} {row_id}")


def hash_token(token: str) -> bytes:
    """Return the SHA-256 under which an invitation is found."""
    return hashlib.sha256(token.encode()).digest()


def _derive(secret: str, row_id: UUID, *, purpose: str = INVITATION) -> str:
    digest = hmac.new(secret.encode(), f"{purpose}:{row_id}".encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=")
