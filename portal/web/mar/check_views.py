"""The automatic checks of an application: how they stand, and asking again.

Any page that shows an application puts ``**checks_context(request, application_id)`` into its context and
includes ``mar/application_checks.html``.
"""

import datetime as dt
import json
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from core.errors import DomainError, NotFound
from partners.models import CheckResult, SanctionsList
from partners.selectors.applications import application_by_id
from partners.selectors.checks import newest_checks, run_counts
from partners.services.checks import repeat_check, request_checks
from portal import formatting
from portal.actors import actor_of
from portal.policy import allow
from portal.refusals import note_refusal

REASONS = {
    "vat": gettext_lazy("VAT number"),
    "name": gettext_lazy("name"),
    "address": gettext_lazy("address"),
    "iban": gettext_lazy("IBAN"),
    "phone": gettext_lazy("telephone"),
}
COMPARED = {
    "company": gettext_lazy("company"),
    "trade_name": gettext_lazy("trade name"),
    "owner": gettext_lazy("owner"),
}
_SHOWN_FACTS = {
    "name": gettext_lazy("Name in the register"),
    "address": gettext_lazy("Address in the register"),
    "asked_on": gettext_lazy("Asked on"),
    "identifier": gettext_lazy("Consultation number"),
    "domain": gettext_lazy("Domain"),
    "website": gettext_lazy("Web site"),
    "url": gettext_lazy("Answered at"),
}


@allow("application.review", houses=("mar",))
@require_POST
def run_all(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Ask every source that has not been asked about these facts."""
    if application_by_id(application_id) is None:
        raise Http404
    begun = request_checks(application_id, at=timezone.now())
    if begun:
        messages.success(request, _("The checks are running. Load the page again in a moment."))
    else:
        messages.info(request, _("Every check has been asked about these facts. Ask again one by one."))
    return _back(application_id)


@allow("application.review", houses=("mar",))
@require_POST
def repeat(request: HttpRequest, application_id: UUID, check_id: UUID) -> HttpResponse:
    """Ask the source of one check again."""
    try:
        repeat_check(check_id, application_id=application_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        if isinstance(error, NotFound):
            raise Http404 from None
        note_refusal(request, error)
        messages.error(request, " ".join((error.refusals[0].what, error.refusals[0].next_step)))
        return _back(application_id)
    messages.success(request, _("Asked again. Load the page again in a moment."))
    return _back(application_id)


def checks_context(request: HttpRequest, application_id: UUID) -> dict[str, Any]:
    """Return what ``mar/application_checks.html`` needs."""
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    may_repeat = "application.review" in permissions
    counts = run_counts(application_id)
    return {
        "checks": [
            _shown(check, runs=counts[check.kind], may_repeat=may_repeat)
            for check in newest_checks(application_id)
        ],
        "run_checks_url": reverse("mar:checks-run", args=[application_id]) if may_repeat else "",
    }


def _back(application_id: UUID) -> HttpResponse:
    return redirect(f"{reverse('mar:application-detail', args=[application_id])}#checks")


def _shown(check: CheckResult, *, runs: int, may_repeat: bool) -> dict[str, Any]:
    facts = check.facts if isinstance(check.facts, dict) else {}
    is_running = check.outcome == CheckResult.Outcome.PENDING
    return {
        "label": check.get_kind_display(),
        "outcome": check.outcome,
        "summary": check.summary,
        "provider": check.provider,
        "at": check.answered_at or check.requested_at,
        "attempts": check.attempts,
        "next_try_at": check.next_try_at,
        "companies": [_company(hit) for hit in _hits(facts) if "kind" in hit and "reasons" in hit],
        "names": [_listed_name(hit) for hit in _hits(facts) if "said" in hit],
        "lists": [_list_line(each) for each in facts.get("lists") or []],
        "facts": [(label, facts[key]) for key, label in _SHOWN_FACTS.items() if facts.get(key)],
        "raw": _raw(check, facts),
        "runs": runs,
        "repeat_url": reverse("mar:check-repeat", args=[check.application_id, check.pk])
        if may_repeat and not is_running
        else "",
    }


def _hits(facts: Mapping[str, Any]) -> list[dict[str, Any]]:
    return [hit for hit in facts.get("hits") or [] if isinstance(hit, dict)]


def _company(hit: Mapping[str, Any]) -> dict[str, Any]:
    name = "mar:partner-detail" if hit["kind"] == "partner" else "mar:application-detail"
    return {
        "label": hit["label"],
        "url": reverse(name, args=[hit["id"]]),
        "score": hit["score"],
        "reasons": ", ".join(
            f"{REASONS.get(each['what'], each['what'])} {each['score']} %" for each in hit["reasons"]
        ),
    }


def _listed_name(hit: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "said": hit["said"],
        "what": COMPARED.get(hit["what"], hit["what"]),
        "name": hit["name"],
        "score": hit["score"],
        "reference": hit["reference"],
        "programme": hit["programme"],
        "country": hit["country"],
        "aliases": ", ".join(hit["aliases"]),
    }


def _list_line(each: Mapping[str, Any]) -> str:
    known = dict(SanctionsList.Source.choices)
    text = ngettext(
        "%(source)s of %(date)s, %(entries)s entry",
        "%(source)s of %(date)s, %(entries)s entries",
        each["entries"],
    )
    return text % {
        "source": known.get(each["source"], each["source"]),
        "date": formatting.day(dt.date.fromisoformat(each["published_on"])),
        "entries": formatting.number(each["entries"]),
    }


def _raw(check: CheckResult, facts: Mapping[str, Any]) -> str:
    """Return the source's own words; where the source is our own table, what it found."""
    if check.raw_answer or not facts:
        return check.raw_answer
    return json.dumps(facts, indent=1, ensure_ascii=False)
