"""The fields a product asks for, in the browser and by API: the same words, the same outcome."""

import json
from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import Order
from partners.models import Partner
from partners.services.api_keys import create_api_key
from tests.factories import AT, make_member, make_partner, make_product, make_stock
from tests.factories.products import make_version
from tests.licensing.rules.test_required_fields import GOOD, PROPERTIES, SCHEMA
from tests.web import sign_in

pytestmark = pytest.mark.django_db
FIELDS = {
    name: {**prop, "x-labels": {"en": f"The {name}", "de": f"Das {name}"}}
    for name, prop in PROPERTIES.items()
}
TYPED = {
    "details_certificate": "A-1", "details_standard": "IEEE 2883", "details_devices": "9", "details_is_wiped": "yes",
    "details_wiped_on": "2026-11-02",
}  # fmt: skip


@pytest.fixture
def product() -> Any:
    product = make_product(price="40.00")
    make_version(product, required_fields={**SCHEMA, "properties": FIELDS})
    make_stock(product, 5)
    return product


@pytest.fixture
def partner() -> Partner:
    return make_partner()


def _sent(page: Any, **more: str) -> dict[str, str]:
    return {"quantity": "2", "token": str(page.context["form"]["token"].value()), "place": "1", **more}


def test_the_form_asks_first_and_says_at_each_field_what_is_wrong(partner: Partner, product: Any) -> None:
    client, path = sign_in(Client(), make_member("tpr_owner", partner=partner)), f"/tpr/order/{product.code}/"
    page = client.get(path)
    shown = page.content.decode()
    assert shown.count("The certificate") == 1
    assert "Fill this in" not in shown
    assert 'name="place"' in shown
    answer = client.post(path, _sent(page, details_certificate="A" * 13))
    assert answer.status_code == 422
    errors = answer.context["form"].errors
    assert sorted(errors) == ["details_certificate", "details_is_wiped"]
    with mar_scope():
        assert Order.objects.count() == 0


def test_the_catalogue_says_what_a_product_asks_for(partner: Partner, product: Any) -> None:
    make_version(
        product, since=AT - timedelta(days=1), required_fields={**SCHEMA, "properties": FIELDS}, countries=["AT", "DE"],
        pairs_with=make_product(name="Windows beside it"),
    )  # fmt: skip
    page = sign_in(Client(), make_member("tpr_readonly", partner=partner)).get("/tpr/order/").content.decode()
    for words in (
        "Only for sale in Austria, Germany.",
        "Only beside Windows beside it, one for one.",
        "The certificate",
    ):
        assert page.count(words) == 1


def test_what_was_said_stands_on_every_page_of_the_order(partner: Partner, product: Any) -> None:
    client, path = sign_in(Client(), make_member("tpr_owner", partner=partner)), f"/tpr/order/{product.code}/"
    page = client.get(path)
    answer = client.post(path, _sent(page, **TYPED, lane="special"))
    assert answer.status_code == 302
    with mar_scope():
        order = Order.objects.get()
        assert order.lines.get().details == GOOD
    staff = sign_in(Client(), make_member("mar_approver"))
    for shown in (
        client.get(answer["Location"]),
        staff.get(f"/mar/orders/{order.pk}/"),
        staff.get(f"/mar/orders/{order.pk}/decide/"),
    ):
        details = dict(shown.context["details"])
        assert details.pop("The wiped_on") != GOOD["wiped_on"]
        assert details == {
            "The certificate": "A-1", "The devices": "9", "The is_wiped": "Yes", "The standard": "IEEE 2883",
        }  # fmt: skip
        assert "The certificate" in shown.content.decode()


def test_the_api_asks_for_the_same_and_answers_with_them(partner: Partner, product: Any) -> None:
    with mar_scope():
        _key, secret = create_api_key(
            partner.pk, name="Shop", scopes=["orders:read", "orders:write"], daily_claims=1, by=Actor.system("test"),
            at=AT,
        )  # fmt: skip
    client = Client(headers={"authorization": f"Bearer {secret.reveal()}"})

    def post(path: str, **more: Any) -> Any:
        body = json.dumps({"product": product.code, "quantity": 1, **more})
        return client.post(
            f"/api/v1/{path}", body, content_type="application/json", headers={"idempotency-key": uuid4().hex}
        )

    refused = post("orders", details={"certificate": "A\x00", "devices": [1]})
    assert (refused.status_code, refused.json()["code"]) == (409, "details_invalid")
    gates = {gate["code"]: gate for gate in post("orders:preflight").json()["gates"]}
    assert gates["details"]["missing"] == {
        "The certificate (certificate)": "Fill this in.",
        "The is_wiped (is_wiped)": "Fill this in.",
    }
    taken = post("orders", details=GOOD)
    assert taken.status_code == 201
    assert taken.json()["lines"][0]["details"] == GOOD
    assert post("orders", details=[1]).status_code == 422
