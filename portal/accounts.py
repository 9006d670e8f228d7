"""Sign-in by django-allauth, bent to the portal's rules: by invitation only, secrets encrypted."""

from math import ceil
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _

from core.networks import network_of
from core.selectors.sessions import is_known_network
from partners.selectors.people import membership_of
from portal.factor_secrets import seal, unseal
from portal.factors import APP, PASSKEY, RECOVERY, kinds_for
from portal.sign_in import has_factor
from portal.sign_in_throttle import Try


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Nobody signs up by himself; people come by invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Return False: the way in is an application or an invitation."""
        return False

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Count the try, or ask to wait.

        :raises ValidationError: when too many were wrong, with the seconds to wait.
        """
        wait = _try_of(request, credentials).admit()
        if wait > 0:
            raise wait_error(wait)

    def authenticate(self, request: HttpRequest, **credentials: Any) -> Any:
        """Take the try back when the password was right."""
        user = super().authenticate(request, **credentials)
        if user is not None:
            _try_of(request, credentials).passed()
        return user

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Return the ways to confirm oneself: never the password alone for who has a second factor.

        Where the role asks for a passkey and the person has one, nothing else is offered.
        """
        methods = list(super().get_reauthentication_methods(user))
        if not user.is_authenticated or not has_factor(user):
            return methods
        stronger = [method for method in methods if method["id"] != "reauthenticate"]
        by_passkey = [method for method in stronger if method["id"].endswith("webauthn")]
        return by_passkey if by_passkey and APP not in _kinds_of(user) else stronger


class MFAAdapter(DefaultMFAAdapter):  # type: ignore[misc]
    """Second factors: the stored secret is encrypted, and the last one that counts cannot be taken off."""

    def encrypt(self, text: str) -> str:
        """Encrypt a secret under the master key; saving its row binds it to the person."""
        return seal(text)

    def decrypt(self, encrypted_text: str) -> str:
        """Decrypt a stored secret."""
        return unseal(encrypted_text)

    def can_delete_authenticator(self, authenticator: Authenticator) -> bool:
        """Refuse to take off the last second factor of a kind that the person's role asks for."""
        if authenticator.type == RECOVERY:
            return True
        others = Authenticator.objects.filter(user=authenticator.user).exclude(pk=authenticator.pk)
        return bool(others.filter(type__in=_kinds_of(authenticator.user)).exists())

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Bind passkeys to the host of the portal's own address, whatever name it was called by."""
        return {"id": urlsplit(settings.BASE_URL).hostname or "localhost", "name": settings.MFA_TOTP_ISSUER}

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        """Return a name that is still free, for who does not think of one."""
        number = Authenticator.objects.filter(user=user, type=PASSKEY).count() + 1
        return _("Passkey %(number)d") % {"number": number}


def wait_error(seconds: float) -> ValidationError:
    """Return the words for who must wait."""
    text = _("Too many wrong tries. Wait %(seconds)d seconds and try again; a passkey works at once.")
    return ValidationError(text % {"seconds": ceil(seconds)}, code="too_many_tries")


def _try_of(request: HttpRequest, credentials: dict[str, Any]) -> Try:
    email = str(credentials.get("email") or credentials.get("username") or "").lower()
    address = request.META.get("REMOTE_ADDR")
    # One query for a known and an unknown address alike.
    known = is_known_network(network_of(address), email=email)
    return Try("password", email, address, is_known_network=known)


def _kinds_of(user: Any) -> frozenset[str]:
    membership = membership_of(user)
    return kinds_for(membership.role if membership else None)
