"""The TPR terms: readable by everyone, accepted by an owner."""

from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError
from partners.models import TermsText, TermsVersion
from partners.selectors.terms import acceptance_of, terms_in_force, terms_on_offer, text_in, texts_of
from partners.selectors.training import missing_training
from partners.services.terms import accept_terms
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow, public
from portal.web.refused import render_refused


class AcceptanceForm(forms.Form):
    """The text that was read, and the word for it."""

    terms = forms.UUIDField(widget=forms.HiddenInput)
    text_sha256 = forms.CharField(max_length=64, widget=forms.HiddenInput)
    agreed = forms.BooleanField(
        label=gettext_lazy("I have read these terms, I may sign for my company, and I accept them."),
        error_messages={"required": gettext_lazy("Tick the box if you accept the terms.")},
    )


@public
@require_safe
def terms(request: HttpRequest) -> HttpResponse:
    """Show the terms in force, and to an owner the form that accepts them."""
    return render(request, _template(request), _context(request))


@allow("terms.accept", houses=("tpr",))
@require_POST
def accept(request: HttpRequest) -> HttpResponse:
    """Accept the terms for the owner's company."""
    form = AcceptanceForm(request.POST)
    if not form.is_valid():
        return render(request, _template(request), _context(request, form), status=FORM_ERROR_STATUS)
    membership = request.membership  # type: ignore[attr-defined]
    try:
        accept_terms(
            partner_id=membership.partner_id,
            terms_id=form.cleaned_data["terms"],
            text_sha256=form.cleaned_data["text_sha256"],
            role=membership.role,
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, _template(request), _context(request), error)
    return _after_acceptance(request, membership.partner_id)


def _after_acceptance(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Lead to what still stands before the first order, or home."""
    courses = missing_training(partner_id, timezone.now())
    if courses:
        messages.success(request, _("Accepted. One thing is left: one of you passes this training."))
        return redirect("tpr:course-detail", courses[0].code)
    messages.success(request, _("Accepted. Your company can order from now on."))
    return redirect("after-sign-in")


def _template(request: HttpRequest) -> str:
    is_member = request.membership is not None  # type: ignore[attr-defined]
    return "public/terms_signed_in.html" if is_member else "public/terms.html"


def _context(request: HttpRequest, form: AcceptanceForm | None = None) -> dict[str, Any]:
    membership = request.membership  # type: ignore[attr-defined]
    is_partner = membership is not None and membership.partner_id is not None
    now = timezone.now()
    # A visitor reads what is in force; a partner what he is asked to accept, from its announcement on.
    current = terms_on_offer(now) if is_partner else terms_in_force(now)
    if current is None:
        return {"terms": None}
    text = text_in(current, request.GET.get("language", get_language() or ""))
    return {
        "terms": current,
        "text": text,
        "languages": languages_of(current, text),
        **acceptance_context(request, current, text, form),
    }


def languages_of(terms: TermsVersion, shown: TermsText) -> list[dict[str, Any]]:
    """Return the languages a version can be read in, for the switch above it."""
    names = dict(settings.LANGUAGES)
    return [
        {
            "code": text.language,
            "name": names.get(text.language, text.language),
            "is_binding": text.language == terms.binding_language,
            "is_shown": text.pk == shown.pk,
        }
        for text in texts_of(terms)
    ]


def acceptance_context(
    request: HttpRequest, current: TermsVersion, text: TermsText, form: AcceptanceForm | None = None
) -> dict[str, Any]:
    """Return who accepted a version, or the form by which an owner does."""
    membership = request.membership  # type: ignore[attr-defined]
    is_partner = membership is not None and membership.partner_id is not None
    acceptance = acceptance_of(membership.partner_id, current.pk) if is_partner else None
    is_open = is_partner and acceptance is None
    may_accept = is_open and "terms.accept" in request.permissions  # type: ignore[attr-defined]
    return {
        "acceptance": acceptance,
        "needs_owner": is_open and not may_accept,
        "form": (form or _blank(current, text)) if may_accept else None,
    }


def _blank(current: TermsVersion, text: TermsText) -> AcceptanceForm:
    return AcceptanceForm(initial={"terms": current.pk, "text_sha256": text.sha256})
