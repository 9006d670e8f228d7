"""Tables of compliance."""

from compliance.models.rules import ReportingRule
from compliance.models.score import ScoreModel, ScoreSnapshot
from compliance.models.tiers import Tier, TierProposal
from compliance.models.wind_down import WindDown, WindDownItem

__all__ = ["ReportingRule", "ScoreModel", "ScoreSnapshot", "Tier", "TierProposal", "WindDown", "WindDownItem"]
