"""Setting up, replacing and taking off second factors: allauth's pages with the portal's rules."""

from typing import Any

from allauth.account.adapter import get_adapter as get_account_adapter
from allauth.account.decorators import reauthentication_required
from allauth.mfa import signals
from allauth.mfa.base.views import IndexView
from allauth.mfa.internal.flows.add import redirect_if_add_not_allowed
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.views import ActivateTOTPView
from allauth.mfa.webauthn.views import AddWebAuthnView, ReauthenticateWebAuthnView, RemoveWebAuthnView
from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe
from django.views.generic.edit import FormView

from portal.accounts import MFAAdapter
from portal.factors import APP
from portal.policy import signed_in
from portal.sign_in import came_by_recovery_code, has_factor, kinds_of, note_enrolment


@method_decorator(redirect_if_add_not_allowed, name="dispatch")
@method_decorator(reauthentication_required(app="allauth.mfa"), name="dispatch")
class SetUpAppView(ActivateTOTPView):  # type: ignore[misc]
    """Set up the authenticator app, or move it to another phone: the old secret ends when the new one works."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        """Show the form also to who has an app already."""
        return FormView.dispatch(self, request, *args, **kwargs)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say whether an app is being replaced."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"is_replacing": has_factor(self.request.user, frozenset({APP}))}

    @transaction.atomic
    def form_valid(self, form: Any) -> HttpResponse:
        """Take off the old app in the step that switches the new one on."""
        for old in Authenticator.objects.select_for_update().filter(user=self.request.user, type=APP):
            old.delete()
            signals.authenticator_removed.send(
                sender=Authenticator, request=self.request, user=self.request.user, authenticator=old
            )
        response: HttpResponse = super().form_valid(form)
        note_enrolment(self.request, APP)
        return response


class OverviewView(IndexView):  # type: ignore[misc]
    """One's own second factors."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say whether the role needs a passkey."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"needs_passkey": APP not in kinds_of(self.request)}


class AddPasskeyView(AddWebAuthnView):  # type: ignore[misc]
    """Set up a passkey."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say whether the person must, and whether an app would do as well."""
        kinds = kinds_of(self.request)
        must = not has_factor(self.request.user, kinds)
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"must_set_up": must, "factor_choice": must and APP in kinds}


class RemovePasskeyView(RemoveWebAuthnView):  # type: ignore[misc]
    """Take a passkey off, unless it is the last factor of a kind that the role asks for."""

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        """Say before the button whether it can be taken off."""
        context: dict[str, Any] = super().get_context_data(**kwargs)
        return context | {"can_remove": MFAAdapter().can_delete_authenticator(self.object)}

    def form_valid(self, form: Any) -> HttpResponse:
        """Refuse the last one in words."""
        if not MFAAdapter().can_delete_authenticator(self.get_object()):
            messages.error(self.request, _("This is your last one. Set up another before you take it off."))
            return redirect("mfa_list_webauthn")
        response: HttpResponse = super().form_valid(form)
        return response


class ConfirmByPasskeyView(ReauthenticateWebAuthnView):  # type: ignore[misc]
    """Confirm oneself by a passkey; a failed try stays on the page."""

    def form_invalid(self, form: Any) -> HttpResponse:
        """Say what went wrong and ask again."""
        for message in form.errors.get("credential", []):
            get_account_adapter().add_message(self.request, messages.ERROR, message=message)
        return redirect(self.request.get_full_path())


@signed_in
@never_cache
@require_safe
def replace(request: HttpRequest) -> HttpResponse:
    """Offer to replace a lost factor after a sign-in by recovery code; nothing else opens before."""
    if not came_by_recovery_code(request):
        return redirect("mfa_index")
    return render(request, "mfa/replace.html", {"may_use_app": APP in kinds_of(request)})
