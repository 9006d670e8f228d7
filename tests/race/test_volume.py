"""Twenty orders around a threshold and a discount: counts exact with the lock, broken or stopped without it."""

import threading
from decimal import Decimal
from typing import Any

import pytest

from core.tenancy import mar_scope
from licensing.models import OrderLine, PriceDeviation, PriceVolume, Product
from licensing.services import orders
from partners.models import Partner
from tests.factories import make_partner, make_product, make_stock
from tests.factories.prices import make_deviation, make_price, standard_book
from tests.licensing.services.orders_kit import order
from tests.race.server import all_at_once

THREADS = 20
BOOK, LESS = Decimal("40.00"), Decimal("30.00")


def _race(partner: Partner, product: Product) -> dict[Decimal, int]:
    """Place twenty orders of one licence at once; return how many paid which price."""
    ended = all_at_once([lambda: order(partner, product, 1).state] * THREADS)
    assert [one for one in ended if isinstance(one, Exception)] == []
    with mar_scope():
        prices = list(OrderLine.objects.filter(partner=partner).values_list("unit_price", flat=True))
    return {price: prices.count(price) for price in prices}


def _counted(partner: Partner) -> int:
    with mar_scope():
        return int(PriceVolume.objects.get(partner=partner).quantity)


def _with_threshold() -> Product:
    product = make_product(price=str(BOOK))
    make_price(standard_book(), product, str(LESS), min_quantity=10)
    make_stock(product, THREADS)
    return product


def _with_discount(partner: Partner) -> Product:
    product = make_product(price=str(BOOK))
    make_deviation(partner, product, str(LESS), quantity=7)
    make_stock(product, THREADS)
    return product


def _without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the lock out, and go on only when every thread has read the price."""
    all_have_read = threading.Barrier(THREADS)
    read = orders.order_facts

    def read_and_wait(**wanted: Any) -> Any:
        facts = read(**wanted)
        all_have_read.wait(timeout=60)
        return facts

    monkeypatch.setattr(orders, "lock_credit", lambda _partner_id: None)
    monkeypatch.setattr(orders, "order_facts", read_and_wait)


def test_the_tenth_licence_and_all_after_it_cost_less(cloned_db: str) -> None:
    partner, product = make_partner(), _with_threshold()
    assert _race(partner, product) == {BOOK: 9, LESS: 11}
    assert _counted(partner) == THREADS


def test_without_the_lock_the_threshold_is_passed_unseen(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner, product = make_partner(), _with_threshold()
    _without_the_lock(monkeypatch)
    assert _race(partner, product)[BOOK] > 9
    assert _counted(partner) == THREADS


def test_a_discount_is_for_its_licences_and_no_more(cloned_db: str) -> None:
    partner = make_partner()
    product = _with_discount(partner)
    assert _race(partner, product) == {BOOK: 13, LESS: 7}
    with mar_scope():
        assert PriceDeviation.objects.get().used_quantity == 7
    assert _counted(partner) == THREADS


def test_without_the_lock_the_database_stops_a_discount_at_its_end(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    partner = make_partner()
    product = _with_discount(partner)
    _without_the_lock(monkeypatch)
    ended = all_at_once([lambda: order(partner, product, 1).state] * THREADS)
    errors = [one for one in ended if isinstance(one, Exception)]
    assert {type(one).__name__ for one in errors} == {"IntegrityError"}
    with mar_scope():
        assert PriceDeviation.objects.get().used_quantity == THREADS - len(errors) == 7
