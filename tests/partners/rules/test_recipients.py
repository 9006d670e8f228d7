"""When two registrations are one organisation, when evidence ends, and what a class asks for."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from partners.rules.recipients import (
    Identity,
    claim_after,
    is_evidence_in_force,
    is_protection_over,
    likeness,
    missing_evidence,
    normalise_name,
    normalise_register,
    normalise_town,
)

BERLIN = ZoneInfo("Europe/Berlin")


def _identity(name: str, *, register: str = "", town: str = "Hamburg", country: str = "DE") -> Identity:
    return Identity(country, normalise_register(register), normalise_name(name), normalise_town(town))


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Grundschule Am Park", "GRUNDSCHULE AM PARK"),
        ("Tafel Hamburg e. V.", "Hamburger Tafel e.V."),
        ("Fundacja Łąka", "Fundacja Laka"),
        ("Förderverein Straße", "Foerderverein Strasse"),
        ("Emmaüs Lille", "Emmaus-Lille (association)"),
    ],
)
def test_like_names_in_one_town_are_one_organisation(first: str, second: str) -> None:
    assert likeness(_identity(first), _identity(second)) == "name"


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("Grundschule Am Park", "Realschule Nord"),
        ("Grundschule Nord", "Grundschule Süd"),
        ("Caritas", "Diakonie"),
    ],
)
def test_other_names_in_one_town_are_two(first: str, second: str) -> None:
    assert likeness(_identity(first), _identity(second)) == ""


def test_one_register_number_is_one_organisation_whatever_it_is_called_and_wherever() -> None:
    first = _identity("Alpha", register="VR 123-45", town="Hamburg")
    assert likeness(first, _identity("Beta", register="vr12345", town="Kiel")) == "register"
    assert likeness(first, _identity("Beta", register="VR 12345", town="Kiel", country="AT")) == ""


def test_one_name_in_two_towns_is_two_organisations() -> None:
    assert likeness(_identity("Caritas"), _identity("Caritas", town="Kiel")) == ""


def test_a_post_code_does_not_make_another_town() -> None:
    assert normalise_town("20457 Hamburg") == normalise_town("HAMBURG")


def test_evidence_holds_to_the_last_second_of_its_day_in_the_zone() -> None:
    last = datetime(2026, 11, 30, 22, 59, 59, tzinfo=UTC)  # 23:59:59 in Berlin
    assert is_evidence_in_force(date(2026, 11, 30), last, BERLIN)
    assert not is_evidence_in_force(date(2026, 11, 30), last + timedelta(seconds=1), BERLIN)
    assert not is_evidence_in_force(None, last, BERLIN)


def test_protection_is_over_so_many_days_after_the_claim_or_the_last_order() -> None:
    claimed = datetime(2026, 1, 1, tzinfo=UTC)
    ordered = datetime(2026, 3, 1, tzinfo=UTC)
    second = timedelta(seconds=1)
    assert not is_protection_over(claimed, None, claimed + timedelta(days=365) - second, 365)
    assert is_protection_over(claimed, None, claimed + timedelta(days=365), 365)
    assert not is_protection_over(claimed, ordered, ordered + timedelta(days=365) - second, 365)
    assert is_protection_over(claimed, ordered, ordered + timedelta(days=365), 365)


def test_of_a_programmes_papers_each_serves_alone() -> None:
    needed = ["programme_page", "programme_brochure", "programme_criteria"]
    assert missing_evidence(needed, ["programme_brochure"]) == []
    assert missing_evidence(needed, []) == needed
    assert missing_evidence(["charity_status"], ["programme_page"]) == ["charity_status"]


@pytest.mark.parametrize(
    ("outcomes", "claim"),
    [
        ([], "first"), (["open"], "conflict"), (["shared"], "shared"), (["transferred"], "first"),
        (["shared", "open"], "conflict"), (["transferred", "kept"], "lost"),
    ],
)  # fmt: skip
def test_a_claim_follows_from_all_its_conflicts(outcomes: list[str], claim: str) -> None:
    assert claim_after(outcomes) == claim
