"""Decide on a partner's request to change what stands on his contract."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods

from core.errors import DomainError
from partners.selectors.company import changes_of
from partners.services.company import confirm_company_change, refuse_company_change
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.web.mar.partner_header import find_partner
from portal.web.refused import render_refused


class DecisionForm(forms.Form):
    """Confirm or refuse, and why."""

    decision = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=[
            ("confirm", gettext_lazy("Confirm: the new facts count at once")),
            ("refuse", gettext_lazy("Refuse: everything stays as it is")),
        ],
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=gettext_lazy("What did you check?"),
        max_length=300,
        validators=[plain_text],
        help_text=gettext_lazy("The partner reads this."),
        widget=forms.Textarea({"rows": 3}),
    )


@allow("partner.manage", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def decide_change(request: HttpRequest, partner_id: UUID, change_id: UUID) -> HttpResponse:
    """Confirm or refuse a request."""
    partner = find_partner(partner_id)
    change = changes_of(partner_id).filter(pk=change_id).first()
    if change is None:
        raise Http404
    form = DecisionForm(request.POST or None)
    context: dict[str, Any] = {"partner": partner, "change": change, "form": form}
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "mar/company_change.html", context, status=status)
    act = confirm_company_change if form.cleaned_data["decision"] == "confirm" else refuse_company_change
    try:
        act(
            change_id, partner_id=partner_id, note=form.cleaned_data["note"], by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except DomainError as error:
        return render_refused(request, "mar/company_change.html", context, error)
    messages.success(request, _("The decision is kept, and the partner is told."))
    return redirect("mar:partner-company", partner_id)
