"""Twenty threads against one partner's limits: exact with the credit row's lock, broken without it."""

import threading
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db.models import Sum

from core.actor import Actor, ActorKind
from core.tenancy import mar_scope, partner_scope
from licensing.models import KeyAssignment, Order, OrderLimit, OrderLine, Product
from licensing.services import orders
from licensing.services.orders import OrderRefused, OrderRequest, place_order
from partners.models import Partner
from tests.factories import AT, make_partner, make_product, make_stock
from tests.race.server import all_at_once

THREADS = 20
PRICE = Decimal("40.00")


def _order(partner: Partner, product: Product) -> str:
    try:
        with partner_scope(partner.pk):
            placed = place_order(
                partner_id=partner.pk, request=OrderRequest(product.pk, 1), idempotency_key=uuid4().hex,
                by=Actor(ActorKind.USER, "u1", "Buyer", partner_id=partner.pk), at=AT,
            )  # fmt: skip
    except OrderRefused as error:
        return error.code
    return str(placed.state)


def _race(partner: Partner, product: Product) -> dict[str, int]:
    ended = all_at_once([lambda: _order(partner, product)] * THREADS)
    return {str(outcome): ended.count(outcome) for outcome in ended}


def _exposure(partner: Partner) -> Decimal:
    with mar_scope():
        total = KeyAssignment.objects.filter(partner=partner).aggregate(total=Sum("unit_price"))["total"]
    return Decimal(total)


def _ordered(partner: Partner) -> int:
    with mar_scope():
        return int(OrderLine.objects.filter(partner=partner).aggregate(total=Sum("quantity"))["total"])


def _without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the lock out, and go on only when every thread has read the facts."""
    all_have_read = threading.Barrier(THREADS)
    read = orders.order_facts

    def read_and_wait(**wanted: Any) -> Any:
        facts = read(**wanted)
        all_have_read.wait(timeout=60)
        return facts

    monkeypatch.setattr(orders, "lock_credit", lambda _partner_id: None)
    monkeypatch.setattr(orders, "order_facts", read_and_wait)


def test_credit_limit_is_exact_under_20_threads(cloned_db: str) -> None:
    partner, product = make_partner(credit="280.00"), make_product(price=str(PRICE))
    make_stock(product, THREADS)
    assert _race(partner, product) == {"allocated": 7, "held_credit": 13}
    assert _exposure(partner) == Decimal("280.00")


def test_credit_limit_breaks_without_the_lock(cloned_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    partner, product = make_partner(credit="280.00"), make_product(price=str(PRICE))
    make_stock(product, THREADS)
    _without_the_lock(monkeypatch)
    assert _race(partner, product)["allocated"] > 7
    assert _exposure(partner) > Decimal("280.00")


def test_monthly_limit_is_exact_under_20_threads(cloned_db: str) -> None:
    partner, product = make_partner(monthly_quantity=5), make_product()
    make_stock(product, THREADS)
    assert _race(partner, product) == {"allocated": 5, "monthly_limit": 15}
    assert _ordered(partner) == 5


def test_monthly_limit_breaks_without_the_lock(cloned_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    partner, product = make_partner(monthly_quantity=5), make_product()
    make_stock(product, THREADS)
    _without_the_lock(monkeypatch)
    assert _race(partner, product)["allocated"] > 5
    with mar_scope():
        assert _ordered(partner) > OrderLimit.objects.get(partner=partner).monthly_quantity


def test_limits_of_two_partners_do_not_wait_for_each_other(cloned_db: str) -> None:
    busy, other, product = make_partner(), make_partner(), make_product()
    make_stock(product, 4)
    placed: list[str] = []
    with partner_scope(busy.pk):
        orders.lock_credit(busy.pk)
        thread = threading.Thread(target=lambda: placed.extend(all_at_once([lambda: _order(other, product)])))
        thread.start()
        thread.join(timeout=30)
        assert placed == ["allocated"]
    with mar_scope():
        assert Order.objects.filter(partner=busy).count() == 0
