"""Every row lock of this app.

Order: score model → tier proposal → wind-down → partner.

The partner is locked by partners' services. Whoever changes an item of a wind-down holds the wind-down, so items
need no lock of their own.
"""

from uuid import UUID

from compliance.models import ScoreModel, TierProposal, WindDown


def lock_score_model(model_id: int) -> ScoreModel | None:
    """Lock a score model, None when there is none."""
    return ScoreModel.objects.select_for_update().filter(pk=model_id).first()


def lock_tier_proposal(proposal_id: UUID) -> TierProposal | None:
    """Lock a proposal, None when there is none."""
    return TierProposal.objects.select_for_update(of=("self",)).filter(pk=proposal_id).first()


def lock_wind_down(partner_id: UUID) -> WindDown | None:
    """Lock a partner's way out, None while he stays."""
    return WindDown.objects.select_for_update().filter(partner_id=partner_id).first()
