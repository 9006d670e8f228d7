"""The partner's entry in the public finder, kept by his owner."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import lazy
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from partners.models import PublicProfile
from partners.rules import countries
from partners.selectors.public_profiles import profile_of
from partners.services.public_profiles import save_profile
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.web.refused import render_refused


class ProfileForm(forms.Form):
    """What everybody may read."""

    is_listed = forms.BooleanField(
        label=gettext_lazy("List my company in the public finder"),
        required=False,
        help_text=gettext_lazy(
            "Only what stands here is shown, with your company's name and country. You can end it any time."
        ),
    )
    capabilities = forms.MultipleChoiceField(
        label=gettext_lazy("What do you do?"),
        required=False,
        choices=PublicProfile.Capability.choices,
        widget=forms.CheckboxSelectMultiple,
    )
    countries = forms.MultipleChoiceField(
        label=gettext_lazy("Which countries do you serve?"),
        required=False,
        choices=lazy(countries.choices, list)(),
        widget=forms.CheckboxSelectMultiple({"class": "in-columns"}),
    )
    website = forms.URLField(
        label=gettext_lazy("Web site"), required=False, max_length=200, assume_scheme="https"
    )
    blurb = forms.CharField(
        label=gettext_lazy("In your own words"),
        required=False,
        max_length=300,
        validators=[plain_text],
        widget=forms.Textarea({"rows": 3}),
        help_text=gettext_lazy("Up to 300 characters. Name no person."),
    )


@allow("people.manage", houses=("tpr",))
@require_http_methods(["GET", "HEAD", "POST"])
def profile(request: HttpRequest) -> HttpResponse:
    """Show and keep the entry."""
    partner_id = request.membership.partner_id  # type: ignore[attr-defined]
    known = profile_of(partner_id)
    form = ProfileForm(request.POST) if request.method == "POST" else ProfileForm(initial=_initial(known))
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "tpr/profile.html", {"form": form}, status=status)
    try:
        save_profile(partner_id, **form.cleaned_data, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "tpr/profile.html", {"form": form}, error)
    messages.success(request, _("Saved."))
    return redirect("tpr:profile")


def _initial(known: PublicProfile | None) -> dict[str, Any]:
    if known is None:
        return {}
    names = ("is_listed", "capabilities", "countries", "website", "blurb")
    return {name: getattr(known, name) for name in names}
