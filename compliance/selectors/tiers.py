"""Read tiers and the proposals to move between them."""

from uuid import UUID

from django.db.models import QuerySet

from compliance.models import Tier, TierProposal


def all_tiers() -> list[Tier]:
    """Return the tiers from the first to the highest."""
    return list(Tier.objects.order_by("rank"))


def proposals() -> QuerySet[TierProposal]:
    """Return every proposal with its partner and tiers. Inside the MAR's scope."""
    return TierProposal.objects.select_related("partner", "from_tier", "to_tier")


def proposal_by_id(proposal_id: UUID) -> TierProposal | None:
    """Return one proposal, None when there is none."""
    return proposals().filter(pk=proposal_id).first()


def moves_of(partner_id: UUID) -> list[TierProposal]:
    """Return the moves that people decided for a partner, the latest first."""
    decided = (TierProposal.Outcome.CONFIRMED, TierProposal.Outcome.DECLINED)
    return list(proposals().filter(partner_id=partner_id, outcome__in=decided).order_by("-decided_at")[:10])
