"""Which tier the facts suggest. Rule TIER-1: the highest one whose every condition holds."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TierFacts:
    """A tier's place and what it asks for."""

    code: str
    rank: int
    least_builds: int
    least_score: int


def tier_for(tiers: Sequence[TierFacts], *, builds: int, score: int) -> TierFacts:
    """Return the highest tier that so many builds in 90 days and this score reach.

    :raises ValueError: without a tier that asks for nothing.
    """
    reached = [tier for tier in tiers if builds >= tier.least_builds and score >= tier.least_score]
    if not reached:
        raise ValueError("no tier is open to everybody")
    return max(reached, key=lambda tier: tier.rank)
