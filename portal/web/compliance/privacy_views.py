"""Personal data: requests to be forgotten, carried out by a second person; what is past its time."""

import json
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from core import audit
from core.errors import DomainError, NotFound
from partners.models import ErasureRequest
from partners.selectors.personal_data import (
    active_user_by_email,
    erasure_requests,
    personal_data_of,
    retention_proposals,
)
from partners.services.privacy import carry_out_erasure, refuse_erasure, request_erasure
from partners.services.retention import count_expired
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")


class AskForm(forms.Form):
    """Who asked, by his address."""

    email = forms.EmailField(
        label=gettext_lazy("E-mail address of the person"),
        help_text=gettext_lazy(
            "Somebody who wrote or called and wants to be forgotten. Make sure it is the same person."
        ),
        widget=forms.EmailInput({"autocomplete": "off"}),
    )


class RefusalForm(forms.Form):
    """Why not."""

    reason = forms.CharField(
        label=gettext_lazy("Reason of a refusal"), required=False, max_length=300, validators=[plain_text]
    )


@allow("privacy.manage", houses=HOUSES)
@never_cache
@require_safe
def overview(request: HttpRequest) -> HttpResponse:
    """Show the requests, and how much is past its time."""
    return render(request, "compliance/privacy.html", _context(AskForm()))


@allow("privacy.manage", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest) -> HttpResponse:
    """Note that a person wants to be forgotten."""
    form = AskForm(request.POST or None)
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "compliance/privacy.html", _context(form), status=status)
    user = active_user_by_email(form.cleaned_data["email"])
    if user is None:
        form.add_error("email", _("Nobody signs in with this address."))
        return render(request, "compliance/privacy.html", _context(form), status=FORM_ERROR_STATUS)
    try:
        request_erasure(user.pk, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "compliance/privacy.html", _context(form), error)
    messages.success(request, _("Noted. A second person carries it out."))
    return redirect("compliance:privacy")


@allow("privacy.manage", houses=HOUSES, fresh_factor=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def erase(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Carry a request out, or refuse it."""
    found = erasure_requests().filter(pk=request_id).first()
    if found is None:
        raise Http404
    form = RefusalForm(request.POST or None)
    context = {"erasure": found, "form": form}
    if request.method != "POST" or not form.is_valid():
        return render(
            request, "compliance/erase.html", context, status=FORM_ERROR_STATUS if form.is_bound else 200
        )
    try:
        _decide(request, found, form.cleaned_data["reason"])
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return render_refused(request, "compliance/erase.html", context, error)
    return redirect("compliance:privacy")


@allow("privacy.manage", houses=HOUSES, fresh_factor=True)
@never_cache
@require_safe
def export(request: HttpRequest, request_id: UUID) -> HttpResponse:
    """Hand over what is stored about the person of a request."""
    found = erasure_requests().filter(pk=request_id).first()
    if found is None:
        raise Http404
    audit.record(
        "partners.personal_data.exported", by=actor_of(request), at=timezone.now(),
        object_type="user", object_id=found.user_id,
    )  # fmt: skip
    text = json.dumps(personal_data_of(found.user_id), ensure_ascii=False, indent=2, default=str)
    response = HttpResponse(text, content_type="application/json")
    response["Content-Disposition"] = f'attachment; filename="personal-data-{found.pk}.json"'
    return response


def _decide(request: HttpRequest, found: ErasureRequest, reason: str) -> None:
    by, now = actor_of(request), timezone.now()
    if "refuse" in request.POST:
        refuse_erasure(found.pk, reason=reason, by=by, at=now)
        messages.success(request, _("The request is refused."))
        return
    done = carry_out_erasure(found.pk, by=by, at=now)
    left, look = ", ".join(sorted(done.outcome["left"])), ", ".join(sorted(done.outcome["look"]))
    if left:
        messages.warning(request, _("Done. Words about the person were still found in: %s.") % left)
    elif look:
        said = _("Done. The surname alone still stands in: %s. It may be another person’s; look there.")
        messages.warning(request, said % look)
    else:
        messages.success(request, _("Done. A search found nothing left of the person."))


def _context(form: AskForm) -> dict[str, object]:
    waiting = retention_proposals().filter(state="proposed").first()
    expired = sum(count_expired(at=timezone.now()).values())
    return {"form": form, "requests": erasure_requests()[:200], "expired": expired, "waiting": waiting}
