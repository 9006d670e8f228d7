"""Companies that are known already."""

from uuid import UUID

import pytest

from core.tenancy import guest_scope, mar_scope
from partners.checks.duplicate import DuplicateCompany
from partners.models import Application
from partners.services.checks import request_checks
from tests.factories import AT, make_partner
from tests.partners.checks.servers import facts_of
from tests.partners.samples import make_application

DRAFT = UUID("00000000-0000-4000-8000-00000000d4af")
pytestmark = pytest.mark.django_db

OWN = {
    "company": "Kreislauf PC GmbH",
    "country": "DE",
    "vat_id": "DE136695976",
    "street": "Hauptstraße 5",
    "postcode": "10115",
    "iban": "DE89 3704 0044 0532 0130 00",
    "phone": "+49 40 1234 5678",
}
OTHER = {"company": "Ganz Anders AG", "vat_id": "DE129273398"}


def known(**columns: str) -> Application:
    """Return an application of somebody else whose checks were asked for."""
    application = make_application(**OTHER)
    with mar_scope():
        Application.objects.filter(pk=application.pk).update(**columns)
        request_checks(application.pk, at=AT)
    return application


def found(**changes: str) -> list[dict]:
    answer = DuplicateCompany(name_threshold=85).run(facts_of(**{**OWN, **changes}))
    assert answer.outcome == ("attention" if answer.facts.get("hits") else "clear")
    return answer.facts.get("hits", [])


@pytest.mark.parametrize(
    ("columns", "reason", "score"),
    [
        ({"vat_id": "DE 136 695 976"}, "vat", 100),
        ({"iban": "DE89370400440532013000"}, "iban", 95),
        ({"street": "Hauptstr. 5", "postcode": "10 115"}, "address", 80),
        ({"phone": "040/12345678"}, "phone", 75),
        ({"company": "KREISLAUF PC UG (haftungsbeschränkt)"}, "name", 100),
        ({"company": "Kreislauf PCs"}, "name", 96),
    ],
)
def test_each_thing_two_companies_share_is_found_and_named(columns, reason, score):
    other = known(**columns)
    hits = found()
    assert [(hit["kind"], hit["id"], hit["score"]) for hit in hits] == [("application", str(other.pk), score)]
    assert hits[0]["reasons"] == [{"what": reason, "score": score}]
    assert hits[0]["label"].startswith(other.reference)


def test_a_number_is_found_on_an_application_that_was_never_checked():
    make_application(**{**OTHER, "vat_id": OWN["vat_id"]})
    assert [hit["reasons"] for hit in found()] == [[{"what": "vat", "score": 100}]]


def test_several_shared_things_are_one_hit_with_all_its_reasons():
    known(company="Kreislauf PC GmbH", iban="DE89370400440532013000", phone="040/12345678")
    assert [{reason["what"] for reason in hit["reasons"]} for hit in found()] == [{"iban", "name", "phone"}]


def test_somebody_else_is_not_like_it():
    known()
    make_partner(name="Ordi Bis SRL", country="BE", vat_id="BE0428759497")
    assert found() == []


def test_an_equal_name_in_another_country_is_found_and_a_like_one_is_not():
    known(country="AT", company="Kreislauf PC")
    known(country="AT", company="Kreislauf PCs")
    assert [hit["score"] for hit in found()] == [100]


def test_the_trade_name_is_compared_too():
    known(company="Computerwerk Altona")
    assert [hit["score"] for hit in found(trade_name="Computer-Werk Altona")] != []


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"vat_id": "DE136695976"}, "vat"),
        ({"name": "Kreislauf PC AG"}, "name"),
        ({"name": "Kreislauf PCs"}, "name"),
    ],
)
def test_a_partner_is_found_by_vat_number_and_name(fields, reason):
    partner = make_partner(**fields)
    hits = found()
    assert [(hit["kind"], hit["id"]) for hit in hits] == [("partner", str(partner.pk))]
    assert [each["what"] for each in hits[0]["reasons"]] == [reason]


def test_a_withdrawn_application_says_nothing_any_more():
    other = known(vat_id="DE136695976")
    assert len(found()) == 1
    with mar_scope():
        Application.objects.filter(pk=other.pk).update(state="withdrawn")
    assert found() == []


def test_a_draft_is_nobodys_business():
    with guest_scope(DRAFT):
        Application.objects.create(
            id=DRAFT, reference="A-DRAFT2", company=OWN["company"], country="DE", contact_email="a@b.example",
            state="draft", started_at=AT, saved_at=AT, vat_root="DE:136695976", company_norm="kreislauf pc",
        )  # fmt: skip
    assert found() == []


def test_the_application_itself_is_never_its_own_double():
    own = known(**{k: v for k, v in OWN.items() if k != "country"})
    assert found(application_id=own.pk) == []


def test_without_facts_nothing_is_like_anything():
    known(iban="", phone="", street="", postcode="", vat_id="", company="X")
    answer = DuplicateCompany(name_threshold=85).run(
        facts_of(company="", vat_id="", street="", postcode="", iban="", phone="")
    )
    assert answer.outcome == "clear"
