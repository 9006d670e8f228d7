"""Begin and end a look at a partner's pages."""

from uuid import UUID

from django import forms
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_POST

from portal import view_as
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow, public
from portal.web.mar.partner_header import find_partner


class ReasonToLookForm(forms.Form):
    """Why somebody of the MAR looks at a partner's pages."""

    reason = forms.CharField(
        label=_("Why do you look?"),
        min_length=5,
        max_length=200,
        validators=[plain_text],
        help_text=_("The partner reads these words in the history."),
        widget=forms.Textarea({"rows": 3}),
    )


@allow(view_as.PERMISSION, houses=("mar", "compliance"), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def begin(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Ask for the reason, then show the partner's pages for half an hour."""
    partner = find_partner(partner_id)
    form = ReasonToLookForm(request.POST or None)
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "mar/partner_view_as.html", {"partner": partner, "form": form}, status=status)
    view_as.begin(request, partner, reason=form.cleaned_data["reason"], at=timezone.now())
    return redirect("tpr:home")


@public
@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """End the look and go back to the partner's page in one's own wing; without one nothing happens."""
    ended = view_as.end(request, at=timezone.now(), why="asked")
    return redirect("mar:partner-detail", ended.partner_id) if ended else redirect("after-sign-in")
