"""Files of orders by API, and estimates turned into orders."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.tenancy import mar_scope
from licensing.models import Order
from tests.factories import make_mar, make_partner, make_product, make_stock
from tests.race.shops import make_shop

pytestmark = pytest.mark.django_db
FILES = "/api/v1/order-files"


@pytest.fixture
def caller() -> Any:
    make_mar()
    shop, product = make_shop(make_partner()), make_product(price="40.00")
    make_stock(product, 3)
    return product, Client(headers={"authorization": f"Bearer {shop.secret}"})


def _send(client: Client, text: str, key: str = "k1") -> Any:
    file = SimpleUploadedFile("o.csv", text.encode())
    return client.post(FILES, {"file": file}, headers={"idempotency-key": key})


def _references() -> list[str]:
    with mar_scope():
        return list(Order.objects.order_by("number").values_list("reference", flat=True))


def test_file_is_sent_looked_at_and_placed_once(caller: Any) -> None:
    product, client = caller
    text = f"order_reference,product,quantity\nA,{product.code},2\nB,{product.code},2\n"
    sent = _send(client, text)
    assert (sent.status_code, sent.json()["total"], sent.json()["is_accepted"]) == (201, "80.00", False)
    assert [row["outcome"] for row in sent.json()["lines"]] == ["placed", "refused"]
    assert _send(client, text).json()["id"] == sent.json()["id"]
    address = f"{FILES}/{sent.json()['id']}"
    refused = client.post(f"{address}:place", {}, content_type="application/json")
    assert (refused.status_code, refused.json()["refusals"][0]["facts"]["Order reference"]) == (409, "B")
    assert _references() == []
    for _press in range(2):
        done = client.post(f"{address}:place", {"allow_partial": True}, content_type="application/json")
        assert (done.status_code, done.json()["placed_rows"]) == (200, 1)
    assert _references() == ["A"]
    assert client.get(address).json()["lines"][0]["order"] is not None
    assert client.get(FILES).json()["results"][0]["placed_rows"] == 1


def test_faulty_file_names_rows_and_a_call_without_file_or_key_is_refused(caller: Any) -> None:
    product, client = caller
    refused = _send(client, f"order_reference,product,quantity\nA,{product.code},x\n")
    assert (refused.status_code, refused.json()["code"]) == (422, "order_file_faulty")
    assert "Row 2, quantity" in refused.json()["refusals"][0]["facts"]
    assert client.post(FILES, {}, headers={"idempotency-key": "k2"}).status_code == 400
    assert client.post(FILES, {"file": SimpleUploadedFile("o.csv", b"a")}).status_code == 400


def test_estimate_is_ordered_by_api_exactly_once(caller: Any) -> None:
    product, client = caller
    body = {"lines": [{"product": product.code, "quantity": 3}], "reference": "Tender 7"}
    made = client.post("/api/v1/estimates", body, content_type="application/json").json()
    assert made["lines"][0]["order"] is None
    address = f"/api/v1/estimates/{made['id']}:order"
    dearer = client.post(address, {"accepted_total": "1.00"}, content_type="application/json")
    assert (dearer.status_code, dearer.json()["code"]) == (409, "estimate_repriced")
    done = client.post(address, {}, content_type="application/json")
    assert (done.status_code, done.json()["state"]) == (200, "ordered")
    again = client.post(address, {}, content_type="application/json")
    assert (again.status_code, again.json()["code"]) == (409, "estimate_closed")
    with mar_scope():
        (order,) = Order.objects.all()
    assert (done.json()["lines"][0]["order"], order.channel) == (str(order.pk), "api")
