"""One form for two spellings of a company."""

import pytest

from partners.rules.company_identity import (
    address_norm,
    company_norm,
    iban_norm,
    phone_norm,
    plain_name,
    vat_root,
)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kreislauf PC GmbH", "KREISLAUF  PC G.m.b.H."),
        ("Müller & Söhne GmbH & Co. KG", "Muller Sohne"),
        ("Drugie Życie PC sp. z o.o.", "Drugie Zycie PC Sp. z o. o."),
        ("Kringloop Digitaal B.V.", "Kringloop Digitaal"),
        ("Computer für alle e. V.", "Computer fur alle"),
        ("UAB Naujas Gyvenimas", "Naujas Gyvenimas"),
        ("Компютри ЕООД", "Kompyutri"),
        ("Seconde Vie Informatique SARL", "Seconde Vie Informatique S.A.R.L."),
        ("Straße AG", "Strasse"),
    ],
)
def test_spellings_of_one_company_become_equal(one, other):
    assert company_norm(one) == company_norm(other)


@pytest.mark.parametrize(("one", "other"), [("ReByte GmbH", "ReBite GmbH"), ("Alpha PC", "Beta PC")])
def test_two_companies_stay_different(one, other):
    assert company_norm(one) != company_norm(other)


def test_a_name_of_nothing_but_legal_forms_stays():
    assert company_norm("GmbH & Co. KG") == "gmbh co kg"


def test_an_empty_name_stays_empty_and_a_long_one_fits_its_column():
    assert company_norm(" -- ") == ""
    assert len(company_norm("Ab " * 200)) <= 120


def test_a_person_keeps_what_looks_like_a_legal_form():
    assert plain_name("José da Silva Sá") == "jose da silva sa"


@pytest.mark.parametrize(
    ("country", "one", "other"),
    [
        ("NL", "NL004495445B01", "NL004495445B02"),
        ("FR", "FR40303265045", "303265045"),
        ("GB", "GB980780684", "GB980780684001"),
        ("CH", "CHE107787577MWST", "CHE-107.787.577"),
        ("GR", "EL094259216", "094259216"),
        ("DE", "DE136695976", "de 136 695 976"),
    ],
)
def test_branches_of_one_company_share_a_root(country, one, other):
    assert vat_root(one, country=country) == vat_root(other, country=country) != ""


def test_the_same_digits_in_two_countries_are_two_roots():
    assert vat_root("DE123456789", country="DE") != vat_root("PT123456789", country="PT")


def test_no_number_has_no_root():
    assert vat_root("", country="DE") == vat_root("DE", country="DE") == ""


@pytest.mark.parametrize(
    ("street", "postcode"),
    [
        ("Hauptstraße 5", "10115"),
        ("Haupt-Str. 5", "10 115"),
        ("HAUPTSTR. 5", "10115"),
        ("Hauptstrasse  5", "10115"),
    ],
)
def test_spellings_of_an_address_become_equal(street, postcode):
    assert address_norm(street, postcode, country="DE") == "DE:10115:hauptstr5"


@pytest.mark.parametrize(("street", "postcode"), [("", "10115"), ("Hauptstr. 5", ""), ("", "")])
def test_half_an_address_is_none(street, postcode):
    assert address_norm(street, postcode, country="DE") == ""


def test_a_telephone_is_the_same_with_and_without_its_country():
    assert phone_norm("+49 40 1234 5678") == phone_norm("040 / 1234-5678") == "012345678"
    assert phone_norm("112") == ""


def test_an_iban_is_compared_without_blanks():
    assert iban_norm("de89 3704 0044 0532 0130 00") == "DE89370400440532013000"
