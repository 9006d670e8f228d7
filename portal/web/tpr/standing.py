"""How a partner stands: what is stopped and why, his score with every fact, and the cheapest way up."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.views.decorators.http import require_safe

from compliance.rules.badges import proofs_of
from compliance.rules.conduct import Action
from compliance.selectors.score import ScoreNow, history_of, score_now
from compliance.selectors.tiers import all_tiers, moves_of
from partners.models.partner import PartnerState
from partners.rules.partner_states import left_by
from partners.selectors.mar import mar_zone
from partners.selectors.standing import Standing, partner_standing, past_blocks
from portal.policy import allow
from portal.web import standing_words as words
from portal.web.tpr.place import partner_id_of

# Where each step is taken; a page that does not exist leaves the step without a button.
_PLACES = {
    Action.REPORT: "tpr:build-upload",
    Action.RETURN_DENIED: "tpr:build-list",
    Action.PAY: "tpr:catalogue",
    Action.TRAIN: "tpr:course-list",
    Action.RENEW: "tpr:documents",
}


@allow("standing.view", houses=("tpr",))
@require_safe
def standing(request: HttpRequest) -> HttpResponse:
    """Show a partner his standing, his score and what he gets."""
    return render(request, "tpr/standing.html", standing_page(partner_id_of(request), at=timezone.now()))


def standing_page(partner_id: UUID, *, at: datetime) -> dict[str, Any]:
    """Return all that is said about a partner's standing, for his own page and the MAR's."""
    now = score_now(partner_id, at=at, zone=mar_zone())
    stand = partner_standing(partner_id, at)
    score = now.plan.now
    truth, tone = words.truth_of(stand, score, is_shadow=now.is_shadow)
    snapshots = history_of(partner_id)
    graced = {grace.rule for grace in stand.graces}
    return {
        "partner": stand.partner,
        "truth": truth,
        "tone": tone,
        "restrictions": [
            {
                "block": block,
                "facts": words.block_facts(block),
                "is_graced": block.rule in graced and not block.is_suspension,
            }
            for block in stand.blocks
        ],
        "past": list(past_blocks(partner_id, at)[:10]),
        "graces": stand.graces,
        "score": score,
        "is_shadow": now.is_shadow,
        "model": now.model,
        "areas": words.area_table(score, now.rules),
        "area_chart": words.area_chart(score),
        "history_chart": words.history_chart(snapshots, mark=score.pass_mark) if snapshots else None,
        "coach": _coach(now),
        **_programme(partner_id, stand.partner.tier),
        "badges": _badges(now, is_unrestricted=stand.partner.state == PartnerState.ACTIVE),
    }


def standing_line(partner_id: UUID, *, at: datetime) -> dict[str, Any]:
    """Return the one sentence about a partner's standing and what stops him now, for his home."""
    now = score_now(partner_id, at=at, zone=mar_zone())
    stand = partner_standing(partner_id, at)
    truth, tone = words.truth_of(stand, now.plan.now, is_shadow=now.is_shadow)
    return {
        "standing_truth": truth,
        "standing_tone": tone,
        "stopping": _stops(stand),
    }


def stops_now(partner_id: UUID, *, at: datetime) -> list[dict[str, Any]]:
    """Return what stops a partner now, each with what is still allowed."""
    return _stops(partner_standing(partner_id, at))


def _stops(stand: Standing) -> list[dict[str, Any]]:
    return [{"block": block, "left": left_by(block.kind)} for block in stand.stopping]


def _coach(now: ScoreNow) -> dict[str, Any] | None:
    plan = now.plan
    if not plan.steps:
        return None
    return {
        "total": plan.promised.total,
        "is_enough": plan.promised.is_passed,
        "time": words.plan_minutes(plan),
        "tasks": [
            {
                "label": words.action_words(step.action, step.count),
                "text": words.minutes_words(step.minutes),
                "url": _place(step.action),
                "action": words.ACTION_LABELS[step.action],
            }
            for step in plan.steps
        ],
    }


def _place(action: Action) -> str:
    try:
        return reverse(_PLACES[action]) + ("?state=denied" if action is Action.RETURN_DENIED else "")
    except NoReverseMatch:
        return ""


def _programme(partner_id: UUID, code: str) -> dict[str, Any]:
    tiers = all_tiers()
    current = next((tier for tier in tiers if tier.code == code), None)
    higher = [tier for tier in tiers if current is None or tier.rank > current.rank]
    return {"tier": current, "next_tier": higher[0] if higher else None, "moves": moves_of(partner_id)}


def _badges(now: ScoreNow, *, is_unrestricted: bool) -> list[dict[str, Any]]:
    proofs = proofs_of(
        now.conduct, now.plan.now, now.rules, is_shadow=now.is_shadow, is_unrestricted=is_unrestricted
    )
    return [
        {
            "label": words.BADGES[proof.badge],
            "proof": words.BADGE_PROOFS[proof.badge],
            "is_earned": proof.is_earned,
            "count": proof.count,
            "needed": proof.needed,
        }
        for proof in proofs
    ]
