"""Newer evidence about an approved recipient: one person reviews it, another lets it take over."""

from collections.abc import Callable
from datetime import date
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError
from partners.models import Recipient
from partners.selectors import recipients as selectors
from partners.services import recipient_renewals as services
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.web.mar.recipient_forms import RecipientReasonForm, RecipientReviewForm
from portal.web.refused import render_refused

HOUSES = ("mar",)


class RenewalReviewForm(RecipientReviewForm):
    """What the first person found in the newer evidence."""

    evidence_until = forms.DateField(
        label=gettext_lazy("New evidence holds until"),
        help_text=gettext_lazy("The last day. It takes over when the second person says yes."),
        widget=forms.DateInput({"type": "date", "class": "input-short"}),
    )


def renewal_page(recipient: Recipient, permissions: frozenset[str], person_id: Any) -> dict[str, Any]:
    """Return what the recipient's page shows of newer evidence, and the step this person may take."""
    renewal = selectors.open_renewal_of(recipient.pk)
    if renewal is None:
        return {"renewal": None}
    may_review = renewal.state == "submitted" and "recipient.review" in permissions
    may_decide = renewal.state == "reviewed" and "recipient.decide" in permissions
    until: date | None = renewal.evidence.document.expires_on
    return {
        "renewal": renewal,
        "renewal_form": RenewalReviewForm(initial={"evidence_until": until}) if may_review else None,
        "may_decide_renewal": may_decide and renewal.reviewed_by_id != person_id,
        "may_refuse_renewal": may_review or may_decide,
    }


@allow("recipient.review", houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def review(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Record the first person's check of newer evidence."""
    recipient, form = _find(recipient_id), RenewalReviewForm(request.POST or None)
    words = {
        "title": _("Review the new evidence"),
        "text": "",
        "submit": _("Reviewed, pass on"),
        "danger": False,
    }
    context = {"recipient": recipient, "form": form, **words}
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "mar/recipient_reason.html", context, status=status)
    given = form.cleaned_data

    def act(**who: Any) -> object:
        return services.review_renewal(recipient_id, until=given["evidence_until"], note=given["note"], **who)

    return _act(request, context, act, _("Reviewed. Another person decides now."))


@allow("recipient.decide", houses=HOUSES, fresh_factor=True)
@require_POST
def approve(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Let the newer evidence take over, as second person."""
    recipient = _find(recipient_id)
    words = {"title": _("Let it take over?"), "text": "", "submit": _("Let it take over"), "danger": False}

    def act(**who: Any) -> object:
        return services.approve_renewal(recipient_id, **who)

    done = _("The new evidence holds from now on. The partner is told.")
    return _act(request, {"recipient": recipient, "form": "", **words}, act, done)


@allow("recipient.review", houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def refuse(request: HttpRequest, recipient_id: UUID) -> HttpResponse:
    """Refuse newer evidence with a reason; what holds today goes on."""
    recipient, form = _find(recipient_id), RecipientReasonForm(request.POST or None)
    context = {
        "recipient": recipient,
        "form": form,
        "title": _("Refuse the new evidence?"),
        "text": _(
            "What holds today goes on to its end. The partner reads your words and may hand in another paper."
        ),
        "submit": _("Refuse it"),
        "danger": True,
    }
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "mar/recipient_reason.html", context, status=status)

    def act(**who: Any) -> object:
        return services.refuse_renewal(recipient_id, reason=form.cleaned_data["reason"], **who)

    return _act(request, context, act, _("Refused. The partner is told by mail."))


def _act(
    request: HttpRequest, context: dict[str, Any], act: Callable[..., object], done: str
) -> HttpResponse:
    try:
        act(by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/recipient_reason.html", context, error)
    messages.success(request, done)
    return redirect("mar:recipient-detail", context["recipient"].pk)


def _find(recipient_id: UUID) -> Recipient:
    recipient = selectors.all_recipients().filter(pk=recipient_id).first()
    if recipient is None:
        raise Http404
    return recipient
