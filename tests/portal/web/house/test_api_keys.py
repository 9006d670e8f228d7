"""Machines' credentials in the browser."""

import re
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.tenancy import mar_scope
from partners.models import ApiKey
from partners.selectors.api_keys import find_active
from tests.factories import make_member, make_partner
from tests.web import sign_in

pytestmark = pytest.mark.django_db
ANSWERS = {"name": "Line 3", "scopes": ["keys:claim"], "daily_claims": "40", "lifetime": "90"}


@pytest.fixture
def partner():
    return make_partner(accepts_terms=False)


@pytest.fixture
def owner(client: Client, partner):
    """Return the partner's owner, signed in."""
    owner = make_member("tpr_owner", partner=partner)
    sign_in(client, owner)
    return owner


def test_who_may_see_the_page(client: Client, partner):
    assert client.get("/api-keys/")["Location"].startswith("/accounts/login/")
    cases = (
        (None, "compliance", 404),
        (None, "mar_stock", 403),
        (None, "mar_admin", 200),
        (partner, "tpr_buyer", 403),
    )
    for house, role, status in cases:
        assert sign_in(Client(), make_member(role, partner=house)).get("/api-keys/").status_code == status


def test_the_text_is_shown_once_and_never_stored_by_a_cache(client: Client, owner, partner):
    response = client.post("/api-keys/new/", ANSWERS)
    text = re.search(r"rlp_live_[A-Z2-7]{38}", response.text).group()
    assert "no-store" in response["Cache-Control"]
    found = find_active(text, timezone.now())
    assert (found.partner_id, found.scopes, found.daily_claims) == (partner.pk, ["keys:claim"], 40)
    assert text not in client.get("/api-keys/").text
    assert found.prefix in client.get("/api-keys/").text


def test_making_one_asks_for_a_fresh_second_factor(client: Client, owner):
    sign_in(client, owner, second_factor_age=600)
    assert client.get("/api-keys/new/")["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert client.post("/api-keys/new/", ANSWERS).status_code == 302
    with mar_scope():
        assert ApiKey.objects.count() == 0


@pytest.mark.parametrize(
    "change", [{"scopes": ["stock:write"]}, {"scopes": []}, {"name": ""}, {"daily_claims": "-1"}]
)
def test_a_wrong_answer_makes_none(client: Client, owner, change):
    assert client.post("/api-keys/new/", ANSWERS | change).status_code == 422
    with mar_scope():
        assert ApiKey.objects.count() == 0


def test_revoking_ends_it_once(client: Client, owner):
    response = client.post("/api-keys/new/", ANSWERS)
    text = re.search(r"rlp_live_[A-Z2-7]{38}", response.text).group()
    path = f"/api-keys/{find_active(text, timezone.now()).pk}/revoke/"
    assert client.get(path).status_code == 200
    assert client.post(path)["Location"] == "/api-keys/"
    assert find_active(text, timezone.now()) is None
    again = client.post(path)
    assert again.status_code == 409
    assert "revoked already" in again.text


def test_a_strangers_credential_is_not_found(client: Client, owner):
    response = client.post("/api-keys/new/", ANSWERS)
    api_key = response.context["api_key"]
    other = sign_in(Client(), make_member("tpr_owner", partner=make_partner()))
    admin = sign_in(Client(), make_member("mar_admin"))
    for stranger in (other, admin):
        assert stranger.get(f"/api-keys/{api_key.pk}/revoke/").status_code == 404
        assert stranger.post(f"/api-keys/{api_key.pk}/revoke/").status_code == 404
        assert "Line 3" not in stranger.get("/api-keys/").text
    assert client.get(f"/api-keys/{uuid4()}/revoke/").status_code == 404


def test_the_mar_makes_its_own(client: Client):
    sign_in(client, make_member("mar_admin"))
    assert client.post("/api-keys/new/", ANSWERS | {"scopes": ["stock:write"]}).status_code == 200
    with mar_scope():
        assert ApiKey.objects.get().partner_id is None


def test_the_list_asks_the_same_number_of_questions_for_one_and_three(client: Client, owner):
    counts = []
    for rows in (1, 3):
        with mar_scope():
            missing = rows - ApiKey.objects.count()
        for _ in range(missing):
            client.post("/api-keys/new/", ANSWERS)
        client.get("/api-keys/")
        with CaptureQueriesContext(connection) as captured:
            client.get("/api-keys/")
        counts.append(len(captured))
    assert counts[0] == counts[1]
