"""Show a refusal of the domain on a page: what, why, what to do next."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.errors import DomainError, Refusal
from licensing.rules.key_syntax import mask_keys
from portal import formatting
from portal.refusals import note_refusal


def render_refused(
    request: HttpRequest, template: str, context: Mapping[str, Any], error: DomainError
) -> HttpResponse:
    """Answer with the page and the refusals on it; the request's transaction is rolled back."""
    note_refusal(request, error)
    page = {**context, "refusals": [shown(refusal) for refusal in error.refusals], "page_has_errors": True}
    return render(request, template, page, status=error.status)


def shown(refusal: Refusal) -> dict[str, Any]:
    """Return a refusal as components/refusal.html shows it; a key typed into a wrong field is not said back."""
    return {
        "what": mask_keys(refusal.what),
        "rule": refusal.rule,
        "rule_version": refusal.rule_version,
        "rule_since": refusal.rule_since,
        "until": refusal.until,
        "facts": [(label, _in_words(value)) for label, value in refusal.facts.items()],
        "missing": [(label, _in_words(value)) for label, value in refusal.missing.items()],
        "next_step": refusal.next_step,
        "fix_url": refusal.fix_path,
        "lifted_by": refusal.lifted_by,
    }


def _in_words(value: Any) -> str:
    if isinstance(value, dt.datetime):
        return formatting.exact(value)
    return mask_keys(str(value))
