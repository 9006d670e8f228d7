"""VAT ids are brought into one form and held against their country's."""

import pytest

from partners.rules.countries import NAMES
from partners.rules.vat_ids import FORMS, fits_country, normalise_vat_id


def test_every_country_offered_has_a_form():
    assert NAMES.keys() == FORMS.keys()


@pytest.mark.parametrize("country", sorted(FORMS))
def test_every_example_fits_its_country(country):
    example = FORMS[country].example
    assert normalise_vat_id(example, country=country) == example
    assert fits_country(example, country=country)


@pytest.mark.parametrize(
    ("typed", "country", "expected"),
    [
        ("de 123.456-789", "DE", "DE123456789"),
        ("123456789", "DE", "DE123456789"),
        ("el123456789", "GR", "EL123456789"),
        ("nl 1234.56.789.b01", "NL", "NL123456789B01"),
        ("CHE-123.456.789 MWST", "CH", "CHE123456789MWST"),
        ("", "DE", ""),
        ("12 34", "US", "1234"),
    ],
)
def test_ids_are_normalised(typed, country, expected):
    assert normalise_vat_id(typed, country=country) == expected


@pytest.mark.parametrize(
    ("vat_id", "country"),
    [
        ("DE12345678", "DE"),
        ("DE1234567890", "DE"),
        ("NL123456789", "NL"),
        ("DE123456789", "FR"),
        ("", "DE"),
        ("1", "US"),
    ],
)
def test_what_does_not_fit_is_refused(vat_id, country):
    assert not fits_country(vat_id, country=country)
