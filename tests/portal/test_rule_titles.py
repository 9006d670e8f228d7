"""Every rule that a refusal may name is called by words."""

import re

import pytest

from licensing.rules.programme_rules import RULES
from portal.rule_titles import FAMILIES, TITLES, rule_title
from portal.templatetags.portal import rule
from tests.docs.test_rules import cited_rules, described_rules


def test_every_described_rule_has_words_for_a_title() -> None:
    for one in {*described_rules(), *cited_rules(), *RULES}:
        assert not re.search(r"[A-Z]-?\d", str(rule_title(one))), one
    assert set(TITLES) <= set(described_rules())


def test_no_family_stands_without_a_rule() -> None:
    assert [one for one in FAMILIES if not any(rule.startswith(f"{one}-") for rule in cited_rules())] == []


@pytest.mark.parametrize(
    ("number", "title"),
    [
        ("ORD-17", "Countries of sale"), ("P-EXIT-4", "The way out"), ("P-BRAND-1", "People and accounts"),
        ("device.age", "Age of the PC"), ("X-1", "X-1"), ("", ""),
    ],
)  # fmt: skip
def test_the_nearest_words_count(number: str, title: str) -> None:
    assert str(rule_title(number)) == title


def test_a_page_shows_the_title_with_the_number_small_beside_it() -> None:
    assert rule("ORD-17") == 'Countries of sale <span class="mono small">ORD-17</span>'
    assert rule("<b>") == "&lt;b&gt;"
