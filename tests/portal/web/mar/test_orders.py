"""The MAR's view of orders: looking, cancelling what nobody touched, and never a key."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from core.actor import Actor
from core.models import AuditEvent
from core.tenancy import mar_scope, partner_scope
from licensing.models import KeyAssignment, Order, ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.services.hand_over import reveal_key
from licensing.services.orders import OrderRequest, place_order
from tests.factories import AT, make_member, make_partner, make_product, make_stock
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def order() -> Any:
    partner, product = make_partner(), make_product()
    make_stock(product, 3)
    with partner_scope(partner.id):
        placed = place_order(
            partner_id=partner.id, request=OrderRequest(product.id, 2), idempotency_key=uuid4().hex,
            by=Actor.system("test"), at=AT,
        )  # fmt: skip
        return Order.objects.get(pk=placed.order_id)


def _take_a_key(order: Order) -> ProductKey:
    with partner_scope(order.partner_id):
        key = ProductKey.objects.order_by("id").first()
        assert key is not None
        reveal_key(
            partner_id=order.partner_id, product_key_id=key.product_key_id, device=DeviceIdentity("A", "M", "SER1"),
            reason="Station is down", by=Actor.system("test"), at=AT,
        )  # fmt: skip
        return key


def _facts(key: ProductKey) -> tuple[int, str, Any]:
    with mar_scope():
        return ProductKey.objects.values_list("state", "hold", "partner_id").get(pk=key.pk)


def test_admin_cancels_an_untouched_order_and_its_keys_are_free_again(order: Order) -> None:
    client = sign_in(Client(), make_member("mar_admin"))
    assert client.get(f"/mar/orders/{order.pk}/cancel/").status_code == 200
    response = client.post(f"/mar/orders/{order.pk}/cancel/", {"reason": "Ordered by mistake"})
    assert response.status_code == 302, response.content
    with mar_scope():
        order.refresh_from_db()
        assert order.state == "cancelled"
        assert set(ProductKey.objects.values_list("state", "partner_id", "hold")) == {(1, None, "none")}
        assert KeyAssignment.objects.filter(ended_at__isnull=True).count() == 0


def test_order_with_a_taken_key_cannot_be_cancelled(order: Order) -> None:
    _take_a_key(order)
    client = sign_in(Client(), make_member("mar_admin"))
    response = client.post(f"/mar/orders/{order.pk}/cancel/", {"reason": "Ordered by mistake"})
    assert response.status_code == 409
    with mar_scope():
        order.refresh_from_db()
        assert order.state == "allocated"
        assert ProductKey.objects.filter(state=12).count() == 1


@pytest.mark.parametrize(("role", "expected"), [("mar_stock", 200), ("compliance", 200), ("auditor", 200)])
def test_staff_look_at_orders_and_keys(order: Order, role: str, expected: int) -> None:
    client = sign_in(Client(), make_member(role))
    with mar_scope():
        key = ProductKey.objects.filter(order_line__order=order).first()
    assert key is not None
    for path in ("/mar/orders/", f"/mar/orders/{order.pk}/", f"/mar/keys/{key.product_key_id}/"):
        assert client.get(path).status_code == expected, path


def test_partner_finds_no_mar_page_and_stock_keeper_may_not_cancel(order: Order) -> None:
    owner = sign_in(Client(), make_member("tpr_owner", partner=make_partner()))
    assert owner.get("/mar/orders/").status_code == 404
    keeper = sign_in(Client(), make_member("mar_stock"))
    assert keeper.get(f"/mar/orders/{order.pk}/cancel/").status_code == 403


@pytest.mark.parametrize("role", ["mar_admin", "mar_approver"])
def test_a_lost_key_is_called_back_with_a_reason_and_stays_in_quarantine(order: Order, role: str) -> None:
    key = _take_a_key(order)
    page = f"/mar/keys/{key.product_key_id}/"
    client = sign_in(Client(), make_member(role))
    assert f'href="{page}recall/"' in client.get(page).text
    assert client.get(f"{page}recall/").status_code == 200
    assert client.post(f"{page}recall/", {"reason": ""}).status_code == 422
    assert _facts(key) == (12, "none", order.partner_id)
    response = client.post(f"{page}recall/", {"reason": "Label burnt with the PC"})
    assert (response.status_code, response["Location"]) == (302, page)
    assert _facts(key) == (1, "quarantined", None)
    assert f'href="{page}recall/"' not in client.get(page).text
    with mar_scope():
        entry = AuditEvent.objects.get(action="licensing.key.recalled")
        assert entry.facts == {"reason": "Label burnt with the PC", "hold": "quarantined"}


def test_a_key_nobody_has_taken_is_not_called_back(order: Order) -> None:
    with mar_scope():
        key = ProductKey.objects.filter(order_line__order=order).order_by("id")[0]
    page = f"/mar/keys/{key.product_key_id}/"
    client = sign_in(Client(), make_member("mar_admin"))
    assert f'href="{page}recall/"' not in client.get(page).text
    assert client.post(f"{page}recall/", {"reason": "Lost"}).status_code == 409
    assert _facts(key) == (11, "none", order.partner_id)


@pytest.mark.parametrize("role", ["mar_stock", "auditor"])
def test_who_may_only_look_calls_no_key_back(order: Order, role: str) -> None:
    key = _take_a_key(order)
    page = f"/mar/keys/{key.product_key_id}/"
    client = sign_in(Client(), make_member(role))
    assert f'href="{page}recall/"' not in client.get(page).text
    assert client.post(f"{page}recall/", {"reason": "Lost"}).status_code in (403, 404)
    assert _facts(key) == (12, "none", order.partner_id)
