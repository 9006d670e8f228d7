"""Badges: a word that anybody may see, its proof, and the time it lasts without being proven again."""

from dataclasses import dataclass
from enum import StrEnum

from compliance.rules.conduct import Conduct
from compliance.rules.score import Score
from compliance.rules.score_model import ScoreRules


class Badge(StrEnum):
    """The badges there are."""

    GOOD_STANDING = "good_standing"
    CITIZENSHIP_READY = "citizenship_ready"
    HIGH_VOLUME = "high_volume"
    API_INTEGRATED = "api_integrated"


@dataclass(frozen=True, slots=True)
class Proof:
    """Whether a badge is earned today, and by what: so many of so many needed."""

    badge: Badge
    is_earned: bool
    count: int
    needed: int


def proofs_of(
    conduct: Conduct, score: Score, rules: ScoreRules, *, is_shadow: bool, is_unrestricted: bool
) -> list[Proof]:
    """Return every badge with its proof. A score in shadow earns none, a restricted partner is not in good standing."""
    numbers = rules.badges
    api_needed = max(numbers["api_builds"], -(-conduct.built * numbers["api_share"] // 1000))
    valid = conduct.evidence - conduct.evidence_expired
    return [
        Proof(
            Badge.GOOD_STANDING,
            score.is_passed and not is_shadow and is_unrestricted,
            score.total or 0,
            score.pass_mark,
        ),
        Proof(
            Badge.CITIZENSHIP_READY,
            valid > 0 and not conduct.evidence_expired,
            valid,
            max(conduct.evidence, 1),
        ),
        Proof(
            Badge.HIGH_VOLUME,
            conduct.built >= numbers["high_volume_builds"],
            conduct.built,
            numbers["high_volume_builds"],
        ),
        Proof(Badge.API_INTEGRATED, conduct.built_by_api >= api_needed, conduct.built_by_api, api_needed),
    ]
