"""What an applicant brings along is told in words, as the page of the application asked it."""

import pytest

from partners.rules.carry_over import items_of


@pytest.mark.parametrize(
    ("answers", "words"),
    [
        ({"notice": "given", "notice_on": "2026-12-31"}, "Given, the contract ends on 2026-12-31"),
        ({"notice": "not_yet", "notice_on": ""}, "Not given yet"),
        ({"notice": True}, "Yes"),
        ({"notice": "by letter"}, "by letter"),
        ({}, "Not stated"),
    ],
)
def test_the_notice_is_told_in_words(answers, words):
    assert items_of(answers)["notice"] == words


def test_a_zero_leaves_nothing_to_tick_off():
    answers = {"open_keys": 0, "unreported_builds": 3, "labels": 0, "notice": "not_needed"}
    assert sorted(items_of(answers)) == ["notice", "proof", "unreported_builds"]
