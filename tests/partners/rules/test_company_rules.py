"""Company facts by their form; papers by their last day."""

from datetime import date, timedelta

import pytest

from partners.rules.company import changed, clean_contract_facts, wrong_contract_facts
from partners.rules.expiry import reminder_due

GOOD = {"name": "Again GmbH", "country": "DE", "vat_id": "DE123456789", "iban": "DE89370400440532013000"}
DAY = date(2026, 12, 31)


def test_facts_are_cleaned_before_they_are_looked_at() -> None:
    typed = {
        "name": "  Again   GmbH ",
        "country": "de",
        "vat_id": "123 456 789",
        "iban": "de89 3704 0044 0532 0130 00",
    }
    assert clean_contract_facts(typed) == GOOD
    assert wrong_contract_facts(GOOD) == {}
    assert wrong_contract_facts(GOOD | {"vat_id": "", "iban": ""}) == {}


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"name": ""}, {"name": "empty"}),
        ({"country": "XX"}, {"country": "country"}),
        ({"vat_id": "DE12345678"}, {"vat_id": "vat"}),
        ({"iban": "DE89370400440532013001"}, {"iban": "iban"}),
        ({"name": "", "iban": "x"}, {"name": "empty", "iban": "iban"}),
    ],
)
def test_what_is_wrong_is_named_by_field(change: dict[str, str], problem: dict[str, str]) -> None:
    assert wrong_contract_facts(GOOD | change) == problem


def test_only_what_differs_is_a_change() -> None:
    assert changed(GOOD, GOOD | {"name": "New GmbH"}) == ({"name": "Again GmbH"}, {"name": "New GmbH"})
    assert changed(GOOD, GOOD) == ({}, {})


@pytest.mark.parametrize(
    ("left", "reminded", "due"),
    [(31, None, None), (30, None, 30), (30, 30, None), (8, 30, None), (7, 30, 7), (7, 7, None), (3, None, 7),
     (0, 30, 7), (0, 7, None), (-1, None, None)],
)  # fmt: skip
def test_a_reminder_comes_at_thirty_and_at_seven_days_and_once(
    left: int, reminded: int | None, due: int | None
) -> None:
    assert reminder_due(DAY, DAY - timedelta(days=left), reminded) == due
