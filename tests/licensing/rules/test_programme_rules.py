"""The programme's rules as pure data: bounds, sentences, and the set in force."""

from typing import Any

import pytest

from licensing.rules.programme_rule_texts import SENTENCES
from licensing.rules.programme_rules import (
    GROUPS,
    PLACEHOLDER,
    RULES,
    faults_of,
    published_rules,
    sentence_of,
)

LANGUAGES = ("en", "de", "fr", "nl", "pl")


def _faults(
    code: str = "report.ageing", languages: tuple[str, ...] = LANGUAGES, **changes: Any
) -> dict[str, str]:
    rule = RULES[code]
    sentences = {**rule.sentences, **changes.pop("sentences", {})}
    return dict(faults_of(code, {**rule.defaults, **changes}, sentences, languages=languages))


@pytest.mark.parametrize("code", RULES)
def test_what_is_published_can_stand_and_belongs_to_a_group(code: str) -> None:
    assert _faults(code) == {}
    assert RULES[code].group in GROUPS


def test_every_rule_has_its_sentence_in_every_language_of_the_portal_with_the_same_numbers(
    settings: Any,
) -> None:
    assert set(SENTENCES) == set(RULES)
    for code, sentences in SENTENCES.items():
        assert list(sentences) == list(dict(settings.LANGUAGES)), code
        assert len({frozenset(PLACEHOLDER.findall(text)) for text in sentences.values()}) == 1, code


@pytest.mark.parametrize(
    ("change", "fields"),
    [
        ({"remind_days": 0}, ["remind_days"]),
        ({"remind_days": "7"}, ["remind_days"]),
        ({"remind_days": True}, ["remind_days"]),
        ({"remind_days": 3651}, ["remind_days"]),
        ({"remind_days": 30}, ["remind_days"]),
        ({"surprise": 1}, ["parameters"]),
        ({"sentences": {"de": " "}}, ["sentence_de"]),
        ({"sentences": {"en": "{months}"}}, ["sentence_en"]),
    ],
)
def test_a_version_that_cannot_stand_is_named_by_its_field(change: dict[str, Any], fields: list[str]) -> None:
    assert list(_faults(**change)) == fields


def test_a_yes_or_no_takes_no_number() -> None:
    assert list(_faults("device.prior_licence", commercial=1)) == ["commercial"]


@pytest.mark.parametrize(
    ("language", "sentence"),
    [
        ("en", "One order is for 1 to 5,000 licences."),
        ("de", "Eine Bestellung umfasst 1 bis 5.000 Lizenzen."),
        ("pl", "Jedno zamówienie obejmuje od 1 do 5\u00a0000 licencji."),
    ],
)
def test_the_sentence_says_the_numbers_in_the_reader_s_way(language: str, sentence: str) -> None:
    rule = RULES["order.size"]
    assert sentence_of(rule.sentences, rule.defaults, language) == sentence


def test_another_version_changes_the_set_s_hash_and_nothing_else() -> None:
    rules = published_rules()
    other = rules.replaced("order.size", 2, {"most": 10})
    assert (other.number("order.size", "most"), other.version("order.size")) == (10, "2")
    assert other.version("return.window") == "1"
    assert other.sha256 != rules.sha256 == published_rules().sha256
