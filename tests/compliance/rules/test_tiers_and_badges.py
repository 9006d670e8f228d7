"""Tiers at their thresholds, badges at their proofs, rule CMP-11 at its ages."""

from dataclasses import replace

import pytest

from compliance.rules.badges import Badge, proofs_of
from compliance.rules.reporting_rule import extent_for
from compliance.rules.score import score_of
from compliance.rules.tiers import TierFacts, tier_for
from tests.compliance.rules.test_score import GOOD, RULES

TIERS = [TierFacts("starter", 1, 0, 0), TierFacts("standard", 2, 60, 70), TierFacts("volume", 3, 600, 80)]


@pytest.mark.parametrize(
    ("builds", "score", "code"),
    [
        (59, 100, "starter"), (60, 69, "starter"), (60, 70, "standard"), (599, 100, "standard"),
        (600, 79, "standard"), (600, 80, "volume"),
    ],
)  # fmt: skip
def test_a_tier_is_reached_when_every_condition_holds(builds, score, code):
    assert tier_for(TIERS, builds=builds, score=score).code == code


def test_without_an_open_tier_there_is_no_answer():
    with pytest.raises(ValueError, match="open to everybody"):
        tier_for(TIERS[1:], builds=0, score=0)


def _earned(conduct, *, is_shadow=False, is_unrestricted=True) -> set[str]:
    score = score_of(conduct, RULES)
    proofs = proofs_of(conduct, score, RULES, is_shadow=is_shadow, is_unrestricted=is_unrestricted)
    return {proof.badge for proof in proofs if proof.is_earned}


@pytest.mark.parametrize(
    ("change", "badges"),
    [
        ({}, {Badge.GOOD_STANDING}),
        ({"evidence": 2}, {Badge.GOOD_STANDING, Badge.CITIZENSHIP_READY}),
        ({"evidence": 2, "evidence_expired": 1}, {Badge.GOOD_STANDING}),
        ({"built": 599}, {Badge.GOOD_STANDING}),
        ({"built": 600}, {Badge.GOOD_STANDING, Badge.HIGH_VOLUME}),
        ({"built": 100, "built_by_api": 79}, {Badge.GOOD_STANDING}),
        ({"built": 100, "built_by_api": 80}, {Badge.GOOD_STANDING, Badge.API_INTEGRATED}),
        ({"built": 19, "built_by_api": 19}, {Badge.GOOD_STANDING}),
    ],
)
def test_a_badge_is_earned_by_its_proof(change, badges):
    assert _earned(replace(GOOD, **change)) == badges


def test_a_score_in_shadow_earns_no_badge():
    assert _earned(GOOD, is_shadow=True) == set()
    assert _earned(GOOD, is_unrestricted=False) == set()


@pytest.mark.parametrize(
    ("counts", "extent"),
    [((9, 9, 0, 0), None), ((0, 0, 1, 0), "orders"), ((0, 0, 1, 1), "all"), ((0, 0, 0, 1), "all")],
)
def test_the_age_decides_what_stops(counts, extent):
    assert extent_for(counts) == extent
