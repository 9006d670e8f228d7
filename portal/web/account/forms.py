"""The forms of the second step. allauth finds them by the settings' MFA_FORMS."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.webauthn.forms import AddWebAuthnForm, AuthenticateWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _

from core.networks import network_of
from core.selectors.sessions import is_known_network
from portal.accounts import wait_error
from portal.plain_text import plain_text
from portal.sign_in_throttle import Try


class _SlowedForm(AuthenticateForm):  # type: ignore[misc]
    """A code, with guessing slowed down."""

    def clean_code(self) -> str:
        """Count the try, then look at the code.

        :raises ValidationError: for a wrong code, or when too many were wrong.
        """
        address = context.request.META.get("REMOTE_ADDR")
        known = is_known_network(network_of(address), email=self.user.email)
        attempt = Try("code", str(self.user.pk), address, is_known_network=known)
        wait = attempt.admit()
        if wait > 0:
            raise wait_error(wait)
        code: str = super().clean_code()
        attempt.passed()
        return code


class SecondStepForm(_SlowedForm):
    """Six digits, or a recovery code, at sign-in. It was proved just now, so nothing asks at once again."""

    def save(self) -> None:
        """Note the factor in the session as a confirmation of seconds ago."""
        post_authentication(context.request, self.authenticator, reauthenticated=True)


class ConfirmForm(SecondStepForm):
    """Six digits to confirm what cannot be undone."""


class SecondStepPasskeyForm(AuthenticateWebAuthnForm):  # type: ignore[misc]
    """A passkey as the second step at sign-in."""

    reauthenticated = True


class AddPasskeyForm(AddWebAuthnForm):  # type: ignore[misc]
    """Name a new passkey; it signs in alone unless the person wants it otherwise."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["name"] = forms.CharField(
            label=_("Name of this device or key"),
            required=False,
            max_length=60,
            validators=[plain_text],
            initial=self.initial.get("name"),
            help_text=_("So that you recognise it in the list: work laptop, blue key."),
            widget=forms.TextInput({"autocomplete": "off"}),
        )
        self.fields["passwordless"] = forms.BooleanField(
            label=_("Sign in with it alone, without the password"),
            required=False,
            initial=True,
            help_text=_("Needs a finger, a face or a PIN. Take the tick off for a key without one."),
        )
        self.order_fields(["name", "passwordless"])
