"""Sign-in by django-allauth, bent to the portal's rules: by invitation only, secrets encrypted."""

import base64
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest

from core.crypto import open_bytes, seal_bytes
from core.custody_keys import master_key

_CONTEXT = "second-factor"


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by himself; people come by invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: the way in is an application or an invitation."""
        return False


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: the stored secret is encrypted, and the last one cannot be taken off."""

    def encrypt(self, text: str) -> str:
        """Encrypt a secret under the master key."""
        return base64.b64encode(seal_bytes(master_key().key, text.encode(), context=_CONTEXT)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt a stored secret."""
        return open_bytes(master_key().key, base64.b64decode(encrypted_text), context=_CONTEXT).decode()

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """Refuse to take off the last second factor: it is mandatory for everyone."""
        from allauth.mfa.models import Authenticator

        if authenticator.type == Authenticator.Type.RECOVERY_CODES:
            return True
        others = Authenticator.objects.filter(user=authenticator.user).exclude(pk=authenticator.pk)
        return bool(others.exclude(type=Authenticator.Type.RECOVERY_CODES).exists())
