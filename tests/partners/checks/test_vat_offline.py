"""VAT numbers without a look-up: honest about what was not asked."""

import pytest

from partners.checks.vat_offline import OfflineVat
from tests.partners.checks.servers import facts_of

RIGHT = {
    "DE": "DE 136 695 976",
    "NL": "NL004495445B01",
    "PL": "PL8567346215",
    "FR": "FR40303265045",
    "GR": "EL094259216",
    "CH": "CHE-107.787.577 IVA",
    "NO": "NO 995 525 828 MVA",
    "GB": "GB 980 7806 84",
}


@pytest.mark.parametrize(("country", "vat_id"), RIGHT.items())
def test_a_right_number_is_in_order_and_says_that_nobody_was_asked(country, vat_id):
    answer = OfflineVat().run(facts_of(country=country, vat_id=vat_id))
    assert (answer.outcome, answer.facts) == ("clear", {"form": "right", "registration": "not_asked"})
    assert answer.summary.endswith("Whether the number is registered was not asked.")


@pytest.mark.parametrize(
    ("country", "vat_id", "code"),
    [
        ("DE", "DE136695977", "check_digit"),
        ("DE", "DE13669597", "length"),
        ("PL", "PL8567346216", "check_digit"),
        ("FR", "FR41303265045", "check_digit"),
        ("NL", "NL004495445A01", "form"),
    ],
)
def test_a_mistyped_number_is_not_in_order(country, vat_id, code):
    answer = OfflineVat().run(facts_of(country=country, vat_id=vat_id))
    assert (answer.outcome, answer.facts) == ("failed", {"form": code, "registration": "not_asked"})


def test_a_wrong_form_names_the_form_of_the_country():
    answer = OfflineVat().run(facts_of(country="NL", vat_id="12"))
    assert "NL" in answer.summary


def test_no_number_is_not_applicable():
    assert OfflineVat().run(facts_of(vat_id=" ")).outcome == "skipped"


def test_a_country_without_a_known_form_is_left_to_a_person():
    answer = OfflineVat().run(facts_of(country="AQ", vat_id="AQ1"))
    assert (answer.outcome, answer.facts) == ("attention", {"form": "unknown"})
