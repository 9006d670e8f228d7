"""Machines' credentials: list, make, revoke. The text of a new one is shown once."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from partners.models import ApiKey
from partners.rules.api_keys import MAX_DAILY_CLAIMS, SCOPE_LABELS, scopes_of_house
from partners.selectors.api_keys import api_key_of, api_keys_of
from partners.services.api_keys import create_api_key, revoke_api_key
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table
from portal.web.refused import render_refused

HOUSES = ("tpr", "mar")
LIFETIMES = (
    (365, gettext_lazy("One year")),
    (90, gettext_lazy("90 days")),
    (0, gettext_lazy("Until it is revoked")),
)


class ApiKeyTable(Table):
    """The credentials of a house."""

    dom_id = "api-keys"
    caption = gettext_lazy("API keys")
    columns = (
        Column("name", gettext_lazy("Station or program"), sort="name", primary=True),
        Column("prefix", gettext_lazy("Begins with"), kind="mono"),
        Column("scopes", gettext_lazy("May"), accessor=lambda api_key: ", ".join(api_key.scopes)),
        Column("daily_claims", gettext_lazy("Keys a day"), kind="number", sort="daily_claims"),
        Column("used", gettext_lazy("Last used"), kind="ago", accessor="last_used_at", sort="last_used_at"),
        Column("expires", gettext_lazy("Valid until"), kind="date", accessor="expires_at", sort="expires_at"),
        Column("state", gettext_lazy("State"), accessor=lambda api_key: _state_of(api_key)),
    )
    order = "name"
    empty = Empty(
        gettext_lazy("No API keys yet"),
        gettext_lazy("A station that takes keys by itself needs one. People do not."),
        icon="key",
    )

    def row_url(self, row: ApiKey) -> str | None:
        """Return where a credential is revoked; one that has ended does not open."""
        return reverse("api-key-revoke", args=[row.pk]) if row.revoked_at is None else None


class ApiKeyForm(forms.Form):
    """What a new credential is for."""

    name = forms.CharField(
        label=gettext_lazy("Station or program"),
        max_length=80,
        validators=[plain_text],
        help_text=gettext_lazy("It stands in the history of every key it takes. One per station."),
        widget=forms.TextInput({"autocomplete": "off"}),
    )
    scopes = forms.MultipleChoiceField(
        label=gettext_lazy("What may it do?"), widget=forms.CheckboxSelectMultiple
    )
    daily_claims = forms.IntegerField(
        label=gettext_lazy("Keys a day, at most"),
        min_value=0,
        max_value=MAX_DAILY_CLAIMS,
        initial=500,
        help_text=gettext_lazy("A stolen credential can take no more than this."),
        widget=forms.NumberInput({"inputmode": "numeric"}),
    )
    lifetime = forms.TypedChoiceField(
        label=gettext_lazy("Valid for"), choices=LIFETIMES, coerce=int, initial=365
    )

    def __init__(self, *args: Any, is_partner: bool, **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["scopes"]
        assert isinstance(field, forms.MultipleChoiceField)  # noqa: S101  (tells the type checker)
        field.choices = [
            (scope, f"{SCOPE_LABELS[scope]} ({scope})") for scope in scopes_of_house(is_partner=is_partner)
        ]


@allow("api_key.manage", houses=HOUSES)
@require_safe
def api_keys(request: HttpRequest) -> HttpResponse:
    """List the credentials of the own house."""
    return render_table(
        request, "house/api_keys.html", {"table": ApiKeyTable(request, api_keys_of(_house(request)))}
    )


@allow("api_key.manage", houses=HOUSES, fresh_factor=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    """Make a credential and show its text, this once."""
    partner_id, now = _house(request), timezone.now()
    form = ApiKeyForm(request.POST or None, is_partner=partner_id is not None)
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "house/api_key_create.html", {"form": form}, status=status)
    answers = form.cleaned_data
    try:
        api_key, secret = create_api_key(
            partner_id,
            name=answers["name"],
            scopes=answers["scopes"],
            daily_claims=answers["daily_claims"],
            expires_at=now + timedelta(days=answers["lifetime"]) if answers["lifetime"] else None,
            by=actor_of(request),
            at=now,
        )
    except DomainError as error:
        return render_refused(request, "house/api_key_create.html", {"form": form}, error)
    context = {"api_key": api_key, "secret_text": secret.reveal(), "no_store": True}
    return render(request, "house/api_key_created.html", context)


@allow("api_key.manage", houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, api_key_id: UUID) -> HttpResponse:
    """End a credential at once."""
    partner_id = _house(request)
    api_key = api_key_of(api_key_id, partner_id)
    if api_key is None:
        raise Http404
    if request.method != "POST":
        return render(request, "house/api_key_revoke.html", {"api_key": api_key})
    try:
        revoke_api_key(api_key_id, partner_id=partner_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "house/api_key_revoke.html", {"api_key": api_key}, error)
    messages.success(request, _("The credential is revoked. Requests with it are refused from now on."))
    return redirect("api-key-list")


def _house(request: HttpRequest) -> UUID | None:
    partner_id: UUID | None = request.membership.partner_id  # type: ignore[attr-defined]
    return partner_id


def _state_of(api_key: ApiKey) -> str:
    if api_key.revoked_at is not None:
        return _("Revoked")
    if api_key.expires_at is not None and api_key.expires_at <= timezone.now():
        return _("Expired")
    return _("Valid")
