"""The programme's rules: what is in force, what comes, what a draft would change, and its publication."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from licensing.models import RuleState
from licensing.rules.programme_rules import RULES
from licensing.selectors import programme_rules as selectors
from licensing.selectors.rule_inbox import reading_rate, simulations_of
from licensing.services import programme_rules as services
from licensing.services.rule_simulation import simulate as run_simulation
from partners.selectors.mar import mar_zone
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.web.mar.rule_forms import RuleForm, initial_of
from portal.web.refused import render_refused
from portal.web.rule_words import grouped, shown_changes, shown_version

HOUSES = ("mar", "compliance")
SHOWN_CHANGES = 200
DETAIL = "mar/rules/programme_rule.html"


@allow("rules.view", houses=HOUSES)
@require_safe
def rule_list(request: HttpRequest) -> HttpResponse:
    """List the rules in force by group, with what is announced and what is drafted."""
    now = timezone.now()
    context = {
        "groups": grouped(selectors.in_force(now), now),
        "ahead": [shown_version(one, now) for one in selectors.ahead(now)],
        "drafts": [shown_version(one, now) for one in selectors.drafts()],
        "section": "programme",
    }
    return render(request, "mar/rules/programme.html", context)


@allow("rules.view", houses=HOUSES)
@require_safe
def rule_detail(request: HttpRequest, rule_code: str) -> HttpResponse:
    """Show one rule: in force, announced, drafted with its simulation, and every version there was."""
    return render(request, DETAIL, _context(request, rule_code))


@allow("rules.write", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def rule_write(request: HttpRequest, rule_code: str) -> HttpResponse:
    """Write the next version of a rule, or one's own draft anew."""
    rule = RULES.get(rule_code)
    if rule is None:
        raise Http404
    now, zone = timezone.now(), mar_zone()
    form = RuleForm(request.POST or None, rule=rule, initial=_first_values(rule_code, now, zone))
    context = {"form": form, "rule": rule, "rule_code": rule_code}
    template = "mar/rules/programme_write.html"
    if form.is_valid():
        try:
            services.write_rule(form.written_rule(zone), by=actor_of(request), at=now)
        except DomainError as error:
            if not form.take_faults(error):
                return render_refused(request, template, context, error)
        else:
            messages.success(request, _("Written. Now look at what it changes, before anybody is told."))
            return redirect("mar:rule-detail", rule_code)
    return render(request, template, context, status=FORM_ERROR_STATUS if form.is_bound else 200)


@allow("rules.view", houses=HOUSES)
@require_POST
def rule_simulate(request: HttpRequest, rule_code: str, rule_version_id: int) -> HttpResponse:
    """Compute what a draft would change; nothing but the result is stored."""

    def step() -> None:
        run_simulation(rule_version_id, by=actor_of(request), at=timezone.now())

    return _done(request, rule_code, rule_version_id, step, _("Simulated. Nothing has changed."))


@allow("rule.publish", houses=("mar",), fresh_factor=True)
@require_POST
def rule_publish(request: HttpRequest, rule_code: str, rule_version_id: int) -> HttpResponse:
    """Publish a colleague's draft."""

    def step() -> None:
        services.publish_rule(rule_version_id, by=actor_of(request), at=timezone.now())

    said = _("Published. It takes effect on its minute; every partner is told by mail and in his inbox.")
    return _done(request, rule_code, rule_version_id, step, said)


@allow("rules.write", houses=("mar",))
@require_POST
def rule_discard(request: HttpRequest, rule_code: str, rule_version_id: int) -> HttpResponse:
    """Put a draft away."""

    def step() -> None:
        services.discard_rule(rule_version_id, by=actor_of(request), at=timezone.now())

    return _done(request, rule_code, rule_version_id, step, _("Discarded. Nobody was told."))


@allow("rule.publish", houses=("mar",), fresh_factor=True)
@require_POST
def rule_withdraw(request: HttpRequest, rule_code: str, rule_version_id: int) -> HttpResponse:
    """Take an announced version back before it begins."""

    def step() -> None:
        services.withdraw_rule(rule_version_id, by=actor_of(request), at=timezone.now())

    return _done(request, rule_code, rule_version_id, step, _("Taken back. Every partner is told."))


def _done(
    request: HttpRequest, rule_code: str, rule_version_id: int, step: Callable[[], None], said: str
) -> HttpResponse:
    version = selectors.version_by_id(rule_version_id)
    if version is None or version.code != rule_code:
        raise Http404
    try:
        step()
    except DomainError as error:
        return render_refused(request, DETAIL, _context(request, rule_code), error)
    messages.success(request, said)
    return redirect("mar:rule-detail", rule_code)


def _first_values(rule_code: str, now: Any, zone: Any) -> dict[str, Any]:
    versions = list(selectors.versions_of(rule_code))
    draft = next((one for one in versions if one.state == RuleState.DRAFT), None)
    last = draft or next(one for one in versions if one.state == RuleState.ANNOUNCED)
    first = initial_of(last.parameters, last.sentences)
    if draft is None:
        return first | {"begins_at": "00:00"}
    begins = draft.valid_from.astimezone(zone)
    return first | {
        "begins_on": begins.date(), "begins_at": f"{begins:%H:%M}", "reason": draft.reason, "source": draft.source,
        "notice_waiver": draft.notice_waiver,
    }  # fmt: skip


def _context(request: HttpRequest, rule_code: str) -> dict[str, Any]:
    rule = RULES.get(rule_code)
    if rule is None:
        raise Http404
    now = timezone.now()
    versions = [shown_version(one, now) for one in selectors.versions_of(rule_code)]
    by_state = {one["state"]: one for one in reversed(versions)}
    draft = by_state.get("draft")
    permissions = request.permissions  # type: ignore[attr-defined]
    is_own = bool(draft and draft["version"].written_by_id == request.user.pk)
    return {
        "rule": rule,
        "versions": versions,
        "current": by_state.get("in_force"),
        "announced": [
            one | {"rate": reading_rate(one["version"].pk)} for one in versions if one["state"] == "announced"
        ],
        "draft": draft,
        "simulation": _simulation(draft) if draft else None,
        "is_own": is_own,
        "can_write": "rules.write" in permissions and (draft is None or is_own),
        "can_discard": "rules.write" in permissions and draft is not None,
        "can_publish": "rule.publish" in permissions and draft is not None and not is_own,
        "can_withdraw": "rule.publish" in permissions,
        "section": "programme",
    }


def _simulation(draft: dict[str, Any]) -> dict[str, Any] | None:
    found = simulations_of(draft["version"].pk).first()
    if found is None:
        return None
    return {
        "found": found,
        "changes": shown_changes(found.changes[:SHOWN_CHANGES]),
        "more": max(len(found.changes) - SHOWN_CHANGES, 0),
        "is_old": found.data_at < draft["version"].written_at,
    }
