"""API v1 by HTTP: scopes, idempotency, problem documents, and the walls between partners."""

from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from core.actor import Actor
from core.models import AuditEvent
from core.tenancy import mar_scope, partner_scope
from licensing.exchange.oa3 import write_oa3
from licensing.exchange.samples import sample_hardware_hash
from licensing.models import LedgerEntry, Order, Product, ProductKey
from partners.models import Partner
from partners.services.api_keys import create_api_key
from partners.services.standing import restrict_partner
from tests.factories import make_partner, make_product, make_stock

pytestmark = pytest.mark.django_db
ALL = ["orders:read", "orders:write", "keys:claim", "builds:read", "builds:write"]
DEVICE = {"manufacturer": "LENOVO", "model": "20N2S00A00", "serial": "PF0ABCDE"}


class Machine:
    """A partner's program with its key."""

    def __init__(self, partner: Partner, scopes: list[str]) -> None:
        with partner_scope(partner.id):
            made = create_api_key(
                partner.id, name="Shop", scopes=scopes, daily_claims=100,
                by=Actor.system("test"), at=timezone.now(),
            )  # fmt: skip
        self.secret = made[1].reveal() if hasattr(made[1], "reveal") else str(made[1])
        self.client = Client()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> Any:
        """Send JSON and return the response."""
        return self.client.generic(
            method,
            f"/api/v1/{path}",
            data=__import__("json").dumps(body) if body is not None else b"",
            content_type="application/json",
            headers={"Authorization": f"Bearer {self.secret}", **headers},
        )


@pytest.fixture
def shop() -> tuple[Partner, Product, Machine]:
    partner, product = make_partner(), make_product()
    make_stock(product, 5)
    return partner, product, Machine(partner, ALL)


def _place(machine: Machine, product: Product, quantity: int = 2, key: str = "k1") -> Any:
    return machine.call(
        "POST", "orders", {"product": product.code, "quantity": quantity}, **{"Idempotency-Key": key}
    )


def test_without_a_key_the_answer_is_401_as_a_problem_document(client: Client) -> None:
    response = client.get("/api/v1/orders")
    assert response.status_code == 401
    assert response["Content-Type"] == "application/problem+json"
    assert response.json()["code"] == "not_authenticated"


def test_an_order_tells_of_its_keys_what_the_list_of_keys_tells(shop: Any) -> None:
    _partner, product, machine = shop
    ordered = _place(machine, product).json()["keys"]
    listed = machine.call("GET", "keys").json()["results"]
    assert len(ordered) == 2
    assert sorted(ordered, key=lambda key: key["product_key_id"]) == sorted(
        listed, key=lambda key: key["product_key_id"]
    )


def test_order_by_api_has_its_keys_at_once_and_a_repeat_is_the_same_order(shop: Any) -> None:
    _partner, product, machine = shop
    first = _place(machine, product)
    assert first.status_code == 201
    assert [key["state"] for key in first.json()["keys"]] == ["Assigned", "Assigned"]
    again = _place(machine, product)
    assert (again.status_code, again["Idempotent-Replayed"]) == (200, "true")
    assert again.json() == first.json()


def test_same_idempotency_key_with_another_body_is_422(shop: Any) -> None:
    _partner, product, machine = shop
    _place(machine, product)
    response = _place(machine, product, quantity=3)
    assert (response.status_code, response.json()["code"]) == (422, "idempotency_key_reused")


def test_order_without_idempotency_key_is_400_and_changes_nothing(shop: Any) -> None:
    partner, product, machine = shop
    response = machine.call("POST", "orders", {"product": product.code, "quantity": 1})
    assert (response.status_code, response.json()["code"]) == (400, "idempotency_key_missing")
    with partner_scope(partner.id):
        assert Order.objects.count() == 0


def test_refused_order_names_rule_facts_and_way_out_and_is_audited(shop: Any) -> None:
    partner, product, machine = shop
    response = _place(machine, product, quantity=50)
    assert response.status_code == 409
    (refusal,) = response.json()["refusals"]
    assert (refusal["code"], refusal["facts"]) == ("out_of_stock", {"Asked for": "50", "In stock": "5"})
    assert refusal["next_step"] != ""
    with mar_scope():
        assert (
            AuditEvent.objects.get(action="portal.request.refused", partner_id=partner.id).facts["code"]
            == "out_of_stock"
        )
        assert Order.objects.filter(partner=partner).count() == 0


def test_wrong_field_is_422_with_a_pointer(shop: Any) -> None:
    machine = shop[2]
    response = machine.call(
        "POST", "orders", {"product": "X", "quantity": "many"}, **{"Idempotency-Key": "k"}
    )
    assert response.status_code == 422
    assert [error["pointer"] for error in response.json()["errors"]] == ["/quantity"]


def test_claim_returns_the_key_once_per_device_and_no_store(shop: Any) -> None:
    _partner, product, machine = shop
    _place(machine, product)
    body = {"product": product.code, "device": DEVICE}
    first = machine.call("POST", "keys:claim", body, **{"Idempotency-Key": "d1"})
    assert first.status_code == 200
    assert first["Cache-Control"] == "no-store"
    assert len(first.json()["product_key"]) == 29
    again = machine.call("POST", "keys:claim", body, **{"Idempotency-Key": "d1"})
    assert again.json() == first.json()
    second = machine.call("POST", "keys:claim", body, **{"Idempotency-Key": "d2"})
    assert (second.status_code, second.json()["code"]) == (409, "second_key_for_device")


def test_a_station_says_once_that_the_key_stands_on_its_pc_and_may_ask_for_it_again(shop: Any) -> None:
    _partner, product, machine = shop
    _place(machine, product)
    body = {"product": product.code, "device": DEVICE}
    claimed = machine.call("POST", "keys:claim", body, **{"Idempotency-Key": "d1"}).json()
    wanted = {"product_key_id": claimed["product_key_id"]}
    for _ in range(2):
        said = machine.call("POST", "keys:consume", wanted)
        assert (said.status_code, said.json()["state"]) == (200, "Consumed")
        assert "product_key" not in said.json()
    with mar_scope():
        assert LedgerEntry.objects.filter(reason="key.consumed").count() == 1
    again = machine.call("POST", "keys:claim", body, **{"Idempotency-Key": "d1"})
    assert again.json() == claimed


def test_only_a_key_that_was_taken_is_consumed_and_a_strangers_is_not_there(shop: Any) -> None:
    _partner, product, machine = shop
    assigned = _place(machine, product).json()["keys"][0]
    refused = machine.call("POST", "keys:consume", {"product_key_id": assigned["product_key_id"]})
    assert refused.status_code == 409
    stranger = Machine(make_partner(), ALL)
    gone = stranger.call("POST", "keys:consume", {"product_key_id": assigned["product_key_id"]})
    assert gone.status_code == 404
    with mar_scope():
        assert set(ProductKey.objects.filter(partner__isnull=False).values_list("state", flat=True)) == {11}


def test_build_by_json_and_by_file(shop: Any) -> None:
    _partner, product, machine = shop
    _place(machine, product)
    claims = [
        machine.call("POST", "keys:claim", {"product": product.code, "device": {**DEVICE, "serial": serial}},
                     **{"Idempotency-Key": serial}).json()
        for serial in ("SER10001", "SER10002")
    ]  # fmt: skip
    made = machine.call(
        "POST", "builds",
        {
            "product_key_id": claims[0]["product_key_id"],
            "hardware_hash": sample_hardware_hash("a"),
            "serial": "SER10001",
        },
    )  # fmt: skip
    assert (made.status_code, made.json()["state"]) == (201, "needs_details")
    from django.core.files.uploadedfile import SimpleUploadedFile

    oa3 = write_oa3(
        product_key=None, product_key_id=claims[1]["product_key_id"], hardware_hash=sample_hardware_hash("b")
    )
    sent = machine.client.post(
        "/api/v1/builds:upload", {"file": SimpleUploadedFile("OA3.xml", oa3)},
        headers={"Authorization": f"Bearer {machine.secret}"},
    )  # fmt: skip
    assert (sent.status_code, sent.json()["accepted"]) == (200, 1)


def test_key_without_the_scope_is_403(shop: Any) -> None:
    partner, product, _machine = shop
    reader = Machine(partner, ["orders:read"])
    assert _place(reader, product).status_code == 403
    assert reader.call("GET", "orders").status_code == 200
    assert (reader.call("HEAD", "orders").status_code, reader.call("HEAD", "builds").status_code) == (
        200,
        403,
    )


def test_strangers_objects_do_not_exist(shop: Any) -> None:
    _partner, product, machine = shop
    order_id = _place(machine, product).json()["id"]
    stranger = Machine(make_partner(), ALL)
    missing = stranger.call("GET", "orders/00000000-0000-4000-8000-000000000000")
    foreign = stranger.call("GET", f"orders/{order_id}")
    assert (missing.status_code, foreign.status_code) == (404, 404)
    assert {**missing.json(), "request_id": ""} == {**foreign.json(), "request_id": ""}
    assert stranger.call("GET", "keys").json()["results"] == []


def test_lists_page_by_cursor(shop: Any) -> None:
    partner, product, machine = shop
    for number in range(3):
        _place(machine, product, quantity=1, key=f"p{number}")
    first = machine.call("GET", "orders?limit=2").json()
    assert len(first["results"]) == 2
    rest = machine.client.get(first["next"], headers={"Authorization": f"Bearer {machine.secret}"}).json()
    assert len(rest["results"]) == 1
    with partner_scope(partner.id):
        assert ProductKey.objects.count() == 3


def test_openapi_document_is_served_and_names_every_call(client: Client) -> None:
    document = client.get("/api/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    assert "/api/v1/keys:claim" in document["paths"]
    assert client.get("/api/docs").status_code == 200


def test_unknown_address_of_the_api_is_a_problem_document(client: Client) -> None:
    response = client.get("/api/v1/nothing-here")
    assert (response.status_code, response["Content-Type"]) == (404, "application/problem+json")


def test_me_says_what_is_stopped_why_and_what_is_still_allowed() -> None:
    partner = make_partner()
    now = timezone.now()
    with mar_scope():
        restrict_partner(
            partner.pk, kind="orders", reason="Labels are missing.", next_step="Send photos.", facts={"Labels": 14},
            by=Actor.system("test"), at=now,
        )  # fmt: skip
    told = Machine(partner, ["orders:read"]).call("get", "me").json()
    assert told["state"] == "restricted"
    assert told["allowed"] == ["take_keys", "report", "return", "pay", "export", "read"]
    assert [sorted(told["restrictions"][0]), told["restrictions"][0]["stops"]] == [
        [
            "facts",
            "is_suspension",
            "lifted_by",
            "next_step",
            "reason",
            "rule",
            "since",
            "still_allowed",
            "stops",
            "until",
        ],
        ["order"],
    ]
    assert (told["restrictions"][0]["rule"], told["restrictions"][0]["facts"]) == (
        "P-STATE-3",
        {"Labels": 14},
    )
    assert "score" not in str(told).lower()


def test_description_opens_without_a_key(client: Client) -> None:
    assert client.get("/api/docs").status_code == 200
