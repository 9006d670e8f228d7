"""Accept an invitation: a name, a password, and on to the second factor."""

from typing import Any

from django import forms
from django.contrib.auth import logout
from django.contrib.auth.password_validation import MinimumLengthValidator, validate_password
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError, NotFound
from core.models import User
from partners.models import Invitation
from partners.selectors.people import invitation_by_token_hash
from partners.services.invitations import accept_invitation
from partners.services.tokens import hash_token
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import public
from portal.web.public.session import begin_session, confirm_address
from portal.web.refused import render_refused

# The password stands alone until the second factor is set up: longer than the 12 beside one.
ENROLMENT_LENGTH = 15


class JoiningForm(forms.Form):
    """Who the person is, and the password he chooses."""

    name = forms.CharField(
        label=_("Your name"),
        max_length=120,
        validators=[plain_text],
        widget=forms.TextInput({"autocomplete": "name"}),
    )
    password = forms.CharField(
        label=_("Choose a password"),
        max_length=128,
        strip=False,
        help_text=_("At least 15 characters. Four words that do not belong together are easy to keep."),
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )
    again = forms.CharField(
        label=_("The password once more"),
        max_length=128,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
    )

    def __init__(self, *args: Any, email: str, **options: Any) -> None:
        super().__init__(*args, **options)
        self.email = email

    def clean(self) -> dict[str, Any]:
        """Hold the password against the rules and against itself."""
        cleaned: dict[str, Any] = super().clean() or self.cleaned_data
        password, again = cleaned.get("password"), cleaned.get("again")
        if password:
            try:
                MinimumLengthValidator(ENROLMENT_LENGTH).validate(password)
                validate_password(password, User(email=self.email, name=cleaned.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        if password and again and password != again:
            self.add_error("again", _("The two passwords differ."))
        return cleaned


@public
@never_cache
@sensitive_post_parameters("password", "again")
@require_http_methods(["GET", "HEAD", "POST"])
def join(request: HttpRequest, token: str) -> HttpResponse:
    """Make an account from an invitation and sign its holder in."""
    if request.user.is_authenticated:
        return render(request, "public/join_signed_in.html", {"token": token})
    invitation = invitation_by_token_hash(hash_token(token))
    if invitation is None:
        raise Http404
    form = JoiningForm(request.POST or None, email=invitation.email, initial={"name": invitation.name})
    if not form.is_valid():
        return _page(request, invitation, form, status=FORM_ERROR_STATUS if form.is_bound else 200)
    answers = form.cleaned_data
    try:
        user = accept_invitation(
            token, name=answers["name"], password=answers["password"], by=actor_of(request), at=timezone.now()
        )
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return render_refused(request, "public/join_closed.html", {}, error)
    confirm_address(user)
    begin_session(request, user, with_second_factor=False)
    return redirect("after-sign-in")


@public
@require_POST
def leave_and_join(request: HttpRequest, token: str) -> HttpResponse:
    """Sign out the person who is signed in here, and open the invitation again."""
    logout(request)
    return redirect("join", token)


def _page(request: HttpRequest, invitation: Invitation, form: JoiningForm, *, status: int) -> HttpResponse:
    has_ended = invitation.accepted_at is not None or invitation.cancelled_at is not None
    is_closed = has_ended or invitation.expires_at <= timezone.now()
    context = {"invitation": invitation, "form": form, "is_closed": is_closed}
    return render(request, "public/join.html", context, status=status)
