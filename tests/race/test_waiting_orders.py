"""Waiting orders under rivals: released once, cancelled or released, the queue in its order; with controls."""

from typing import Any
from uuid import UUID

import pytest

from core.errors import DomainError
from core.tenancy import mar_scope
from licensing.models import KeyAssignment, Order, ProductKey
from licensing.services import order_release, order_settle
from licensing.services.order_cancel import cancel_order
from licensing.services.order_queue import fill_backorders
from licensing.services.order_release import release_orders
from partners.models import Partner
from tests.factories import AT, make_partner, make_product, make_stock
from tests.licensing.services.orders_kit import MAR_PERSON, order, queue_of, set_credit, state_of
from tests.race.server import all_at_once


def _release(partner: Partner) -> int:
    with mar_scope():
        return release_orders("payment", partner_id=partner.pk, at=AT)


def _cancel(order_id: UUID) -> str:
    try:
        with mar_scope():
            cancel_order(order_id, reason="x", by=MAR_PERSON, at=AT)
    except DomainError as error:
        return error.code
    return "cancelled"


def _held(partner: Partner, product: Any, orders: int) -> list[UUID]:
    set_credit(partner, limit="0.00")
    held = [order(partner, product, 1).order_id for _ in range(orders)]
    set_credit(partner, limit="100000.00")
    return held


def test_releases_at_once_release_each_order_once(cloned_db: str) -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 10)
    _held(partner, product, 4)
    assert sorted(all_at_once([lambda: _release(partner)] * 6)) == [0, 0, 0, 0, 0, 4]
    with mar_scope():
        assert KeyAssignment.objects.count() == ProductKey.objects.filter(state=11).count() == 4


def test_without_the_locks_a_release_collides(cloned_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The control: without credit and order locks rivals meet at the database's last guard."""
    partner, product = make_partner(), make_product()
    make_stock(product, 10)
    _held(partner, product, 4)
    monkeypatch.setattr(order_release, "lock_credit", lambda _partner_id: None)
    monkeypatch.setattr(order_release, "lock_order", lambda order_id: Order.objects.get(pk=order_id))
    monkeypatch.setattr(order_release, "lock_queues", lambda _product_ids: None)
    monkeypatch.setattr(order_settle, "lock_queue", lambda _product_id: None)
    ended = all_at_once([lambda: _release(partner)] * 6)
    errors = [one for one in ended if isinstance(one, Exception)]
    with mar_scope():
        assert errors or KeyAssignment.objects.filter(ended_at__isnull=True).count() > 4


@pytest.mark.parametrize("round_", range(3))
def test_release_against_cancel_ends_in_one_of_both(cloned_db: str, round_: int) -> None:
    partner, product = make_partner(), make_product()
    make_stock(product, 1)
    (order_id,) = _held(partner, product, 1)
    released, cancelled = all_at_once([lambda: _release(partner), lambda: _cancel(order_id)])
    assert (released, cancelled) in [(1, "cancelled"), (0, "cancelled")]
    with mar_scope():
        assert state_of(order_id) == "cancelled"
        assert list(ProductKey.objects.values_list("state", "hold", "partner_id")) == [(1, "none", None)]


def test_50_orders_on_10_keys_and_the_queue_drains_in_its_order(cloned_db: str) -> None:
    partners, product = [make_partner() for _ in range(10)], make_product()
    make_stock(product, 10)
    ended = all_at_once([lambda p=p: order(p, product, 1, may_queue=True) for p in partners * 5])
    states = [placed.state for placed in ended]
    assert (states.count("allocated"), states.count("backordered")) == (10, 40)
    make_stock(product, 15)
    assert sum(all_at_once([lambda: fill_backorders(product.pk, at=AT)] * 4)) == 15
    assert len(queue_of(product)) == 25
    with mar_scope():
        waiting = (
            Order.objects.filter(state="backordered").order_by("number").values_list("number", flat=True)
        )
        served = Order.objects.filter(state="allocated", holds=[], waits_since__isnull=False)
        assert served.count() == 15
        assert max(served.values_list("number", flat=True)) < min(waiting)
        assert KeyAssignment.objects.count() == 25
