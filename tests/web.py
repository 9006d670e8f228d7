"""Sign in for view tests as a person would be after password and second factor."""

import time

from allauth.mfa.models import Authenticator
from django.test import Client

from core.models import User


def sign_in(client: Client, user: User, *, second_factor_age: float = 0) -> Client:
    """Return the client signed in, its last second factor so many seconds old."""
    Authenticator.objects.get_or_create(
        user=user, type=Authenticator.Type.TOTP, defaults={"data": {"secret": "x"}}
    )
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    session = client.session
    at = time.time() - second_factor_age
    session["account_authentication_methods"] = [
        {"method": "password", "at": at},
        {"method": "mfa", "type": "totp", "at": at},
    ]
    session["account_authentication_methods_user"] = str(user.pk)
    session.save()
    return client
