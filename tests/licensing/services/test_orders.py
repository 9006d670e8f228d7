"""Placing orders: all keys or none, every gate refuses with its facts, repeats have one effect."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest

from core.actor import Actor, ActorKind
from core.errors import DomainError
from core.idempotency import KeyReused
from core.models import AuditEvent, IdempotencyKey, OutboxItem
from core.tenancy import mar_scope, partner_scope
from licensing.models import (
    KeyAssignment,
    LedgerEntry,
    Order,
    OrderLine,
    Product,
    ProductKey,
)
from licensing.services.orders import OrderRefused, OrderRequest, place_order
from partners.models import Partner, TermsAcceptance
from tests.factories import AT, hash_of, make_partner, make_product, make_stock, make_terms, make_user

pytestmark = pytest.mark.django_db


def _actor(partner: Partner) -> Actor:
    return Actor(ActorKind.USER, "u1", "Buyer", partner_id=partner.id)


def _order(partner: Partner, product: Product, quantity: int, key: str | None = None, **more: Any) -> Any:
    more.setdefault("may_wait", False)
    with partner_scope(partner.id):
        return place_order(
            partner_id=partner.id,
            request=OrderRequest(product.id, quantity, **more),
            idempotency_key=key or uuid4().hex,
            by=_actor(partner),
            at=AT,
        )


def _nothing_changed(partner: Partner) -> None:
    with mar_scope():
        assert Order.objects.filter(partner=partner).count() == 0
        assert ProductKey.objects.filter(partner=partner).count() == 0
        assert IdempotencyKey.objects.filter(partner_id=partner.id).count() == 0


def test_order_assigns_all_keys_at_once_with_ledger_audit_and_outbox() -> None:
    partner, product = make_partner(), make_product(price="40.00")
    make_stock(product, 5)
    placed = _order(partner, product, 3)
    with partner_scope(partner.id):
        order = Order.objects.get(pk=placed.order_id)
        assert order.state == "allocated"
        assert order.allocated_at == AT
        keys = ProductKey.objects.filter(order_line__order=order)
        assert keys.count() == 3
        assert set(keys.values_list("state", flat=True)) == {11}
        assert KeyAssignment.objects.filter(order_line__order=order, unit_price=Decimal("40.00")).count() == 3
        steps = LedgerEntry.objects.filter(key__in=keys, reason="order.placed")
        assert set(steps.values_list("from_state", "to_state")) == {(1, 11)}
        assert steps.count() == 3
        assert (
            AuditEvent.objects.filter(action="licensing.order.placed", object_id=str(order.id)).count() == 1
        )
    with mar_scope():
        assert OutboxItem.objects.filter(task="licensing.tell_order_allocated").count() == 1


def test_order_beyond_the_stock_takes_nothing_and_says_how_many_are_left() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 2)
    with pytest.raises(OrderRefused) as caught:
        _order(partner, product, 3)
    (refusal,) = caught.value.refusals
    assert refusal.code == "out_of_stock"
    assert refusal.facts == {"Asked for": 3, "In stock": 2}
    _nothing_changed(partner)


def test_repeat_with_the_same_key_returns_the_first_order() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 5)
    first = _order(partner, product, 2, key="shop-1")
    again = _order(partner, product, 2, key="shop-1")
    assert again == replace(first, is_new=False)
    with partner_scope(partner.id):
        assert Order.objects.count() == 1


def test_same_key_for_another_request_is_refused() -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 5)
    _order(partner, product, 2, key="shop-1")
    with pytest.raises(KeyReused):
        _order(partner, product, 3, key="shop-1")


def test_two_partners_may_use_the_same_idempotency_key() -> None:
    one, two, product = make_partner(), make_partner(), make_product()
    make_stock(product, 2)
    assert _order(one, product, 1, key="same").order_id != _order(two, product, 1, key="same").order_id


@pytest.mark.parametrize("quantity", [0, -1, 5001])
def test_impossible_quantity_is_refused(quantity: int) -> None:
    partner, product = make_partner(), make_product()
    with pytest.raises(DomainError) as caught:
        _order(partner, product, quantity)
    assert caught.value.code == "quantity"
    _nothing_changed(partner)


def test_product_without_a_price_is_not_on_sale() -> None:
    partner, product = make_partner(), make_product(price=None)
    make_stock(product, 1)
    with pytest.raises(OrderRefused) as caught:
        _order(partner, product, 1)
    assert caught.value.code == "product_not_on_sale"


def test_credit_counts_assigned_keys_until_they_are_billed() -> None:
    partner, product = make_partner(credit="100.00"), make_product(price="40.00")
    make_stock(product, 5)
    _order(partner, product, 2)
    with pytest.raises(OrderRefused) as caught:
        _order(partner, product, 1)
    assert caught.value.refusals[0].facts["Keys not yet billed"] == "80.00 EUR"
    with mar_scope():
        KeyAssignment.objects.filter(partner=partner).update(billed_at=AT)
    _order(partner, product, 1)


def test_order_of_another_partners_stock_line_is_refused_by_the_database() -> None:
    from django.db import ProgrammingError, connection, transaction

    owner, thief, product = make_partner(), make_partner(), make_product()
    make_stock(product, 2)
    placed = _order(owner, product, 1)
    with mar_scope():
        line_id = OrderLine.objects.get(order_id=placed.order_id).id
    with (
        partner_scope(thief.id),
        pytest.raises(ProgrammingError, match="not the current partner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("SELECT licensing_allocate(%s, %s)", [line_id, AT])


def test_partner_who_joined_between_two_versions_of_the_terms_orders_by_the_newer_one() -> None:
    """Only the version in force can be accepted; the older one, still demanded, must not stand in the way."""
    partner, product = make_partner(accepts_terms=False), make_product()
    make_stock(product, 1)
    newer = make_terms("2026-2", effective_from=AT - timedelta(days=1), due_from=AT + timedelta(days=30))
    with mar_scope():
        TermsAcceptance.objects.create(
            partner=partner, terms=newer, user=make_user(), role="tpr_owner", accepted_at=AT,
            text_sha256=hash_of(newer),
        )  # fmt: skip
    assert _order(partner, product, 1).is_new
