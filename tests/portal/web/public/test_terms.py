"""Terms are readable by everyone and accepted by an owner."""

import pytest
from django.contrib.messages import get_messages
from django.test import Client
from django.utils import timezone

from core.tenancy import mar_scope
from partners.models import Course, Partner, TermsAcceptance
from tests.factories import hash_of, make_member, make_partner, make_terms
from tests.partners.samples import audited
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def newcomer() -> Partner:
    make_terms()
    return make_partner(accepts_terms=False, state="agreement_pending")


def _form(client: Client) -> dict:
    return {**client.get("/terms/").context["form"].initial, "agreed": "on"}


def _accepted() -> int:
    with mar_scope():
        return TermsAcceptance.objects.count()


def test_anyone_reads_the_terms_without_a_form(client: Client):
    terms = make_terms()
    page = client.get("/terms/")
    assert hash_of(terms) in page.text
    assert page.context["form"] is None


def test_without_terms_the_page_says_so(client: Client):
    assert "No terms yet" in client.get("/terms/").text


def test_an_owner_accepts_and_the_acceptance_is_shown(client: Client, newcomer):
    owner = make_member("tpr_owner", partner=newcomer, name="Olga Owner")
    sign_in(client, owner)
    client.post("/terms/accept/", _form(client))
    with mar_scope():
        stored = TermsAcceptance.objects.get()
        assert Partner.objects.get().state == "active"
    assert (stored.user_id, stored.role, stored.ip) == (owner.pk, "tpr_owner", "127.0.0.1")
    page = client.get("/terms/")
    assert "Olga Owner accepted this version" in page.text
    assert page.context["form"] is None


def test_a_course_that_stands_before_the_first_order_is_led_to(client: Client, newcomer):
    with mar_scope():
        Course.objects.create(
            code="basics",
            title="Basics",
            required_from=timezone.now(),
            pass_mark=70,
            valid_months=12,
            created_at=timezone.now(),
        )
    sign_in(client, make_member("tpr_owner", partner=newcomer))
    response = client.post("/terms/accept/", _form(client))
    assert response["Location"] == "/tpr/rules/courses/basics/"
    assert [str(said) for said in get_messages(response.wsgi_request)] == [
        "Accepted. One thing is left: one of you passes this training."
    ]


def test_the_box_must_be_ticked(client: Client, newcomer):
    sign_in(client, make_member("tpr_owner", partner=newcomer))
    response = client.post("/terms/accept/", _form(client) | {"agreed": ""})
    assert response.status_code == 422
    assert "Tick the box" in response.text
    assert _accepted() == 0


def test_a_text_that_changed_meanwhile_is_refused_and_audited(client: Client, newcomer):
    sign_in(client, make_member("tpr_owner", partner=newcomer))
    response = client.post("/terms/accept/", _form(client) | {"text_sha256": "0" * 64})
    assert response.status_code == 409
    assert "no longer the ones on offer" in response.text
    assert _accepted() == 0
    assert audited("portal.request.refused") == 1


def test_a_colleague_without_the_right_reads_but_does_not_accept(client: Client, newcomer):
    sign_in(client, make_member("tpr_buyer", partner=newcomer))
    page = client.get("/terms/")
    assert page.context["form"] is None
    assert "An owner of your company has to accept" in page.text
    assert client.post("/terms/accept/").status_code == 403


def test_the_mar_is_a_stranger_to_accepting_and_a_visitor_signs_in_first(client: Client):
    make_terms()
    assert client.post("/terms/accept/")["Location"].startswith("/accounts/login/")
    sign_in(client, make_member("mar_admin"))
    assert client.get("/terms/").status_code == 200
    assert client.post("/terms/accept/").status_code == 404
