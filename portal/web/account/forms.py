"""The forms of the second step. allauth finds them by the settings' MFA_FORMS."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import AuthenticateForm
from allauth.mfa.base.internal.flows import post_authentication
from allauth.mfa.webauthn.forms import AddWebAuthnForm, AuthenticateWebAuthnForm
from django import forms
from django.utils.translation import gettext_lazy as _

from portal.plain_text import plain_text


class SecondStepForm(AuthenticateForm):  # type: ignore[misc]
    """Six digits, or a recovery code, at sign-in. It was proved just now, so nothing asks at once again."""

    def save(self) -> None:
        """Note the factor in the session as a confirmation of seconds ago."""
        post_authentication(context.request, self.authenticator, reauthenticated=True)


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
