"""A partner's agreements: what waits, what was accepted, and the paper about it."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError, NotFound
from partners.rules.terms import days_until
from partners.selectors.mar import mar_zone
from partners.selectors.terms import (
    AgreementStanding,
    acceptances_of,
    agreement_standings,
    text_in,
)
from partners.services.terms import accept_terms
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.web.public.terms import AcceptanceForm, acceptance_context, languages_of
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of
from reporting.models import AcceptancePaper
from reporting.services.acceptance_papers import acceptance_paper

HOUSE = ("tpr",)


@allow("terms.view", houses=HOUSE)
@require_safe
def agreement_list(request: HttpRequest) -> HttpResponse:
    """Show each agreement with its standing, and every acceptance so far."""
    partner_id, now = partner_id_of(request), timezone.now()
    zone = mar_zone()
    context = {
        "standings": [
            {
                "standing": one,
                "left": days_until(one.on_offer.due_from, at=now, zone=zone),
                "is_due": one.on_offer.due_from <= now,
                "covers": coverage_of(one.agreement.families, one.agreement.products),
            }
            for one in agreement_standings(partner_id, now)
        ],
        "acceptances": acceptances_of(partner_id),
        "section": "agreements",
    }
    return render(request, "tpr/rules/agreement_list.html", context)


@allow("terms.view", houses=HOUSE)
@require_safe
def agreement_detail(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Show the version on offer in one's language, and to an owner the form that accepts it."""
    return render(request, "tpr/rules/agreement_detail.html", _context(request, agreement_id))


@allow("terms.accept", houses=HOUSE)
@require_POST
def accept(request: HttpRequest, agreement_id: UUID) -> HttpResponse:
    """Accept the version on offer for the owner's company."""
    template, form = "tpr/rules/agreement_detail.html", AcceptanceForm(request.POST)
    context = _context(request, agreement_id, form)
    if not form.is_valid():
        return render(request, template, context, status=FORM_ERROR_STATUS)
    try:
        acceptance = accept_terms(
            partner_id=partner_id_of(request),
            terms_id=form.cleaned_data["terms"],
            text_sha256=form.cleaned_data["text_sha256"],
            role=request.membership.role,  # type: ignore[attr-defined]
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, template, _context(request, agreement_id), error)
    messages.success(
        request,
        _("Accepted: %(title)s, version %(version)s. The paper about it is below.")
        % {"title": context["agreement"].title, "version": acceptance.terms.version},
    )
    return redirect("tpr:agreement-list")


@allow("terms.view", houses=HOUSE)
@never_cache
@require_safe
def paper(request: HttpRequest, acceptance_id: UUID) -> HttpResponse:
    """Download the paper about one of the own acceptances."""
    try:
        made = acceptance_paper(
            acceptance_id, partner_id=partner_id_of(request), by=actor_of(request), at=timezone.now()
        )
    except NotFound as error:
        raise Http404 from error
    return paper_response(made)


def paper_response(made: AcceptancePaper) -> HttpResponse:
    """Return a stored paper as a download."""
    response: Any = FileResponse(
        default_storage.open(made.path),
        as_attachment=True,
        filename=made.name,
        content_type="application/pdf",
    )
    answer: HttpResponse = response
    return answer


def coverage_of(families: list[str], products: list[str]) -> str:
    """Return in words what an agreement covers; empty families and products mean everything."""
    return ", ".join([*(family.capitalize() for family in families), *products]) or _("Every product")


def _context(request: HttpRequest, agreement_id: UUID, form: AcceptanceForm | None = None) -> dict[str, Any]:
    now, standing = timezone.now(), _find(request, agreement_id)
    terms = standing.on_offer
    text = text_in(terms, request.GET.get("language", get_language() or ""))
    return {
        "agreement": standing.agreement,
        "standing": standing,
        "terms": terms,
        "text": text,
        "languages": languages_of(terms, text),
        "covers": coverage_of(standing.agreement.families, standing.agreement.products),
        "left": days_until(terms.due_from, at=now, zone=mar_zone()),
        "is_due": terms.due_from <= now,
        "section": "agreements",
        **acceptance_context(request, terms, text, form),
    }


def _find(request: HttpRequest, agreement_id: UUID) -> AgreementStanding:
    standings = agreement_standings(partner_id_of(request), timezone.now())
    for standing in standings:
        if standing.agreement.pk == agreement_id:
            return standing
    raise Http404
