"""The score: each area by itself, the mark to the point, weights that move, every cost named."""

from dataclasses import replace
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.rules.conduct import Conduct
from compliance.rules.score import AREAS, score_of, total_of
from compliance.rules.score_model import DEFAULT, Each, Share, check_parameters, rules_of

RULES = rules_of(DEFAULT, pass_mark=70)
GOOD = Conduct(
    built=100, taken=100, enabled=100, credit_limit=Decimal(1000), courses=2, papers_wanted=1,
)  # fmt: skip

counts = st.integers(0, 60)


@st.composite
def conducts(draw: st.DrawFn) -> Conduct:
    built, taken, enabled = draw(counts), draw(counts), draw(counts)
    denied = draw(counts)
    courses = draw(st.none() | st.integers(0, 4))
    wanted = draw(st.integers(0, 2))
    limit = draw(st.none() | st.integers(0, 5000))
    return Conduct(
        unreported=draw(st.tuples(counts, counts, counts, counts)),
        built=built,
        built_late=draw(st.integers(0, built)),
        taken=taken,
        revealed=draw(st.integers(0, taken)),
        enabled=enabled,
        denied=denied,
        denied_stuck=draw(st.integers(0, denied)),
        duplicates=draw(st.integers(0, 6)),
        returned=draw(st.integers(0, 6)),
        credit_limit=None if limit is None else Decimal(limit),
        unpaid=Decimal(draw(st.integers(0, 5000))),
        courses=courses,
        courses_missing=draw(st.integers(0, courses or 0)),
        papers_wanted=wanted,
        papers_missing=draw(st.integers(0, wanted)),
        papers_expired=draw(st.integers(0, 4)),
        evidence_expired=draw(st.integers(0, 3)),
    )


def test_nothing_against_a_partner_is_a_hundred_in_every_area():
    score = score_of(GOOD, RULES)
    assert score.points == dict.fromkeys(AREAS, 100)
    assert (score.total, score.is_passed) == (100, True)


@pytest.mark.parametrize(("total", "passes"), [(69, False), (70, True)])
def test_69_fails_and_70_passes(total, passes):
    points = dict.fromkeys(AREAS, total)
    assert total_of(points, RULES) == total
    score = replace(score_of(GOOD, RULES), total=total)
    assert score.is_passed is passes


def test_69_and_70_are_reached_by_real_facts():
    bad = replace(GOOD, built_late=100, courses_missing=2, unpaid=Decimal(230))
    found = {}
    for aged in range(30):
        score = score_of(replace(bad, unreported=(0, aged, 0, 0)), RULES)
        found[score.total] = score.is_passed
    assert (found[69], found[70]) == (False, True)


@pytest.mark.parametrize(
    ("change", "area"),
    [
        ({"unreported": (0, 1, 0, 0)}, "reporting"),
        ({"built_late": 20}, "reporting"),
        ({"denied": 10}, "hygiene"),
        ({"duplicates": 1}, "hygiene"),
        ({"revealed": 90}, "hygiene"),
        ({"returned": 20}, "hygiene"),
        ({"unpaid": Decimal(900)}, "payment"),
        ({"courses_missing": 1}, "training"),
        ({"papers_missing": 1}, "evidence"),
        ({"papers_expired": 1}, "evidence"),
        ({"evidence_expired": 1}, "evidence"),
    ],
)
def test_a_fact_costs_points_in_its_own_area_only(change, area):
    points = score_of(replace(GOOD, **change), RULES).points
    assert points[area] < 100
    assert {code for code, value in points.items() if value != 100} == {area}


def test_keys_within_their_time_cost_nothing():
    assert score_of(replace(GOOD, unreported=(50, 0, 0, 0)), RULES).total == 100


def test_an_area_that_is_not_measured_gives_its_weight_to_the_others():
    untrained = replace(GOOD, courses=None, unpaid=Decimal(1000))
    score = score_of(untrained, RULES)
    assert score.points["training"] is None
    assert score.total == (30 * 100 + 25 * 100 + 15 * 0 + 15 * 100) // 85


def test_with_fewer_than_three_areas_there_is_no_total_and_nothing_is_passed():
    new = Conduct(credit_limit=Decimal(1000), papers_wanted=1)
    score = score_of(new, RULES)
    assert ([code for code, value in score.points.items() if value is not None], score.total, score.is_passed) == (
        ["payment", "evidence"], None, False,
    )  # fmt: skip


@given(conducts())
def test_every_point_that_is_missing_is_named_by_a_line(conduct: Conduct):
    for area in score_of(conduct, RULES).areas:
        if area.points is not None:
            assert area.points == max(100 - sum(line.cost for line in area.lines), 0)
            assert 0 <= area.points <= 100
        else:
            assert area.lines == ()


@given(conducts(), st.sampled_from([0, 1, 2, 3]))
def test_more_unreported_keys_never_help(conduct: Conduct, place: int):
    more = list(conduct.unreported)
    more[place] += 1
    before, after = (
        score_of(conduct, RULES).points["reporting"],
        score_of(replace(conduct, unreported=tuple(more)), RULES).points["reporting"],
    )
    assert after is not None
    assert after <= (100 if before is None else before)


def test_a_share_is_free_below_one_limit_and_full_above_the_other():
    share = Share(cap=40, full=100, free=20)
    assert [share.cost(bad, 1000) for bad in (0, 20, 60, 100, 900)] == [0, 0, 20, 40, 40]
    assert (share.cost(5, 0), Each(4, 10).cost(9), Each(4, 10).cost(-1)) == (0, 10, 0)


@pytest.mark.parametrize(
    "change",
    [
        {"weights": DEFAULT["weights"] | {"payment": 16}},
        {"age_days": [7, 7, 60]},
        {"age_days": [7]},
        {"minutes": {}},
        {"minutes": DEFAULT["minutes"] | {"pay": 0}},
        {"window_days": 0},
        {"window_days": "many"},
        {"costs": DEFAULT["costs"] | {"payment.unpaid": {"cap": 100, "full": 100, "free": 100}}},
        {"costs": DEFAULT["costs"] | {"payment.unpaid": {"cap": -1, "full": 100}}},
        {"costs": DEFAULT["costs"] | {"payment.unpaid": {"cap": 1.5, "full": 100}}},
        {"costs": DEFAULT["costs"] | {"payment.unpaid": {"colour": 1}}},
    ],
)
def test_numbers_that_cannot_be_used_are_refused(change):
    refusal = check_parameters(DEFAULT | change, pass_mark=70)
    assert refusal is not None
    assert refusal.rule == "SCORE-1"


def test_the_default_numbers_can_be_used_but_not_with_a_mark_of_zero():
    assert check_parameters(DEFAULT, pass_mark=70) is None
    assert check_parameters(DEFAULT, pass_mark=0) is not None
