"""How strongly and how lately a person proved who he is."""

import time

from allauth.account.authentication import get_authentication_records
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

from core.models import User


def has_second_factor(user: User) -> bool:
    """Return whether the person has set up a TOTP app or a passkey."""
    found = Authenticator.objects.filter(
        user=user, type__in=[Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN]
    )
    return bool(found.exists())


def second_factor_age(request: HttpRequest) -> float | None:
    """Return the seconds since the last second factor in this session, None without one."""
    times = [
        record["at"]
        for record in get_authentication_records(request, request.user)
        if record.get("method") == "mfa"
    ]
    return time.time() - max(times) if times else None


def is_second_factor_fresh(request: HttpRequest) -> bool:
    """Return whether the second factor is recent enough for what cannot be undone."""
    age = second_factor_age(request)
    return age is not None and age <= settings.STEP_UP_SECONDS


def strength_of(request: HttpRequest) -> str:
    """Return the ways the person proved himself in this session: password+mfa."""
    methods = {str(record.get("method")) for record in get_authentication_records(request, request.user)}
    return "+".join(sorted(methods, reverse=True))[:40]
