"""Reset a colleague's lost second step."""

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
from partners.selectors.people import person_of
from partners.services.factor_resets import reset_factors
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.web.refused import render_refused


class ResetForm(forms.Form):
    """Why, in a sentence."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        validators=[plain_text],
        help_text=gettext_lazy("What happened, and how you made sure who asked. The person reads it too."),
        widget=forms.Textarea({"rows": 3}),
    )


@allow("people.manage", houses=("tpr", "mar"), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def reset(request: HttpRequest, membership_id: UUID) -> HttpResponse:
    """Take off the factors of a colleague and send him a link."""
    partner_id: UUID | None = request.membership.partner_id  # type: ignore[attr-defined]
    person = person_of(membership_id, partner_id)
    if person is None:
        raise Http404
    form = ResetForm(request.POST or None)
    context = {"form": form, "person": person}
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "house/people_reset.html", context, status=status)
    try:
        reset_factors(
            membership_id,
            partner_id=partner_id,
            reason=form.cleaned_data["reason"],
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "house/people_reset.html", context, error)
    messages.success(request, _("The second step is reset. The link is on its way."))
    return redirect("people")
