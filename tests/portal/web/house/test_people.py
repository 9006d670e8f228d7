"""Colleagues in the browser: list, invite, change, remove."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.tenancy import mar_scope
from partners.models import Invitation, Membership
from tests.factories import make_member, make_partner
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner():
    return make_partner(accepts_terms=False)


@pytest.fixture
def owner(partner):
    return make_member("tpr_owner", partner=partner, name="Olga")


def _place(user) -> Membership:
    with mar_scope():
        return Membership.objects.get(user=user)


def test_who_may_see_the_page(client: Client, partner, owner):
    assert client.get("/people/")["Location"].startswith("/accounts/login/")
    for role, status in (("compliance", 404), ("auditor", 404), ("mar_stock", 403), ("mar_admin", 200)):
        assert sign_in(Client(), make_member(role)).get("/people/").status_code == status
    for role, status in (("tpr_buyer", 403), ("tpr_readonly", 403)):
        assert sign_in(Client(), make_member(role, partner=partner)).get("/people/").status_code == status
    assert sign_in(client, owner).get("/people/").status_code == 200


def test_an_owner_sees_only_his_own_people(client: Client, partner, owner):
    make_member("tpr_buyer", partner=make_partner(), name="Fremder Mensch")
    make_member("mar_admin", name="Marta")
    page = sign_in(client, owner).get("/people/").text
    assert "Olga" in page
    assert "Fremder Mensch" not in page
    assert "Marta" not in page


def test_the_list_asks_the_same_number_of_questions_for_one_and_three(client: Client, partner, owner):
    sign_in(client, owner)
    client.get("/people/")
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get("/people/")
    for _ in range(2):
        make_member("tpr_buyer", partner=partner)
    with CaptureQueriesContext(connection) as three:
        client.get("/people/")
    assert len(one) == len(three)


def test_an_owner_invites_a_colleague(client: Client, partner, owner):
    sign_in(client, owner)
    answers = {"name": "Tim", "email": "tim@firma.example", "role": "tpr_technician"}
    assert client.post("/people/invite/", answers)["Location"] == "/people/"
    with mar_scope():
        assert Invitation.objects.get().partner_id == partner.pk
    assert "tim@firma.example" in client.get("/people/").text


@pytest.mark.parametrize("role", ["mar_admin", ""])
def test_an_owner_cannot_invite_into_the_mar(client: Client, owner, role):
    sign_in(client, owner)
    response = client.post("/people/invite/", {"name": "Tim", "email": "tim@firma.example", "role": role})
    assert response.status_code == 422
    with mar_scope():
        assert Invitation.objects.count() == 0


def test_an_address_in_use_is_refused_in_words(client: Client, owner):
    sign_in(client, owner)
    response = client.post("/people/invite/", {"name": "O", "email": owner.email, "role": "tpr_buyer"})
    assert response.status_code == 409
    assert "already belongs to an account" in response.text


def test_a_role_is_changed_and_an_access_ended(client: Client, partner, owner):
    buyer = make_member("tpr_buyer", partner=partner, name="Ben")
    sign_in(client, owner)
    path = f"/people/{_place(buyer).pk}"
    assert client.get(f"{path}/role/").status_code == 200
    client.post(f"{path}/role/", {"role": "tpr_finance"})
    assert _place(buyer).role == "tpr_finance"
    assert client.get(f"{path}/remove/").status_code == 200
    client.post(f"{path}/remove/")
    assert not _place(buyer).is_active
    assert client.post(f"{path}/remove/").status_code == 404


def test_the_last_owner_stays(client: Client, owner):
    sign_in(client, owner)
    path = f"/people/{_place(owner).pk}"
    for response in (client.post(f"{path}/remove/"), client.post(f"{path}/role/", {"role": "tpr_buyer"})):
        assert response.status_code == 409
        assert "last person who can manage" in response.text
    assert (_place(owner).is_active, _place(owner).role) == (True, "tpr_owner")


def test_a_strangers_colleague_is_not_found(client: Client, owner):
    stranger = _place(make_member("tpr_buyer", partner=make_partner()))
    marta = _place(make_member("mar_admin"))
    sign_in(client, owner)
    for membership_id in (stranger.pk, marta.pk, uuid4()):
        for act in ("role", "remove"):
            assert client.get(f"/people/{membership_id}/{act}/").status_code == 404
            assert client.post(f"/people/{membership_id}/{act}/", {"role": "tpr_buyer"}).status_code == 404


def test_a_mar_administrator_reaches_only_the_mars_people(client: Client, owner):
    sign_in(client, make_member("mar_admin"))
    assert client.get(f"/people/{_place(owner).pk}/role/").status_code == 404
