"""A full product key typed into a text is refused before anything keeps it."""

import json
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from core.actor import Actor
from core.models import AuditEvent
from core.tenancy import mar_scope, partner_scope
from licensing.models import Order
from partners.models import Invitation
from partners.services.api_keys import create_api_key
from tests.canary.canaries import new_canaries
from tests.factories import make_member, make_partner, make_product, make_stock
from tests.web import sign_in

pytestmark = pytest.mark.django_db
(KEY,) = new_canaries(1)
WRITINGS = {
    "as printed": KEY,
    "lower case": KEY.lower(),
    "without dashes": KEY.replace("-", ""),
    "with spaces": KEY.replace("-", " "),
    "in a sentence": f"It is {KEY}, please",
    "with en dashes": KEY.replace("-", "\u2013"),
}
ORDINARY = {
    "name": "Ann Other",
    "product key id": "PF0ABCDE-12345-ABCDE",
    "digits": "1" * 60,
    "masked key": "•••••-" + KEY[-5:],
    "four groups": KEY[:23],
}
GUARD = "portal.key_guard.KeyInFieldMiddleware"


@pytest.fixture
def owner() -> Client:
    return sign_in(Client(), make_member("tpr_owner", partner=make_partner()))


def _invite(client: Client, name: str) -> Any:
    return client.post("/people/invite/", {"name": name, "email": "new@plain.example", "role": "tpr_buyer"})


def _invitations() -> int:
    with mar_scope():
        return Invitation.objects.count()


# The key is another in every process: the cases must go by names that are the same in all of them.
@pytest.mark.parametrize("text", WRITINGS.values(), ids=WRITINGS)
def test_form_field_with_a_key_is_refused_and_stores_nothing(owner: Client, text: str) -> None:
    response = _invite(owner, text)
    assert response.status_code == 422
    assert KEY[:17] not in response.content.decode()
    assert _invitations() == 0
    with mar_scope():
        assert AuditEvent.objects.get(action="portal.request.refused").facts["code"] == "product_key_in_text"


def test_without_the_guard_the_same_text_is_stored(owner: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [name for name in django_settings.MIDDLEWARE if name != GUARD]
    assert _invite(owner, KEY).status_code == 302
    assert _invitations() == 1


@pytest.mark.parametrize("text", ORDINARY.values(), ids=ORDINARY)
def test_ordinary_texts_pass(owner: Client, text: str) -> None:
    assert _invite(owner, text).status_code == 302


def test_password_that_looks_like_a_key_is_nobodys_business(client: Client) -> None:
    response = client.post("/accounts/login/", {"login": "ann@plain.example", "password": KEY})
    assert response.status_code in (200, 422)
    assert "full product key" not in response.content.decode()


def test_search_and_address_with_a_key_are_refused(owner: Client) -> None:
    for path in (f"/tpr/keys/?q={KEY}", f"/tpr/keys/{KEY}/", f"/tpr/keys/?{KEY}=1"):
        response = owner.get(path)
        assert (response.status_code, response["HX-Retarget"]) == (422, "body")


def test_header_with_a_key_is_dropped(owner: Client) -> None:
    response = owner.get("/people/?role=1", headers={"X-Request-Id": KEY, "Referer": KEY, "User-Agent": KEY})
    assert response.status_code == 200
    assert KEY not in response.content.decode()
    assert not any(KEY in str(value) for value in response.wsgi_request.META.values())


def _machine() -> tuple[Any, str, str]:
    partner, product = make_partner(), make_product()
    make_stock(product, 3)
    with partner_scope(partner.pk):
        _, secret = create_api_key(
            partner.pk, name="Shop", scopes=["orders:write", "builds:write"], daily_claims=5,
            by=Actor.system("test"), at=timezone.now(),
        )  # fmt: skip
    return partner, product.code, secret.reveal()


@pytest.mark.parametrize("body", [{"reference": KEY}, {"deep": [{"list": [KEY]}]}, {KEY: 1}])
def test_json_with_a_key_is_a_problem_document_and_orders_nothing(body: dict[str, Any]) -> None:
    partner, code, secret = _machine()
    sent = json.dumps({"product": code, "quantity": 1, **body}).replace("-", "\\u002d", 3)
    response = Client().post(
        "/api/v1/orders", sent, content_type="application/json",
        headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": "k1"},
    )  # fmt: skip
    assert (response.status_code, response.json()["code"]) == (422, "product_key_in_text")
    assert KEY not in response.content.decode()
    with partner_scope(partner.pk):
        assert Order.objects.count() == 0


def test_idempotency_key_that_is_a_product_key_counts_as_missing() -> None:
    _partner, code, secret = _machine()
    response = Client().post(
        "/api/v1/orders", json.dumps({"product": code, "quantity": 1}), content_type="application/json",
        headers={"Authorization": f"Bearer {secret}", "Idempotency-Key": KEY},
    )  # fmt: skip
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_missing")


def test_hash_of_a_pc_is_never_taken_for_a_key() -> None:
    _partner, _code, secret = _machine()
    hidden = "A" * 300 + "/" + KEY.replace("-", "") + "/" + "A" * 300
    response = Client().post(
        "/api/v1/builds", json.dumps({"product_key_id": "3300000000001", "hardware_hash": hidden}),
        content_type="application/json", headers={"Authorization": f"Bearer {secret}"},
    )  # fmt: skip
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
