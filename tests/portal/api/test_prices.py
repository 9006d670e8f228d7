"""Prices ahead and estimates by API."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.models import Estimate, Order
from partners.models import Partner
from partners.rules.api_keys import scopes_of_house
from tests.factories import make_mar, make_partner, make_product, make_stock
from tests.factories.prices import make_deviation, make_price, standard_book
from tests.factories.products import make_version
from tests.licensing.rules.test_required_fields import GOOD, SCHEMA
from tests.race.shops import make_shop

pytestmark = pytest.mark.django_db


@pytest.fixture
def caller() -> Any:
    make_mar()
    assert "orders:write" in scopes_of_house(is_partner=True)
    shop, product = make_shop(make_partner()), make_product(price="40.00")
    make_stock(product, 3)
    make_price(standard_book(), product, "44.00", valid_from=timezone.now() + timedelta(days=40))
    return product, Client(headers={"authorization": f"Bearer {shop.secret}"})


def test_catalogue_and_prices_ahead_name_the_announced_price(caller: Any) -> None:
    product, client = caller
    (shown,) = client.get("/api/v1/catalogue").json()
    assert (shown["price"], shown["next_price"]) == ("40.00", "44.00")
    (ahead,) = client.get("/api/v1/prices/ahead").json()
    assert (ahead["product"], ahead["price_now"], ahead["price_then"]) == (product.code, "40.00", "44.00")


def test_catalogue_says_what_the_page_says_of_thresholds_discount_and_contract(caller: Any) -> None:
    product, client = caller
    make_price(standard_book(), product, "35.00", min_quantity=5)
    with mar_scope():
        partner = Partner.objects.get(price_deviations=None, family_grants__family="commercial")
    make_deviation(partner, product, "30.00", valid_before=timezone.now() + timedelta(days=9))
    (shown,) = client.get("/api/v1/catalogue").json()
    assert (shown["price"], shown["list_price"], shown["is_allowed"]) == ("30.00", "40.00", True)
    assert shown["steps"] == [
        {"from_quantity": 1, "price": "40.00", "is_reached": True},
        {"from_quantity": 5, "price": "35.00", "is_reached": False},
    ]
    with mar_scope():
        partner.family_grants.update(valid_before=timezone.now())
    assert client.get("/api/v1/catalogue").json()[0]["is_allowed"] is False


def test_estimate_is_written_listed_and_read(caller: Any) -> None:
    product, client = caller
    body = {"lines": [{"product": product.code, "quantity": 3}], "reference": "Tender 7"}
    made = client.post("/api/v1/estimates", body, content_type="application/json")
    assert (made.status_code, made.json()["lines"][0]["unit_price"]) == (201, "40.00")
    assert client.get(f"/api/v1/estimates/{made.json()['id']}").json() == made.json()
    assert client.get("/api/v1/estimates").status_code == 200


def test_estimate_is_ordered_with_the_details_that_its_product_asks_for(caller: Any) -> None:
    product, client = caller
    make_version(product, required_fields=SCHEMA)
    body = {"lines": [{"product": product.code, "quantity": 2}]}
    made = client.post("/api/v1/estimates", body, content_type="application/json").json()
    address = f"/api/v1/estimates/{made['id']}:order"

    def order(details: Any) -> Any:
        return client.post(address, {"details": details}, content_type="application/json")

    for details, status, rule in (
        ({}, 409, "ORD-16"), ({product.code: GOOD, "NO-SUCH": GOOD}, 422, "PRC-8"), ({product.code: "A-1"}, 422, None)
    ):  # fmt: skip
        refused = order(details)
        rules = [one["rule"] for one in refused.json().get("refusals", [])]
        assert (refused.status_code, rules[:1]) == (status, [rule] if rule else rules[:1])
    with mar_scope():
        assert Order.objects.count() == 0
    assert order({product.code: GOOD}).json()["state"] == "ordered"
    with mar_scope():
        assert Order.objects.get().lines.get().details == GOOD


def test_estimate_of_an_unknown_product_is_refused_by_its_rule(caller: Any) -> None:
    _product, client = caller
    body = {"lines": [{"product": "NO-SUCH", "quantity": 3}]}
    refused = client.post("/api/v1/estimates", body, content_type="application/json")
    assert (refused.status_code, refused.json()["refusals"][0]["rule"]) == (422, "PRC-8")
    with mar_scope():
        assert Estimate.objects.count() == 0
