"""The coach is right: what he promises is what comes, and nothing cheaper would do."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.rules.coach import AREA_OF, carry_out, plan_for
from compliance.rules.conduct import Action, Conduct, after, available
from compliance.rules.score import score_of
from tests.compliance.rules.test_score import GOOD, RULES, conducts


@given(conducts())
def test_the_promise_is_the_score_of_the_facts_after_the_steps(conduct: Conduct):
    plan = plan_for(conduct, RULES)
    changed = conduct
    for step in plan.steps:  # one at a time, as a person would
        for _ in range(step.count):
            changed = after(changed, step.action, 1)
    assert score_of(changed, RULES) == plan.promised


@given(conducts())
def test_a_plan_reaches_the_mark_whenever_doing_everything_would(conduct: Conduct):
    plan = plan_for(conduct, RULES)
    if plan.now.total is None or plan.now.is_passed:
        assert (plan.steps, plan.promised) == ((), plan.now)
        return
    everything = conduct
    for action in Action:
        everything = after(everything, action, available(everything, action))
    if score_of(everything, RULES).is_passed:
        assert plan.promised.is_passed
    assert plan.promised.total >= plan.now.total


small = st.builds(
    Conduct,
    unreported=st.tuples(st.just(0), st.integers(0, 2), st.integers(0, 2), st.integers(0, 6)),
    built=st.integers(0, 8), built_late=st.just(0), taken=st.just(20), enabled=st.just(20),
    denied=st.integers(0, 3), credit_limit=st.just(100), unpaid=st.integers(0, 100),
    courses=st.just(2), courses_missing=st.integers(0, 2), papers_wanted=st.just(1),
    papers_missing=st.integers(0, 1), papers_expired=st.integers(0, 2),
)  # fmt: skip


@settings(max_examples=40, deadline=None)
@given(small)
def test_no_cheaper_way_reaches_the_mark(conduct: Conduct):
    plan = plan_for(conduct, RULES)
    if not plan.steps or not plan.promised.is_passed:
        return
    for wanted in itertools.product(*(range(available(conduct, action) + 1) for action in Action)):
        minutes = sum(RULES.minutes[action] * count for action, count in zip(Action, wanted, strict=True))
        if minutes < plan.minutes:
            changed = conduct
            for action, count in zip(Action, wanted, strict=True):
                changed = after(changed, action, count)
            assert not score_of(changed, RULES).is_passed, wanted


@given(conducts(), st.sampled_from(list(Action)))
def test_an_action_changes_its_own_area_alone(conduct: Conduct, action: Action):
    changed = after(conduct, action, available(conduct, action))
    before, later = score_of(conduct, RULES).points, score_of(changed, RULES).points
    assert {code for code in before if before[code] != later[code]} <= {AREA_OF[action]}


def test_more_than_there_is_to_do_is_an_error():
    with pytest.raises(ValueError, match="report: 1 of 0"):
        after(GOOD, Action.REPORT, 1)


def test_the_oldest_are_reported_first_and_count_as_late_builds():
    conduct = Conduct(unreported=(5, 2, 1, 1), built=10)
    changed = after(conduct, Action.REPORT, 3)
    assert (changed.unreported, changed.built, changed.built_late) == ((5, 1, 0, 0), 13, 3)


def test_held_keys_are_not_offered_for_return():
    assert available(Conduct(denied=3, denied_stuck=2), Action.RETURN_DENIED) == 1


def test_nothing_to_do_leaves_the_facts_as_they_are():
    assert carry_out(GOOD, ()) == GOOD
