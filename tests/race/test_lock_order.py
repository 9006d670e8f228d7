"""Two transactions that want the same queues and keys: one waits for the other, neither for both; with controls."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from core.tenancy import mar_scope, partner_scope
from licensing.models import Order
from licensing.services import estimates, order_files, order_release, order_together
from licensing.services.estimates import order_estimate, write_estimate
from licensing.services.order_files import keep_order_file, place_order_file
from licensing.services.order_release import release_orders
from licensing.services.orders import OrderRefused
from partners.models import Partner
from tests.factories import AT, make_partner, make_product, make_stock
from tests.licensing.services.orders_kit import buyer_of, order, set_credit
from tests.race.server import all_at_once

MEETING_SECONDS = 2.5
Ends = list[Any]


def _deadlocks(ended: Ends) -> int:
    assert [each for each in ended if isinstance(each, Exception) and "deadlock" not in str(each)] == []
    return sum(isinstance(each, Exception) for each in ended)


def _meet_after_the_first(monkeypatch: pytest.MonkeyPatch, *acts: tuple[Any, str]) -> None:
    """Let each of two threads begin its second order when both have their first, or nobody comes."""
    both, seen = threading.Barrier(2), threading.local()

    def slowed(act: Callable[..., Any]) -> Callable[..., Any]:
        def acted(*named: Any, **wanted: Any) -> Any:
            if getattr(seen, "orders", 0) == 1:
                with suppress(threading.BrokenBarrierError):
                    both.wait(MEETING_SECONDS)
            done = act(*named, **wanted)
            seen.orders = getattr(seen, "orders", 0) + 1
            return done

        return acted

    for module, name in acts:
        monkeypatch.setattr(module, name, slowed(getattr(module, name)))


def _file(partner: Partner, *rows: str) -> Callable[[], Any]:
    with partner_scope(partner.pk):
        text = "\n".join(["order_reference,product,quantity,if_short", *rows])
        file = keep_order_file(partner.pk, text.encode(), file_name="o.csv", by=buyer_of(partner), at=AT)

    def place() -> int:
        with partner_scope(partner.pk):
            return place_order_file(file.pk, by=buyer_of(partner), at=AT).placed

    return place


def _release(partner: Partner) -> Callable[[], Any]:
    set_credit(partner, limit="99999")
    return lambda: release_orders("payment", partner_id=partner.pk, at=AT)


def _without_the_queues(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (order_together, order_files, estimates):
        monkeypatch.setattr(module, "hold_queues", lambda _partner_id, _product_ids: None)
    monkeypatch.setattr(order_release, "lock_queues", lambda _product_ids: None)


@pytest.mark.parametrize("is_control", [False, True])
def test_a_file_of_one_product_and_a_held_order_do_not_wait_for_each_other(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch, is_control: bool
) -> None:
    buyer, other, product = make_partner(), make_partner(credit="0"), make_product()
    make_stock(product, 10)
    assert order(other, product, 8).state == "held_credit"
    place = _file(buyer, f"A,{product.code},6,", f"B,{product.code},6,queue")
    release, began, real, placed = _release(other), threading.Event(), order_together.place_order, []

    def place_order(**wanted: Any) -> Any:
        if placed:
            time.sleep(MEETING_SECONDS)  # the other one holds the queue by now, and waits for the keys
        placed.append(real(**wanted))
        began.set()
        return placed[-1]

    monkeypatch.setattr(order_together, "place_order", place_order)
    if is_control:
        _without_the_queues(monkeypatch)
    assert _deadlocks(all_at_once([place, lambda: began.wait(30) and release()])) == is_control
    if not is_control:
        with mar_scope():
            states = sorted(Order.objects.values_list("state", flat=True))
        assert states == ["allocated", "backordered", "backordered"]


@pytest.mark.parametrize("is_control", [False, True])
def test_a_file_of_two_products_and_two_held_orders_do_not_wait_for_each_other(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch, is_control: bool
) -> None:
    buyer, other = make_partner(), make_partner(credit="0")
    low, high = make_product(), make_product()
    for product in (high, low):
        make_stock(product, 3)
        assert order(other, product, 2).state == "held_credit"
    place, release = _file(buyer, f"A,{low.code},2,queue", f"A,{high.code},2,queue"), _release(other)
    _meet_after_the_first(monkeypatch, (order_together, "place_order"), (order_release, "settle_order"))
    if is_control:
        _without_the_queues(monkeypatch)
    assert _deadlocks(all_at_once([place, release])) == is_control


@pytest.mark.parametrize("is_control", [False, True])
def test_two_estimates_of_the_same_products_do_not_wait_for_each_other(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch, is_control: bool
) -> None:
    partners, products = [make_partner(), make_partner()], [make_product(), make_product()]
    for product in products:
        make_stock(product, 1)

    def ordering(partner: Partner, codes: list[str]) -> Callable[[], Any]:
        with partner_scope(partner.pk):
            lines = [(code, 1) for code in codes]
            estimate = write_estimate(partner.pk, lines, by=buyer_of(partner), at=AT)

        def act() -> str:
            try:
                with partner_scope(partner.pk):
                    return order_estimate(estimate.pk, by=buyer_of(partner), at=AT).state_at(AT)
            except OrderRefused as refused:
                return refused.code

        return act

    codes = [product.code for product in products]
    acts = [ordering(partners[0], codes), ordering(partners[1], codes[::-1])]
    _meet_after_the_first(monkeypatch, (estimates, "place_order"))
    if is_control:
        _without_the_queues(monkeypatch)
    ended = all_at_once(acts)
    assert _deadlocks(ended) == is_control
    if not is_control:
        assert sorted(ended) == ["ordered", "out_of_stock"]
