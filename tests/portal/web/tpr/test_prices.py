"""Prices ahead, margins and estimates by HTTP."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.tenancy import mar_scope, partner_scope
from licensing.models import Estimate, Order, ResalePrice
from tests.factories import make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.prices import make_price, standard_book
from tests.factories.products import make_version
from tests.licensing.rules.test_required_fields import SCHEMA
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def shop() -> Any:
    make_mar()
    partner, product = make_partner(), make_product(price="40.00")
    make_stock(product, 8)
    return partner, product, sign_in(Client(), make_member("tpr_owner", partner=partner))


def test_catalogue_and_price_page_show_the_announced_price(shop: Any) -> None:
    _partner, product, client = shop
    make_price(standard_book(), product, "44.00", valid_from=timezone.now() + timedelta(days=40))
    for path in ("/tpr/order/", "/tpr/prices/"):
        page = client.get(path).content.decode()
        assert ("€40.00" in page, "€44.00" in page) == (True, True), path


def test_price_page_asks_as_often_for_three_products_as_for_one(shop: Any) -> None:
    _partner, product, client = shop
    make_price(standard_book(), product, "30.00", min_quantity=5)
    client.get("/tpr/prices/")
    with CaptureQueriesContext(
        connection,
    ) as one:
        client.get("/tpr/prices/")
    for _ in range(2):
        make_price(standard_book(), make_product(price="20.00"), "18.00", min_quantity=5)
    with CaptureQueriesContext(connection) as three:
        client.get("/tpr/prices/")
    assert len(three) == len(one)


def test_own_prices_are_kept_shown_with_their_margin_and_taken_away(shop: Any) -> None:
    partner, product, client = shop
    field = f"own-{product.pk}"
    assert client.post("/tpr/prices/margins/", {field: "55.00"}).status_code == 302
    page = client.get("/tpr/prices/margins/").content.decode()
    assert ('value="55.00"' in page, "€15.00" in page) == (True, True)
    row = client.get("/tpr/prices/margins.csv").content.decode().splitlines()[1].split(",")
    assert row[3:6] == ["40.00", "55.00", "15.00"]
    assert client.post("/tpr/prices/margins/", {field: "-1"}).status_code == 422
    assert client.post("/tpr/prices/margins/", {field: ""}).status_code == 302
    with partner_scope(partner.pk):
        assert ResalePrice.objects.count() == 0


def test_look_at_a_partner_s_pages_does_not_show_his_own_prices(shop: Any) -> None:
    partner, product, client = shop
    client.post("/tpr/prices/margins/", {f"own-{product.pk}": "55.55"})
    looker = sign_in(Client(), make_member("mar_admin"))
    assert (
        looker.post(f"/mar/partners/{partner.pk}/view-as/", {"reason": "He asked about prices"}).status_code
        == 302
    )
    seen = looker.get("/tpr/prices/")
    assert (seen.status_code, b"55.55" in seen.content, b"margins" in seen.content) == (200, False, False)
    for path in ("/tpr/prices/margins/", "/tpr/prices/margins.csv"):
        refused = looker.get(path)
        assert (refused.status_code, b"55.55" in refused.content) == (403, False)


def test_an_estimate_of_nothing_is_asked_for_a_quantity_and_not_written(shop: Any) -> None:
    partner, product, client = shop
    answer = client.post("/tpr/estimates/new/", {f"product-{product.pk}": "", "reference": "Tender 7"})
    assert answer.status_code == 422
    assert "Give a quantity for at least one product." in answer.content.decode()
    with partner_scope(partner.pk):
        assert Estimate.objects.count() == 0


def test_estimate_is_written_shown_and_ordered_with_one_press(shop: Any) -> None:
    partner, product, client = shop
    made = client.post("/tpr/estimates/new/", {f"product-{product.pk}": "3", "reference": "Tender 7"})
    page = client.get(made["Location"])
    assert b"120.00" in page.content
    assert client.post(f"{made['Location']}order/").status_code == 302
    with partner_scope(partner.pk):
        assert Order.objects.count() == 1
        assert Estimate.objects.get().converted_at is not None
    again = client.post(f"{made['Location']}order/")
    assert (again.status_code, b"PRC-8" in again.content) == (409, True)
    with partner_scope(partner.pk):
        assert Order.objects.count() == 1


def test_what_a_product_asks_for_is_filled_in_when_the_estimate_is_ordered(shop: Any) -> None:
    partner, product, client = shop
    make_version(product, required_fields=SCHEMA)
    made = client.post("/tpr/estimates/new/", {f"product-{product.pk}": "2"})["Location"]
    field = f"details_{product.pk}_certificate"
    assert f'name="{field}"' in client.get(made).text
    answers = {f"details_{product.pk}_is_wiped": "yes", f"details_{product.pk}_wiped_on": "2026-11-02"}
    empty = client.post(f"{made}order/", answers)
    assert (empty.status_code, list(empty.context["form"].errors)) == (422, [field])
    assert "Wipe certificate – " in empty.text
    with mar_scope():
        assert Order.objects.count() == 0
    assert client.post(f"{made}order/", answers | {field: "A-1"}).status_code == 302
    with mar_scope():
        line = Order.objects.get(partner=partner).lines.get()
    assert line.details == {"certificate": "A-1", "is_wiped": True, "wiped_on": "2026-11-02"}
    assert "details_" not in client.get(made).text


def test_lapsed_estimate_is_ordered_at_the_total_the_page_has_shown(shop: Any) -> None:
    partner, product, client = shop
    made = client.post("/tpr/estimates/new/", {f"product-{product.pk}": "2"})["Location"]
    make_price(standard_book(), product, "44.00", valid_from=timezone.now() - timedelta(seconds=1))
    page = client.get(made).content.decode()
    assert 'name="accepted" value="88.00"' in page
    assert client.post(f"{made}order/").status_code == 409
    assert client.post(f"{made}order/", {"accepted": "88.00"}).status_code == 302
    with mar_scope():
        line = Order.objects.get(partner=partner).lines.get()
        assert line.unit_price == Decimal("44.00")


def test_list_of_estimates_asks_as_often_for_three_as_for_one(shop: Any) -> None:
    _partner, product, client = shop
    counts = []
    for more in (1, 2):
        for _ in range(more):
            client.post("/tpr/estimates/new/", {f"product-{product.pk}": "1"})
        with CaptureQueriesContext(connection) as asked:
            client.get("/tpr/estimates/")
        counts.append(len(asked))
    assert counts[0] == counts[1]
