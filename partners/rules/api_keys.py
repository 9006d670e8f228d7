"""The form and the rights of a machine's credential."""

import base64
import hashlib

from django.utils.translation import gettext_lazy as _

PREFIX = "rlp_live_"
BODY_BYTES = 20  # 160 bits, 32 base32 characters
BODY_LENGTH = 32
CHECKSUM_LENGTH = 6
SHOWN_LENGTH = len(PREFIX) + 4
MAX_DAILY_CLAIMS = 100_000

SCOPE_LABELS = {
    "orders:read": _("See orders"),
    "orders:write": _("Place orders"),
    "keys:claim": _("Take one key for one device"),
    "builds:read": _("See build reports"),
    "builds:write": _("Report builds"),
    "returns:write": _("Ask to give keys back"),
    "account:read": _("See standing and agreements"),
    "stock:write": _("Deliver fulfilments"),
    "exchange:read": _("Fetch build reports for Microsoft"),
    "exchange:write": _("Deliver Microsoft’s answers"),
    "reports:read": _("Fetch monthly reports"),
}
TPR_SCOPES = (
    "orders:read",
    "orders:write",
    "keys:claim",
    "builds:read",
    "builds:write",
    "returns:write",
    "account:read",
)
MAR_SCOPES = ("stock:write", "exchange:read", "exchange:write", "reports:read")


def scopes_of_house(*, is_partner: bool) -> tuple[str, ...]:
    """Return the rights a credential of a partner, or of the MAR, may carry."""
    return TPR_SCOPES if is_partner else MAR_SCOPES


def format_secret(random_bytes: bytes) -> str:
    """Return the credential's text: prefix, 32 base32 characters, a checksum of six."""
    body = base64.b32encode(random_bytes).decode()
    return f"{PREFIX}{body}{_checksum(body)}"


def is_well_formed(secret: str) -> bool:
    """Return whether prefix, length and checksum are right, without asking the database."""
    body, checksum = secret[len(PREFIX) : -CHECKSUM_LENGTH], secret[-CHECKSUM_LENGTH:]
    return secret.startswith(PREFIX) and len(body) == BODY_LENGTH and checksum == _checksum(body)


def hash_secret(secret: str) -> bytes:
    """Return the SHA-256 under which the credential is stored; 160 random bits need no salt."""
    return hashlib.sha256(secret.encode()).digest()


def _checksum(body: str) -> str:
    return base64.b32encode(hashlib.sha256(f"{PREFIX}{body}".encode()).digest()).decode()[:CHECKSUM_LENGTH]
