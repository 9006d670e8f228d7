"""The public application in the browser."""

from uuid import uuid4

import pytest
from django.test import Client

from core.tenancy import mar_scope
from partners.models import Application
from partners.tasks import send_application_received
from portal.web.public.apply import throttle
from tests.factories import make_member, make_partner
from tests.partners.samples import queued
from tests.web import sign_in

pytestmark = pytest.mark.django_db
ANSWERS = {
    "company": "Kreislauf PC GmbH",
    "country": "DE",
    "vat_id": "123 456 789",
    "contact_name": "Eva Brandt",
    "contact_email": "eva@kreislauf.example",
    "wiping_standard": "NIST SP 800-88 Rev. 2",
    "expected_volume": "120",
    "note": "",
    "second_address": "",
}


@pytest.fixture(autouse=True)
def fresh_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count anew in each run: the cache outlives the tests."""
    monkeypatch.setattr(throttle, "name", f"apply-{uuid4()}")


def _count() -> int:
    with mar_scope():
        return Application.objects.count()


def test_an_anonymous_visitor_applies_and_sees_the_reference(client: Client, mailoutbox):
    make_member("mar_admin", email="marta@mar.example")
    response = client.post("/apply/", ANSWERS, follow=True)
    with mar_scope():
        application = Application.objects.get()
    assert response.redirect_chain == [("/apply/sent/", 302)]
    assert application.reference in response.text
    assert (application.vat_id, application.state) == ("DE123456789", "submitted")
    send_application_received(**queued("partners.send_application_received")[0])
    assert [message.to for message in mailoutbox] == [["eva@kreislauf.example"], ["marta@mar.example"]]
    assert application.reference in mailoutbox[0].body


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vat_id": "DE12"}, "looks like DE123456789"),
        ({"company": ""}, "This field is required"),
        ({"contact_email": "eva"}, "valid email"),
        ({"expected_volume": "0"}, "greater than or equal to 1"),
        ({"wiping_standard": "other"}, "Name the standard you follow"),
        ({"second_address": "https://spam.example"}, "A field that people cannot see was filled"),
        ({"country": "US"}, "not one of the available choices"),
    ],
)
def test_a_wrong_answer_is_named_and_nothing_is_stored(client: Client, change, words):
    response = client.post("/apply/", ANSWERS | change)
    assert response.status_code == 422
    assert words in response.text
    assert _count() == 0


def test_the_sixth_application_of_an_address_within_an_hour_waits(client: Client):
    statuses = [client.post("/apply/", ANSWERS).status_code for _ in range(6)]
    assert statuses == [302] * 5 + [429]
    assert _count() == 5
    assert client.post("/apply/", ANSWERS)["Retry-After"] == "3600"
    assert client.post("/apply/", ANSWERS, REMOTE_ADDR="10.1.2.3").status_code == 302


def test_the_confirmation_without_an_application_leads_to_the_form(client: Client):
    assert client.get("/apply/sent/")["Location"] == "/apply/"


def test_a_partners_person_is_told_that_he_is_in(client: Client):
    sign_in(client, make_member("tpr_owner", partner=make_partner()))
    assert "You are in already" in client.get("/apply/").text
    assert "You are in already" in client.post("/apply/", ANSWERS).text
    assert _count() == 0


def test_the_form_names_every_field_and_hides_the_trap(client: Client):
    page = client.get("/apply/").text
    assert page.count("<label") >= 9
    assert 'class="visually-hidden" aria-hidden="true"' in page
