"""Begin a session for a person who has just proved who he is by something other than the sign-in form."""

from allauth.account.internal.flows.login import record_authentication
from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest

from core.models import User


def begin_session(request: HttpRequest, user: User, *, with_second_factor: bool) -> None:
    """Sign a person in and note how, as the sign-in form would have done."""
    login(request, user, backend=settings.AUTHENTICATION_BACKENDS[0])
    # "reauthenticated": the proof is seconds old, so setting up the second factor asks for no other.
    record_authentication(request, user, method="password", email=user.email, reauthenticated=True)
    if with_second_factor:
        record_authentication(request, user, method="mfa", type="totp", reauthenticated=True)


def confirm_address(user: User) -> None:
    """Mark a person's address as his: the link that was sent there has come back."""
    EmailAddress.objects.update_or_create(
        user=user, email=user.email, defaults={"verified": True, "primary": True}
    )
