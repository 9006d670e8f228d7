"""Propose moves between tiers once a month; a person confirms or declines each."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from compliance import locks
from compliance.models import Tier, TierProposal
from compliance.rules.tiers import TierFacts, tier_for
from compliance.selectors.score import newest_totals
from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound, refuse
from core.periods import Period
from core.queue import enqueue
from partners.models import Partner
from partners.models.partner import PartnerState
from partners.selectors.mar import mar_zone
from partners.services.partners import set_tier
from partners.services.standing import lock_standing

PORTAL = Actor.system("tiers")
# A partner that is suspended or leaving is not moved; one that is only restricted is.
MOVED_IN = (PartnerState.ACTIVE, PartnerState.RESTRICTED)


class ProposalDecided(DomainError):
    """Somebody else decided the proposal first, or newer facts overtook it."""


@transaction.atomic
def propose_moves(*, at: datetime) -> int:
    """Compare every partner's facts with the tiers and write the moves they suggest; return how many.

    A score in shadow moves nobody: only partners whose newest score counts are looked at.
    """
    tiers = {tier.code: tier for tier in Tier.objects.all()}
    facts = [TierFacts(t.code, t.rank, t.least_builds, t.least_score) for t in tiers.values()]
    open_ = {p.partner_id: p for p in TierProposal.objects.filter(outcome=TierProposal.Outcome.OPEN)}
    decided = _decided_this_month(at)
    totals, made = newest_totals(), 0
    for partner in Partner.objects.filter(state__in=MOVED_IN).order_by("pk"):
        snapshot = totals.get(partner.pk)
        if (
            partner.pk in decided
            or snapshot is None
            or snapshot.is_shadow
            or snapshot.total is None
            or partner.tier not in tiers
        ):
            continue
        builds = int(snapshot.facts["builds"])
        wanted = tier_for(facts, builds=builds, score=snapshot.total).code
        earlier = open_.get(partner.pk)
        if earlier is not None and earlier.to_tier_id == wanted and earlier.from_tier_id == partner.tier:
            continue
        if earlier is not None:
            earlier = _open_proposal(earlier.pk)
            _decide(earlier, TierProposal.Outcome.OVERTAKEN, reason=_("Newer facts."), by=PORTAL, at=at)
        if wanted != partner.tier:
            TierProposal.objects.create(
                partner=partner, from_tier=tiers[partner.tier], to_tier=tiers[wanted], builds=builds,
                score=snapshot.total, proposed_at=at,
            )  # fmt: skip
            made += 1
    return made


@transaction.atomic
def confirm_move(proposal_id: UUID, *, reason: str, by: Actor, at: datetime) -> TierProposal:
    """Move the partner as proposed; his owners are told.

    :raises ProposalDecided: when somebody was first, or the partner is no longer where it moves him from.
    """
    proposal = _open_proposal(proposal_id)
    _require_it_fits(proposal)
    _decide(proposal, TierProposal.Outcome.CONFIRMED, reason=reason, by=by, at=at)
    set_tier(proposal.partner_id, tier=proposal.to_tier_id, by=by, at=at)
    enqueue("compliance.send_tier", at=at, proposal_id=proposal.pk)
    return proposal


@transaction.atomic
def decline_move(proposal_id: UUID, *, reason: str, by: Actor, at: datetime) -> TierProposal:
    """Leave the partner where he is, with the reason.

    :raises ProposalDecided: when somebody was first.
    """
    proposal = _open_proposal(proposal_id)
    _decide(proposal, TierProposal.Outcome.DECLINED, reason=reason, by=by, at=at)
    return proposal


def _decided_this_month(at: datetime) -> set[UUID]:
    """Return whom a person has moved or left where he is this month: he is not asked twice."""
    zone = mar_zone()
    since = Period.containing(at, zone).starts_at(zone)
    by_people = (TierProposal.Outcome.CONFIRMED, TierProposal.Outcome.DECLINED)
    rows = TierProposal.objects.filter(outcome__in=by_people, decided_at__gte=since)
    return set(rows.values_list("partner_id", flat=True))


def _open_proposal(proposal_id: UUID) -> TierProposal:
    proposal = locks.lock_tier_proposal(proposal_id)
    if proposal is None:
        raise NotFound(_("There is no such proposal."))
    if proposal.outcome != TierProposal.Outcome.OPEN:
        raise ProposalDecided(
            refuse(
                "tier_proposal_decided",
                _("This proposal is decided already."),
                rule="TIER-2",
                facts={
                    _("Outcome"): proposal.get_outcome_display(),
                    _("By"): proposal.decided_by,
                    _("Time"): proposal.decided_at,
                },
                next_step=_("Open the list again; the next proposals come with the next month."),
            )
        )
    return proposal


def _require_it_fits(proposal: TierProposal) -> None:
    partner = lock_standing(proposal.partner_id)
    if partner.tier == proposal.from_tier_id and partner.state in MOVED_IN:
        return
    raise ProposalDecided(
        refuse(
            "tier_proposal_overtaken",
            _("The partner has changed since this was proposed."),
            rule="TIER-2",
            facts={_("Tier"): partner.tier, _("State"): partner.get_state_display()},
            next_step=_("Decline it; the next proposals come with the next month."),
        )
    )


def _decide(
    proposal: TierProposal, outcome: TierProposal.Outcome, *, reason: str, by: Actor, at: datetime
) -> None:
    proposal.outcome, proposal.reason = outcome, reason.strip()
    proposal.decided_by, proposal.decided_by_id, proposal.decided_at = by.label[:200], by.id, at
    proposal.save(update_fields=["outcome", "reason", "decided_by", "decided_by_id", "decided_at"])
    audit.record(
        f"compliance.tier.{outcome.value}", by=by, at=at, object_type="tier_proposal", object_id=proposal.pk,
        partner_id=proposal.partner_id, facts={"from": proposal.from_tier_id, "to": proposal.to_tier_id},
    )  # fmt: skip
