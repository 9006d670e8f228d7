"""Tables of compliance."""

from compliance.models.score import ScoreModel, ScoreSnapshot
from compliance.models.tiers import Tier, TierProposal
from compliance.models.wind_down import WindDown, WindDownItem

__all__ = ["ScoreModel", "ScoreSnapshot", "Tier", "TierProposal", "WindDown", "WindDownItem"]
