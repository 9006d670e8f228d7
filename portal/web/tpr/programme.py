"""The programme's rules for a partner: every rule in one sentence, what comes, and what it changes for him."""

from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError
from licensing.models import RuleNotice
from licensing.selectors.programme_rules import ahead, in_force
from licensing.selectors.rule_inbox import reading_of, rule_notice_of
from licensing.services.programme_rules import read_rule
from portal.actors import actor_of
from portal.policy import allow
from portal.web.rule_words import grouped, shown_changes, shown_version
from portal.web.tpr.place import partner_id_of, user_id_of

HOUSE = ("tpr",)


@allow("terms.view", houses=HOUSE)
@require_safe
def programme(request: HttpRequest) -> HttpResponse:
    """Show every rule in force in one sentence, and those that are announced."""
    now = timezone.now()
    context = {
        "groups": grouped(in_force(now), now),
        "ahead": [shown_version(one, now) for one in ahead(now)],
        "section": "programme",
    }
    return render(request, "tpr/rules/programme.html", context)


@allow("terms.view", houses=HOUSE)
@require_safe
def rule_version(request: HttpRequest, rule_version_id: int) -> HttpResponse:
    """Show one announced version, what it changes here, and the button that says it was read."""
    notice = rule_notice_of(rule_version_id, partner_id=partner_id_of(request))
    if notice is None:
        raise Http404
    context = {
        "shown": shown_version(notice.version, timezone.now()),
        "changes": shown_changes(notice.changes),
        "reading": reading_of(rule_version_id, user_id_of(request)),
        "section": "inbox",
    }
    return render(request, "tpr/rules/programme_version.html", context)


@allow("terms.view", houses=HOUSE)
@require_POST
def rule_read(request: HttpRequest, rule_version_id: int) -> HttpResponse:
    """Note that this person has read a version."""
    try:
        read_rule(rule_version_id, partner_id=partner_id_of(request), by=actor_of(request), at=timezone.now())
    except DomainError as error:
        raise Http404 from error
    messages.success(request, _("Noted: you have read it."))
    return redirect("tpr:rules")


def shown_notice(notice: RuleNotice) -> dict[str, Any]:
    """Return a notice as the inbox shows it."""
    return shown_version(notice.version, timezone.now()) | {
        "is_read": notice.is_read,  # type: ignore[attr-defined]
        "changes": len(notice.changes),
    }
