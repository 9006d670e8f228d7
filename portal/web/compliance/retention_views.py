"""What is past its time: counted, proposed by one person, thrown away by a second one."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from core.errors import DomainError, NotFound
from partners.models import RetentionProposal
from partners.selectors.personal_data import retention_proposals
from partners.services.retention import (
    confirm_retention,
    count_expired,
    drop_retention,
    kept_days,
    propose_retention,
)
from portal.actors import actor_of
from portal.policy import allow
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")
CLASSES = {
    "finished_work": gettext_lazy("Finished work of the queue"),
    "repeatable_requests": gettext_lazy("Memory of requests that may be repeated"),
    "sign_ins": gettext_lazy("Records of sign-ins"),
    "browser_sessions": gettext_lazy("Ended browser sessions"),
    "owner_evidence": gettext_lazy("Evidence of owners’ resets"),
    "invitations": gettext_lazy("Used or expired invitations"),
}
SHOWN = 12


@allow("privacy.manage", houses=HOUSES)
@never_cache
@require_http_methods(["GET", "HEAD"])
def retention(request: HttpRequest) -> HttpResponse:
    """Show the dry run of today, what waits for a second person, and what was thrown away."""
    return render(request, "compliance/retention.html", retention_page(request))


@allow("privacy.manage", houses=HOUSES, fresh_factor=True)
@require_POST
def propose(request: HttpRequest) -> HttpResponse:
    """Propose to throw away what the dry run counts."""
    try:
        propose_retention(by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "compliance/retention.html", retention_page(request), error)
    messages.success(request, _("Proposed. Nothing is gone until a second person confirms it."))
    return redirect("compliance:retention")


@allow("privacy.manage", houses=HOUSES, fresh_factor=True)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Throw away what was proposed, or drop the proposal."""
    proposal = retention_proposals().filter(pk=proposal_id).first()
    if proposal is None:
        raise Http404
    context = {"proposal": proposal, "rows": rows_of(proposal), "is_mine": is_mine(request, proposal)}
    if request.method != "POST":
        return render(request, "compliance/retention_decide.html", context)
    try:
        _decide(request, proposal)
    except NotFound as error:
        raise Http404 from error
    except DomainError as error:
        return render_refused(request, "compliance/retention_decide.html", context, error)
    return redirect("compliance:retention")


def retention_page(request: HttpRequest) -> dict[str, object]:
    """Return what the page shows."""
    counts, days = count_expired(at=timezone.now()), kept_days()
    proposals = list(retention_proposals()[:SHOWN])
    waiting = next((found for found in proposals if found.state == RetentionProposal.State.PROPOSED), None)
    return {
        "today": [(CLASSES[name], days[name], count) for name, count in counts.items()],
        "total": sum(counts.values()),
        "waiting": waiting,
        "waiting_rows": rows_of(waiting) if waiting else [],
        "is_mine": waiting is not None and is_mine(request, waiting),
        "decided": [(found, sum(found.outcome.values())) for found in proposals if found != waiting],
    }


def rows_of(proposal: RetentionProposal) -> list[tuple[object, int, int | None]]:
    """Return each class that had something past its time, with how much was counted and thrown away."""
    return [
        (label, proposal.counts[name], proposal.outcome.get(name))
        for name, label in CLASSES.items()
        if proposal.counts.get(name)
    ]


def is_mine(request: HttpRequest, proposal: RetentionProposal) -> bool:
    """Return whether the viewer proposed it himself, so that he cannot confirm it."""
    return actor_of(request).user_id == proposal.proposed_by_user_id


def _decide(request: HttpRequest, proposal: RetentionProposal) -> None:
    by, now = actor_of(request), timezone.now()
    if "drop" in request.POST:
        drop_retention(proposal.pk, by=by, at=now)
        messages.success(request, _("The proposal is dropped. Everything stays."))
        return
    done = confirm_retention(proposal.pk, by=by, at=now)
    messages.success(request, _("Done. %(count)d rows are gone.") % {"count": sum(done.outcome.values())})
