"""Let a partner's only owner back in: evidence, two people of the MAR, mail to everybody, a waiting time."""

from mimetypes import guess_extension
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError, NotFound
from partners.models import OwnerReset
from partners.selectors.owner_resets import everybody_at, only_owner_of, owner_resets_of
from partners.services import owner_resets
from portal.actors import actor_of
from portal.documents import SANDBOX, DocumentField
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.web.mar.partner_header import find_partner
from portal.web.refused import render_refused

PAGE = "mar/owner_reset.html"


class BeginForm(forms.Form):
    """What happened, how it was made sure who asked, and the paper that shows it."""

    proof = forms.ChoiceField(
        label=gettext_lazy("How did you make sure who asked?"), choices=OwnerReset.Proof.choices,
        widget=forms.RadioSelect,
    )  # fmt: skip
    reason = forms.CharField(
        label=gettext_lazy("What happened"), max_length=300, validators=[plain_text],
        help_text=gettext_lazy("Which number you called, who answered, what was lost. The second person reads it."),
        widget=forms.Textarea({"rows": 3}),
    )  # fmt: skip
    evidence = DocumentField(
        label=gettext_lazy("Evidence"),
        help_text=gettext_lazy(
            "The signed letter, or your own note of the call. No copy of an identity paper. "
            "PDF, JPEG, PNG or HEIC, up to 15 MB."
        ),
    )


class StopForm(forms.Form):
    """Why not."""

    reason = forms.CharField(
        label=gettext_lazy("Why it is stopped"), required=False, max_length=300, validators=[plain_text]
    )


@allow("owner.reset", houses=("mar",), fresh_factor=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def owner_reset(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Show what is under way, or begin a reset."""
    find_partner(partner_id)
    form = BeginForm(request.POST or None, request.FILES or None)
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, PAGE, _page(request, partner_id, form), status=status)
    said = form.cleaned_data
    try:
        owner_resets.begin_owner_reset(
            partner_id, proof=said["proof"], reason=said["reason"], evidence=said["evidence"].read(),
            by=actor_of(request), at=timezone.now(),
        )  # fmt: skip
    except DomainError as error:
        return render_refused(request, PAGE, _page(request, partner_id, form), error)
    messages.success(
        request, _("Begun. Everybody known at the partner gets a mail; a second person looks at it.")
    )
    return redirect("mar:partner-owner-reset", partner_id)


@allow("owner.reset", houses=("mar",), fresh_factor=True)
@require_POST
def decide(request: HttpRequest, partner_id: UUID, case_id: UUID) -> HttpResponse:
    """Confirm, carry out or stop a reset."""
    form = StopForm(request.POST)
    reason = form.cleaned_data["reason"] if form.is_valid() else ""
    who: dict[str, Any] = {"partner_id": partner_id, "by": actor_of(request), "at": timezone.now()}
    try:
        if "confirm" in request.POST:
            owner_resets.confirm_owner_reset(case_id, **who)
            said = _("Confirmed. It is carried out when the waiting time is over.")
        elif "carry_out" in request.POST:
            owner_resets.carry_out_owner_reset(case_id, **who)
            said = _("Done. The owner has a mail with a link, and needs his password for it.")
        else:
            owner_resets.stop_owner_reset(case_id, reason=reason, **who)
            said = _("Stopped. Nothing was changed.")
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return render_refused(request, PAGE, _page(request, partner_id, BeginForm()), error)
    messages.success(request, said)
    return redirect("mar:partner-owner-reset", partner_id)


@allow("owner.reset", houses=("mar",), fresh_factor=True)
@never_cache
@require_safe
def evidence(request: HttpRequest, partner_id: UUID, case_id: UUID) -> HttpResponse:
    """Hand the evidence to whoever decides on it."""
    case = owner_resets_of(partner_id).filter(pk=case_id).first()
    if case is None:
        raise Http404
    try:
        content = owner_resets.open_evidence(case, by=actor_of(request), at=timezone.now())
    except NotFound as error:
        raise Http404 from error
    response = HttpResponse(content, content_type=case.evidence_type)
    name = f"evidence-{case.asked_at:%Y-%m-%d}{guess_extension(case.evidence_type) or '.heic'}"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["X-Content-Type-Options"] = "nosniff"
    response["Content-Security-Policy"] = SANDBOX
    return response


def _page(request: HttpRequest, partner_id: UUID, form: BeginForm) -> dict[str, Any]:
    cases, now, viewer = list(owner_resets_of(partner_id)[:10]), timezone.now(), actor_of(request).user_id
    case = next((found for found in cases if found.closed_at is None), None)
    return {
        "partner": find_partner(partner_id),
        "form": form,
        "owner": only_owner_of(partner_id),
        "told": len(everybody_at(partner_id)),
        "hours": int(owner_resets.WAITING_TIME.total_seconds() // 3600),
        "case": case,
        "is_mine": case is not None and case.asked_by_user_id == viewer,
        "is_open_now": case is not None and case.opens_at <= now,
        "stop_form": StopForm(),
        "closed": [found for found in cases if found.closed_at is not None],
    }
