"""Orders that wait, by HTTP: cancelled, confirmed, decided, shared out; whose they are, and what a row costs."""

import json
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.models import KeyAssignment, Lane, Order, Product
from licensing.selectors.order_facts import order_facts
from licensing.selectors.order_wait import exposure_of
from licensing.services.fair_share import confirm_fair_share, propose_fair_share, share_stock
from partners.models import Partner
from partners.selectors.mar import mar_zone
from partners.services.api_keys import create_api_key
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.rules import set_rule
from tests.licensing.services.orders_kit import keys_by_place, order, queue_of, set_credit, state_of
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner() -> Partner:
    make_mar()
    return make_partner()


@pytest.fixture
def product() -> Product:
    product = make_product(price="10.00")
    make_stock(product, 9)
    return product


def _person(role: str, partner: Partner | None = None) -> Client:
    return sign_in(Client(), make_member(role, partner=partner))


def _machine(partner: Partner, *scopes: str) -> Any:
    with mar_scope():
        _key, secret = create_api_key(
            partner.pk, name="Shop", scopes=list(scopes or ("orders:read", "orders:write")), daily_claims=1,
            by=Actor.system("test"), at=AT,
        )  # fmt: skip
    client = Client(headers={"authorization": f"Bearer {secret.reveal()}"})

    def call(path: str, **body: Any) -> Any:
        address = f"/api/v1/orders{path}"
        if not body:
            return client.post(address)
        return client.post(
            address,
            json.dumps(body),
            content_type="application/json",
            headers={"idempotency-key": uuid4().hex},
        )

    return call


# The buyer cancels


@pytest.mark.parametrize("asked", [{}, {"lane": Lane.SPECIAL}, {"quantity": 12, "may_queue": True}])
def test_the_buyer_cancels_his_own_order_in_the_browser(
    partner: Partner, product: Product, asked: dict[str, Any]
) -> None:
    order_id = order(partner, product, asked.pop("quantity", 2), **asked).order_id
    before, path = state_of(order_id), f"/tpr/orders/{order_id}/cancel/"
    assert _person("tpr_readonly", partner).get(path).status_code == 403
    assert _person("tpr_owner", make_partner()).post(path, {"reason": "x"}).status_code == 404
    assert state_of(order_id) == before
    buyer = _person("tpr_buyer", partner)
    assert f'href="{path}"' in buyer.get(f"/tpr/orders/{order_id}/").content.decode()
    assert buyer.get(path).status_code == 200
    assert buyer.post(path, {"reason": "Ordered twice"}).status_code == 302
    assert (state_of(order_id), keys_by_place(), queue_of(product)) == ("cancelled", {(1, "none"): 9}, [])
    assert buyer.post(path, {"reason": "Again"}).status_code == 409


def test_a_machine_cancels_its_own_order_and_no_other(partner: Partner, product: Product) -> None:
    order_id = order(partner, product, 2, lane=Lane.SPECIAL).order_id
    assert _machine(make_partner())(f"/{order_id}:cancel").status_code == 404
    assert _machine(partner, "orders:read")(f"/{order_id}:cancel").status_code == 403
    assert state_of(order_id) == "needs_approval"
    call = _machine(partner)
    answer = call(f"/{order_id}:cancel")
    assert (answer.status_code, answer.json()["state"]) == (200, "cancelled")
    again = call(f"/{order_id}:cancel")
    assert (again.status_code, again.json()["code"]) == (409, "order_in_use")
    assert keys_by_place() == {(1, "none"): 9}


# A machine confirms


def test_a_machine_confirms_its_reservation_once_and_no_other(partner: Partner, product: Product) -> None:
    call = _machine(partner)
    kept = call("", product=product.code, quantity=2, reserve_minutes=30).json()
    assert (kept["state"], keys_by_place()) == ("draft", {(1, "none"): 7, (1, "reserved"): 2})
    assert _machine(make_partner())(f"/{kept['id']}:confirm").status_code == 404
    for _repeat in range(2):
        answer = call(f"/{kept['id']}:confirm")
        assert (answer.status_code, answer.json()["state"], len(answer.json()["keys"])) == (
            200,
            "allocated",
            2,
        )
    assert keys_by_place() == {(1, "none"): 7, (11, "none"): 2}


def test_a_person_sees_until_when_keys_are_kept_and_confirms(partner: Partner, product: Product) -> None:
    first, second = (
        _machine(partner)("", product=product.code, quantity=2, reserve_minutes=30).json()["id"]
        for _ in range(2)
    )
    buyer, reader = _person("tpr_buyer", partner), _person("tpr_readonly", partner)
    path = f"/tpr/orders/{first}/confirm/"
    assert path in buyer.get(f"/tpr/orders/{first}/").content.decode()
    assert path not in reader.get(f"/tpr/orders/{first}/").content.decode()
    assert reader.post(path).status_code in (403, 404)
    assert _person("tpr_buyer", make_partner()).post(path).status_code == 404
    assert keys_by_place() == {(1, "none"): 5, (1, "reserved"): 4}
    assert buyer.post(path).status_code == 302
    assert state_of(first) == "allocated"
    with mar_scope():
        Order.objects.filter(pk=second).update(expires_at=AT)
    late = buyer.post(f"/tpr/orders/{second}/confirm/")
    assert (late.status_code, "its keys are free again" in late.content.decode()) == (409, True)
    assert state_of(second) == "draft"


@pytest.mark.parametrize(("minutes", "state"), [(30, "draft"), (46, None)])
def test_the_preflight_of_a_reservation_says_what_the_reservation_then_does(
    partner: Partner, product: Product, minutes: int, state: str | None
) -> None:
    set_rule("order.station", minutes=45)
    call, asked = _machine(partner), {"product": product.code, "quantity": 2, "reserve_minutes": minutes}
    shown = call(":preflight", **asked).json()
    closed = [gate["refusal"] for gate in shown["gates"] if not gate["is_open"]]
    assert (shown["state"], closed) == (state, [] if state else ["reserve_minutes"])
    answer = call("", **asked)
    assert answer.status_code == (201 if state else 409)
    if state:
        assert answer.json()["state"] == state
    else:
        assert [each["code"] for each in answer.json()["refusals"]] == closed
        assert keys_by_place() == {(1, "none"): 9}


def test_confirming_what_was_never_kept_changes_nothing_and_says_how_it_stands(
    partner: Partner, product: Product
) -> None:
    order_id = order(partner, product, 2, lane=Lane.SPECIAL).order_id
    answer = _machine(partner)(f"/{order_id}:confirm")
    assert (answer.status_code, answer.json()["state"], answer.json()["keys"]) == (200, "needs_approval", [])
    assert state_of(order_id) == "needs_approval"


# A person of the MAR decides


@pytest.mark.parametrize(("decision", "state"), [("approve", "allocated"), ("refuse", "cancelled")])
def test_an_approver_decides_with_all_facts_before_him(
    partner: Partner, product: Product, decision: str, state: str
) -> None:
    order_id = order(partner, product, 2, lane=Lane.SPECIAL, wish="A tender of the town").order_id
    path, sent = f"/mar/orders/{order_id}/decide/", {"decision": decision, "reason": "Seen the tender."}
    for role in ("mar_stock", "mar_finance", "compliance", "auditor"):
        client = _person(role)
        assert client.get(path).status_code == 200, role
        assert client.post(path, sent).status_code in (403, 404), role
    assert state_of(order_id) == "needs_approval"
    approver = _person("mar_approver")
    page = approver.get(path).content.decode()
    assert "A tender of the town" in page
    assert str(order_id) in approver.get("/mar/orders/waiting/").content.decode()
    assert approver.post(path, {"decision": decision, "reason": ""}).status_code == 422
    assert approver.post(path, sent).status_code == 302
    assert state_of(order_id) == state
    assert approver.post(path, sent).status_code in (404, 409)
    shown = _person("tpr_owner", partner).get(f"/tpr/orders/{order_id}/").content.decode()
    assert "Seen the tender." in shown


def test_an_order_that_does_not_exist_is_not_decided(partner: Partner) -> None:
    assert _person("mar_approver").get(f"/mar/orders/{uuid4()}/decide/").status_code == 404


# Scarce stock, shared out by two people


def test_the_allocation_console_switches_the_fair_share_by_two_people(
    partner: Partner, product: Product
) -> None:
    order(partner, product, 12, may_queue=True)
    path = f"/mar/allocation/{product.code}/"
    first, second, keeper = _person("mar_admin"), _person("mar_approver"), _person("mar_stock")
    for client in (first, keeper):
        assert product.name in client.get("/mar/allocation/").content.decode()
        assert "12" in client.get(path).content.decode()
    assert keeper.post(f"{path}switch/", {"reason": "Late"}).status_code == 403
    assert first.post(f"{path}switch/", {"reason": ""}).status_code == 422
    assert first.post(f"{path}switch/", {"reason": "Late"}).status_code == 302
    assert first.post(f"{path}switch/", {"reason": "Me too", "step": "confirm"}).status_code == 409
    assert second.post(f"{path}switch/", {"reason": "Yes", "step": "confirm"}).status_code == 302
    share_stock(product.pk, at=AT)
    assert queue_of(product) == [3]
    assert second.post(f"{path}switch/", {"reason": "Enough", "step": "end"}).status_code == 302
    assert first.get("/mar/allocation/NO-SUCH/").status_code == 404


def _shared(partners: list[Partner], product: Product) -> None:
    for each in partners:
        order(each, product, 20, may_queue=True)
    people = [actor_for(make_member(role)) for role in ("mar_admin", "mar_approver")]
    with mar_scope():
        policy = propose_fair_share(product.pk, reason="Late", by=people[0], at=AT)
        confirm_fair_share(policy.pk, by=people[1], at=AT)
    share_stock(product.pk, at=AT)


def test_a_partner_reads_his_own_receipts_of_a_share_and_nobody_elses(
    partner: Partner, product: Product
) -> None:
    other = make_partner(name="Somebody Else Ltd")
    _shared([partner, other], product)
    page = _person("tpr_readonly", partner).get("/tpr/orders/receipts/")
    assert [receipt.partner_id for receipt in page.context["receipts"]] == [partner.pk]
    assert product.name in page.content.decode()
    assert "Somebody Else" not in page.content.decode()
    stranger = _person("tpr_owner", make_partner()).get("/tpr/orders/receipts/")
    assert list(stranger.context["receipts"]) == []


# What a row costs


def _rows(count: int, partner: Partner) -> None:
    """Make so many orders that wait, each of a product of its own, and shares of scarce stock."""
    for _ in range(count):
        scarce = make_product()
        make_stock(scarce, 2)
        _shared([partner], scarce)


@pytest.mark.parametrize(
    ("role", "path"),
    [
        ("tpr_owner", "/tpr/orders/"), ("tpr_owner", "/tpr/orders/receipts/"), ("mar_approver", "/mar/orders/"),
        ("mar_approver", "/mar/orders/waiting/"), ("mar_approver", "/mar/allocation/"),
    ],
)  # fmt: skip
def test_a_list_costs_as_many_queries_with_three_rows_as_with_one(
    partner: Partner, role: str, path: str
) -> None:
    client = _person(role, partner if role.startswith("tpr") else None)

    def queries() -> int:
        with CaptureQueriesContext(connection) as seen:
            assert client.get(path).status_code == 200
        return len(seen)

    _rows(1, partner)
    queries()
    one = queries()
    _rows(2, partner)
    assert queries() == one


# What no person needs to look at


def test_a_hundred_normal_orders_leave_nothing_for_a_person(partner: Partner) -> None:
    partners, product = [partner, *(make_partner() for _ in range(9))], make_product()
    make_stock(product, 300)
    placed = [order(partners[place % 10], product, 1 + place % 3) for place in range(100)]
    assert {each.state for each in placed} == {"allocated"}
    client = _person("mar_approver")
    assert len(client.get("/mar/orders/waiting/").context["table"].rows) == 0
    assert client.get("/mar/").context["tasks"] == []


# What a partner owes or has ordered


def test_exposure_is_the_sum_of_its_parts_and_what_the_credit_gate_counts(partner: Partner) -> None:
    product = make_product(price="10.00")
    make_stock(product, 20)
    order(partner, product, 3)
    order(partner, product, 2, lane=Lane.SPECIAL)
    order(partner, product, 4, reserve_minutes=30)
    order(partner, product, 50, may_queue=True)
    with mar_scope():
        first = KeyAssignment.objects.filter(partner=partner).order_by("pk").first()
        assert first is not None
        KeyAssignment.objects.filter(pk=first.pk).update(billed_at=AT)
    set_credit(partner, unpaid="7.50")
    with mar_scope():
        found = exposure_of(partner.pk)
    assert (found.committed, found.unreported, found.reported, found.unpaid) == (560, 20, 0, 7.5)
    assert found.total == found.committed + found.unreported + found.reported + found.unpaid
    assert found.left == found.limit - found.total
    with partner_scope(partner.pk):
        facts = order_facts(
            partner_id=partner.pk, product_id=product.pk, quantity=1, at=AT, zone=mar_zone(), with_stock=False
        )
    assert facts.exposure == found.total


def test_an_order_held_for_credit_adds_nothing_to_the_exposure(partner: Partner, product: Product) -> None:
    set_credit(partner, limit="0.00")
    held: UUID = order(partner, product, 2).order_id
    with mar_scope():
        assert (state_of(held), exposure_of(partner.pk).total) == ("held_credit", 0)
