"""The sweep of orders: what a lost message left waiting is found, and one order that fails holds up no other."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest

from licensing import tasks_orders
from licensing.models import Lane
from licensing.services import order_release
from licensing.tasks_orders import sweep_orders
from tests.factories import AT, make_partner, make_product, make_stock
from tests.licensing.services.orders_kit import (
    keys_by_place,
    open_reservations,
    order,
    queue_of,
    set_credit,
    state_of,
)

pytestmark = pytest.mark.django_db


def _at(monkeypatch: pytest.MonkeyPatch, at: Any) -> None:
    monkeypatch.setattr(tasks_orders.timezone, "now", lambda: at)


def test_a_hold_whose_cause_ended_without_a_message_is_released(monkeypatch: pytest.MonkeyPatch) -> None:
    partner, product = make_partner(credit="0.00"), make_product(price="10.00")
    make_stock(product, 1)
    held = order(partner, product, 1).order_id
    set_credit(partner, limit="10.00")
    _at(monkeypatch, AT + timedelta(hours=1))
    sweep_orders()
    assert (state_of(held), keys_by_place()) == ("allocated", {(11, "none"): 1})


def test_a_queue_whose_stock_came_without_a_message_is_served(monkeypatch: pytest.MonkeyPatch) -> None:
    product = make_product()
    queued = order(make_partner(), product, 2, may_queue=True).order_id
    make_stock(product, 2)
    _at(monkeypatch, AT + timedelta(hours=1))
    assert sweep_orders() == 1
    assert (state_of(queued), queue_of(product)) == ("allocated", [])


def test_what_is_over_ends_and_its_keys_are_free(monkeypatch: pytest.MonkeyPatch) -> None:
    product = make_product()
    make_stock(product, 4)
    kept = order(make_partner(), product, 2, reserve_minutes=30).order_id
    asked = order(make_partner(), product, 2, lane=Lane.SPECIAL).order_id
    _at(monkeypatch, AT + timedelta(minutes=30))
    assert sweep_orders() == 1
    assert (state_of(kept), state_of(asked)) == ("expired", "needs_approval")
    assert keys_by_place() == {(1, "none"): 2, (1, "reserved"): 2}
    _at(monkeypatch, AT + timedelta(hours=48))
    assert sweep_orders() == 0
    assert (state_of(asked), open_reservations(), keys_by_place()) == ("needs_approval", 0, {(1, "none"): 4})


def test_one_order_that_fails_holds_up_no_other(monkeypatch: pytest.MonkeyPatch) -> None:
    product, partner = make_product(price="10.00"), make_partner(credit="0.00")
    broken, due = (order(partner, product, 1, may_queue=True).order_id for _ in range(2))
    queued = order(make_partner(), product, 1, may_queue=True).order_id
    make_stock(product, 1)
    real = order_release.expire_order

    def fail(order_id: UUID, *, at: Any) -> bool:
        if order_id == broken:
            raise RuntimeError("broken")
        return real(order_id, at=at)

    monkeypatch.setattr(order_release, "expire_order", fail)
    _at(monkeypatch, AT + timedelta(days=14))
    assert sweep_orders() == 2
    assert [state_of(each) for each in (broken, due, queued)] == ["held_credit", "expired", "allocated"]
