"""Scores and tiers: movements, the proposals that wait, and the model with its versions."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from compliance.models import ScoreSnapshot, TierProposal
from compliance.rules.score_model import DEFAULT
from compliance.selectors.score import model_in_force, rules_in, score_models, score_movements
from compliance.selectors.tiers import all_tiers, proposal_by_id, proposals
from compliance.services.score import decline_model, propose_model, publish_model
from compliance.services.tiers import confirm_move, decline_move
from core.errors import DomainError
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table, status_filter
from portal.web.compliance.score_forms import ScoreModelForm, TierDecisionForm, numbers_as_text
from portal.web.refused import render_refused
from portal.web.standing_words import model_table

HOUSES = ("mar", "compliance")


def _change(row: ScoreSnapshot) -> str:
    before = row.total_before  # type: ignore[attr-defined]
    if row.total is None or before is None:
        return "–"
    change = row.total - before
    return f"{change:+d}".replace("-", "−") if change else "0"


class MovementTable(Table):
    """Every partner's newest score and how it moved."""

    dom_id = "scores"
    caption = gettext_lazy("Scores")
    columns = (
        Column("partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name", primary=True),
        Column("tier", gettext_lazy("Tier"), accessor="tier_name", sort="partner__tier"),
        Column("total", gettext_lazy("Score"), kind="number", sort="total"),
        Column("change", gettext_lazy("Since the score before"), accessor=_change, align="end"),
        Column("day", gettext_lazy("Day"), kind="date", accessor="taken_on", sort="taken_on"),
        Column(
            "passed", gettext_lazy("Mark"), kind="status", status="score",
            accessor=lambda row: "early" if row.total is None else "passed" if row.is_passed else "missed",
        ),
        Column("state", gettext_lazy("State"), kind="status", status="partner", accessor="partner.state"),
    )  # fmt: skip
    search = ("partner__name", "partner__code")
    search_label = gettext_lazy("Name or code")
    order = "total"
    empty = Empty(gettext_lazy("No score yet"), gettext_lazy("The first one is taken within the day."))

    def row_url(self, row: ScoreSnapshot) -> str:
        """Return the partner's standing."""
        return reverse("mar:partner-standing", args=[row.partner_id])


class ProposalTable(Table):
    """Every proposal to move a partner between tiers."""

    dom_id = "proposals"
    prefix = "p"
    caption = gettext_lazy("Proposals")
    columns = (
        Column(
            "partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name", primary=True
        ),
        Column("from", gettext_lazy("From"), accessor="from_tier.name", sort="from_tier__rank"),
        Column("to", gettext_lazy("To"), accessor="to_tier.name", sort="to_tier__rank"),
        Column("builds", gettext_lazy("Builds in 90 days"), kind="number", sort="builds"),
        Column("score", gettext_lazy("Score"), kind="number", sort="score"),
        Column("proposed", gettext_lazy("Proposed"), kind="date", accessor="proposed_at", sort="proposed_at"),
        Column("by", gettext_lazy("Decided by"), accessor="decided_by"),
        Column("outcome", gettext_lazy("Outcome"), kind="status", status="tier_proposal", sort="outcome"),
    )
    filters = (status_filter("outcome", gettext_lazy("Outcome"), "tier_proposal"),)
    search = ("partner__name", "partner__code")
    search_label = gettext_lazy("Name or code")
    order = "-proposed"
    empty = Empty(gettext_lazy("No proposals"), gettext_lazy("They come when a partner crosses a threshold."))

    def row_url(self, row: TierProposal) -> str:
        """Return the proposal's page."""
        return reverse("compliance:tier-proposal", args=[row.pk])


@allow("partner.view", houses=HOUSES)
@require_safe
def score_list(request: HttpRequest) -> HttpResponse:
    """List every partner's newest score and how it moved."""
    context = {
        "table": MovementTable(request, score_movements()),
        "model": model_in_force(timezone.now()),
        "waiting": proposals().filter(outcome=TierProposal.Outcome.OPEN).count(),
    }
    return render_table(request, "compliance/score_list.html", context)


@allow("partner.view", houses=HOUSES)
@require_safe
def tier_list(request: HttpRequest) -> HttpResponse:
    """List the proposals, and the tiers with what they give and ask."""
    context = {"table": ProposalTable(request, proposals()), "tiers": all_tiers()}
    return render_table(request, "compliance/tier_list.html", context)


@allow("partner.view", houses=HOUSES)
@require_safe
def tier_proposal(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Show one proposal; whoever may decides it here."""
    proposal = _proposal(proposal_id)
    may_decide = "tier.decide" in request.permissions  # type: ignore[attr-defined]
    is_open = proposal.outcome == TierProposal.Outcome.OPEN
    context = {
        "proposal": proposal,
        "is_open": is_open,
        "form": TierDecisionForm() if may_decide and is_open else None,
    }
    return render(request, "compliance/tier_proposal.html", context)


@allow("tier.decide", houses=("mar",), fresh_factor=True)
@require_POST
def tier_decide(request: HttpRequest, proposal_id: UUID) -> HttpResponse:
    """Confirm or decline a proposed move."""
    proposal = _proposal(proposal_id)
    form = TierDecisionForm(request.POST)
    context = {"proposal": proposal, "form": form, "is_open": proposal.outcome == TierProposal.Outcome.OPEN}
    if not form.is_valid():
        return render(request, "compliance/tier_proposal.html", context, status=FORM_ERROR_STATUS)
    decide = confirm_move if form.cleaned_data["decision"] == "confirm" else decline_move
    try:
        decide(proposal.pk, reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "compliance/tier_proposal.html", context, error)
    messages.success(request, _("Your decision is noted."))
    return redirect("compliance:tier-list")


@allow("partner.view", houses=HOUSES)
@require_safe
def model_list(request: HttpRequest) -> HttpResponse:
    """Show the score model in force, its numbers, and every version."""
    now = timezone.now()
    model = model_in_force(now)
    context = {
        "model": model,
        "in_shadow": model.is_in_shadow(now),
        "rules": rules_in(model),
        "areas": model_table(rules_in(model)),
        "numbers": numbers_as_text(model.parameters),
        "models": score_models(),
        "may_change": "score_model.change" in request.permissions,  # type: ignore[attr-defined]
        "own_id": actor_of(request).id,
    }
    return render(request, "compliance/score_models.html", context)


@allow("score_model.change", houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def model_new(request: HttpRequest) -> HttpResponse:
    """Propose a score model; the present one is filled in."""
    now = timezone.now()
    model = model_in_force(now)
    first = {
        "pass_mark": model.pass_mark,
        "is_shadow": model.is_in_shadow(now),
        "numbers": model.parameters or DEFAULT,
    }
    form = ScoreModelForm(request.POST or None, initial=first)
    context = {"form": form}
    if not form.is_valid():
        return render(
            request,
            "compliance/score_model_new.html",
            context,
            status=FORM_ERROR_STATUS if form.is_bound else 200,
        )
    valid_from = form.instant_of("valid_on")
    try:
        propose_model(
            version=form.cleaned_data["version"], parameters=form.cleaned_data["numbers"],
            pass_mark=form.cleaned_data["pass_mark"], valid_from=valid_from or now,
            is_shadow=form.cleaned_data["is_shadow"], shadow_until=form.instant_of("shadow_until"),
            reason=form.cleaned_data["reason"], by=actor_of(request), at=now,
        )  # fmt: skip
    except DomainError as error:
        return render_refused(request, "compliance/score_model_new.html", context, error)
    messages.success(request, _("Proposed. Another person publishes it."))
    return redirect("compliance:score-models")


@allow("score_model.change", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def model_decide(request: HttpRequest, model_id: int) -> HttpResponse:
    """Publish or decline a proposed score model."""
    model = score_models().filter(pk=model_id).first()
    if model is None:
        raise Http404
    rules = rules_in(model)
    context = {
        "model": model,
        "rules": rules,
        "areas": model_table(rules),
        "numbers": numbers_as_text(model.parameters),
    }
    if request.method != "POST":
        return render(request, "compliance/score_model_decide.html", context)
    decide = decline_model if request.POST.get("decision") == "decline" else publish_model
    try:
        decide(model.pk, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "compliance/score_model_decide.html", context, error)
    messages.success(request, _("Your decision is noted."))
    return redirect("compliance:score-models")


def _proposal(proposal_id: UUID) -> TierProposal:
    proposal = proposal_by_id(proposal_id)
    if proposal is None:
        raise Http404
    return proposal
