"""Which kinds of second factor count for whom: a table of the settings, role by role."""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase

from allauth.mfa.models import Authenticator
from django.conf import settings

PASSKEY: str = Authenticator.Type.WEBAUTHN.value
APP: str = Authenticator.Type.TOTP.value
RECOVERY: str = Authenticator.Type.RECOVERY_CODES.value
ANY = frozenset({PASSKEY, APP})
# What each word of PORTAL_REQUIRED_FACTORS means.
KINDS_BY_WORD: Mapping[str, frozenset[str]] = {"any": ANY, "passkey": frozenset({PASSKEY})}


def kinds_for(role: str | None, table: Iterable[tuple[str, str]] | None = None) -> frozenset[str]:
    """Return the kinds of factor of which a person with this role needs one.

    The first line of the table whose pattern fits decides; without one, any kind counts.
    """
    for pattern, word in settings.REQUIRED_FACTORS if table is None else table:
        if role is not None and fnmatchcase(role, pattern):
            return KINDS_BY_WORD[word]
    return ANY
