"""The checker's rules: each one alone, the worst outcome first, dated ones around their day."""

from dataclasses import replace
from datetime import date, timedelta

import pytest

from partners.rules.eligibility import RULES, Answers, Outcome, judge

TODAY = date(2026, 11, 15)
GOOD = Answers(
    activity="shop",
    country="DE",
    volume=50,
    receivers=frozenset({"consumers"}),
    wiping="standard",
    devices="windows",
)


def _judged(on=TODAY, **changes):
    verdict = judge(replace(GOOD, **changes), on=on)
    return verdict.outcome, [rule.id for rule in verdict.reasons]


@pytest.mark.parametrize(
    ("changes", "outcome", "rules"),
    [
        ({}, Outcome.YES, []),
        ({"activity": "charity", "country": "FR"}, Outcome.YES, []),
        ({"activity": "buyer"}, Outcome.NO, ["P-ELI-1"]),
        ({"country": "CN"}, Outcome.NO, ["P-ELI-2"]),
        ({"country": "US"}, Outcome.ASK, ["P-ELI-3"]),
        ({"country": "XX"}, Outcome.ASK, ["P-ELI-3"]),
        ({"devices": "other"}, Outcome.NO, ["P-ELI-4"]),
        ({"devices": "mixed"}, Outcome.YES, []),
        ({"wiping": "none"}, Outcome.ASK, ["P-ELI-5"]),
        ({"wiping": "tool"}, Outcome.YES, []),
        ({"receivers": frozenset({"refurbishers"})}, Outcome.NO, ["P-ELI-6"]),
        ({"receivers": frozenset({"refurbishers", "business"})}, Outcome.ASK, ["P-ELI-7"]),
        ({"activity": "broker", "wiping": "tool"}, Outcome.ASK, ["P-ELI-8"]),
        ({"activity": "broker"}, Outcome.YES, []),
        ({"country": "US", "wiping": "none"}, Outcome.ASK, ["P-ELI-3", "P-ELI-5"]),
        ({"country": "US", "devices": "other"}, Outcome.NO, ["P-ELI-4"]),
    ],
)
def test_each_rule_alone_and_the_worst_first(changes, outcome, rules):
    assert _judged(**changes) == (outcome, rules)


def test_every_rule_has_a_row_in_the_table_above_and_an_id_of_its_own():
    assert [rule.id for rule in RULES] == [f"P-ELI-{number}" for number in range(1, 9)]


def test_a_rule_begins_on_its_day():
    begins = date(2025, 9, 1)
    broker = {"activity": "broker", "wiping": "tool"}
    assert _judged(begins - timedelta(days=1), **broker) == (Outcome.YES, [])
    assert _judged(begins, **broker) == (Outcome.ASK, ["P-ELI-8"])


def test_a_rule_ends_on_its_day():
    rule = replace(RULES[3], until=TODAY)
    assert (rule.is_in_force(TODAY - timedelta(days=1)), rule.is_in_force(TODAY)) == (True, False)


@pytest.mark.parametrize(
    ("receivers", "families"),
    [
        ({"consumers"}, ("commercial",)),
        ({"education"}, ("commercial", "citizenship")),
        ({"tap"}, ("citizenship",)),
        ({"charity", "tap"}, ("commercial", "citizenship")),
        ({"authorities"}, ("commercial",)),
    ],
)
def test_the_families_follow_from_who_receives(receivers, families):
    assert judge(replace(GOOD, receivers=frozenset(receivers)), on=TODAY).families == families


def test_a_refused_visitor_is_told_no_family_and_no_paper():
    verdict = judge(replace(GOOD, activity="buyer"), on=TODAY)
    assert (verdict.is_end_buyer, verdict.families, verdict.documents) == (True, (), ())


@pytest.mark.parametrize(
    ("changes", "count"),
    [({}, 4), ({"activity": "charity"}, 5), ({"activity": "school", "receivers": frozenset({"tap"})}, 6)],
)
def test_the_papers_grow_with_the_case(changes, count):
    assert len(judge(replace(GOOD, **changes), on=TODAY).documents) == count


def test_kept_answers_come_back_as_they_were():
    assert Answers.of(GOOD.kept()) == GOOD
