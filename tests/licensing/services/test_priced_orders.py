"""Orders and their prices: thresholds from that order on, lines that never change, counts that recount."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import uuid4

import pytest
from django.db import DatabaseError, IntegrityError, connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.actor import Actor, ActorKind
from core.tenancy import mar_scope, partner_scope
from licensing.models import KeyAssignment, OrderLine, PriceDeviation, PriceVolume, Product
from licensing.services.order_cancel import cancel_order
from licensing.services.orders import OrderRequest, place_order
from partners.models import Partner
from tests.factories import AT, make_partner, make_product, make_stock
from tests.factories.prices import make_deviation, make_price, standard_book

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


def _order(partner: Partner, product: Product, quantity: int, *, at: datetime = AT) -> Any:
    with partner_scope(partner.id):
        return place_order(
            partner_id=partner.id,
            request=OrderRequest(product.id, quantity),
            idempotency_key=uuid4().hex,
            by=Actor(ActorKind.USER, "u1", "Buyer", partner_id=partner.id),
            at=at,
        ).order_id


def _cancel(partner: Partner, order_id: Any) -> None:
    with mar_scope(acting_for=partner.id):
        cancel_order(order_id, reason="Not needed", by=BY, at=AT)


def _prices(partner: Partner) -> list[Decimal]:
    with mar_scope():
        lines = OrderLine.objects.filter(partner=partner).order_by("order__number")
        return list(lines.values_list("unit_price", flat=True))


def _with_threshold(amount: str = "30.00", least: int = 10) -> Product:
    product = make_product(price="40.00")
    make_price(standard_book(), product, amount, min_quantity=least)
    return product


@pytest.mark.parametrize(
    ("first", "second", "prices"),
    [
        (5, 4, ["40.00", "40.00"]),
        (5, 5, ["40.00", "30.00"]),
        (9, 1, ["40.00", "30.00"]),
        (10, 1, ["30.00", "30.00"]),
    ],
)
def test_threshold_changes_the_price_of_the_order_that_reaches_it_and_of_none_before(
    first: int, second: int, prices: Sequence[str]
) -> None:
    partner, product = make_partner(), _with_threshold()
    make_stock(product, 20)
    _order(partner, product, first)
    _order(partner, product, second)
    assert _prices(partner) == [Decimal(price) for price in prices]


def test_threshold_counts_all_products_of_the_book_but_no_other_partner_and_no_other_year() -> None:
    partner, other, product = make_partner(), make_partner(), _with_threshold()
    sibling = make_product(price="20.00")
    make_stock(product, 20)
    make_stock(sibling, 20)
    _order(other, product, 5)
    # 23:30 UTC on the last day is next year already in the MAR's zone.
    old, new = datetime(2026, 12, 31, 22, 30, tzinfo=UTC), datetime(2026, 12, 31, 23, 30, tzinfo=UTC)
    _order(partner, sibling, 5, at=old)
    _order(partner, sibling, 4, at=new)
    _order(partner, product, 5, at=new)
    _order(partner, product, 1, at=new)
    assert _prices(partner)[2:] == [Decimal("40.00"), Decimal("30.00")]


def test_cancelled_order_is_taken_off_the_count_and_off_the_discount() -> None:
    partner, product = make_partner(), _with_threshold()
    make_stock(product, 20)
    discount = make_deviation(partner, product, "25.00", quantity=8)
    taken = _order(partner, product, 8)
    _cancel(partner, taken)
    with mar_scope():
        assert PriceVolume.objects.get(partner=partner).quantity == 0
        assert PriceDeviation.objects.get(pk=discount.pk).used_quantity == 0
    _order(partner, product, 9)
    assert _prices(partner) == [Decimal("25.00"), Decimal("40.00")]


def test_discount_is_used_up_to_its_last_licence_and_not_beyond() -> None:
    partner, product = make_partner(), make_product(price="40.00")
    make_stock(product, 20)
    discount = make_deviation(partner, product, "25.00", quantity=5)
    for quantity in (3, 3, 2, 1):
        _order(partner, product, quantity)
    assert _prices(partner) == [Decimal("25.00"), Decimal("40.00"), Decimal("25.00"), Decimal("40.00")]
    with mar_scope():
        discount.refresh_from_db()
        assert discount.used_quantity == 5
        with pytest.raises(IntegrityError, match="does not change"), transaction.atomic():
            PriceDeviation.objects.filter(pk=discount.pk).update(used_quantity=0)


@settings(max_examples=10, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    steps=st.lists(
        st.tuples(
            st.sampled_from(["order", "order", "price", "cancel"]), st.integers(1, 6), st.integers(1, 60)
        ),
        min_size=1,
        max_size=8,
    )
)
def test_no_line_changes_its_price_and_the_count_recounts_over_any_story(
    steps: Sequence[tuple[str, int, int]],
) -> None:
    point = transaction.savepoint()
    partner, product = make_partner(), _with_threshold(least=8)
    make_stock(product, 60)
    known: dict[Any, Decimal] = {}
    orders: list[Any] = []
    at = AT
    for step, quantity, amount in steps:
        at += timedelta(hours=1)
        if step == "order":
            orders.append(_order(partner, product, quantity, at=at))
            with mar_scope():
                line = OrderLine.objects.get(order_id=orders[-1])
                known[line.pk] = line.unit_price
        elif step == "price":
            make_price(standard_book(), product, f"{amount}.00", valid_from=at)
        elif orders:
            _cancel(partner, orders.pop())
        with mar_scope():
            lines = OrderLine.objects.filter(partner=partner)
            assert {line.pk: line.unit_price for line in lines} == known
            left = lines.exclude(order__state="cancelled").values_list("quantity", flat=True)
            counted = PriceVolume.objects.filter(partner=partner).values_list("quantity", flat=True)
            assert sum(counted) == sum(left)
    transaction.savepoint_rollback(point)


@pytest.mark.parametrize(
    "change",
    [{"unit_price": Decimal("1.00")}, {"currency": "PLN"}, {"price": None}, {"product_id": 0}],
)
def test_price_of_a_line_is_refused_to_change_by_the_database(change: dict[str, Any]) -> None:
    partner, product = make_partner(), make_product(price="40.00")
    make_stock(product, 1)
    _order(partner, product, 1)
    with mar_scope(), pytest.raises(IntegrityError, match="keeps the price"), transaction.atomic():
        OrderLine.objects.filter(partner=partner).update(**change)
    assert _prices(partner) == [Decimal("40.00")]


def test_price_of_an_assigned_key_is_refused_to_change_by_the_database() -> None:
    partner, product = make_partner(), make_product(price="40.00")
    make_stock(product, 1)
    _order(partner, product, 1)
    with mar_scope(), pytest.raises(IntegrityError, match="keeps the price"), transaction.atomic():
        KeyAssignment.objects.filter(partner=partner).update(unit_price=Decimal(0))


@pytest.mark.parametrize("scope", ["mar", "partner"])
def test_nobody_writes_the_count_himself(scope: str) -> None:
    partner, product = make_partner(), make_product(price="40.00")
    make_stock(product, 1)
    _order(partner, product, 1)
    opened = mar_scope() if scope == "mar" else partner_scope(partner.pk)
    with opened:
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            PriceVolume.objects.update(quantity=9999)
        with (
            pytest.raises(DatabaseError, match="permission denied"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute("SELECT licensing_count_volume(l, 5) FROM licensing_orderline l")
