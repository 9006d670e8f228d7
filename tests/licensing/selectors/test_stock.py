"""Stock by product adds up, whatever happened to the keys."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.tenancy import mar_scope
from licensing.models import Fulfilment, ProductKey
from licensing.rules.key_states import KeyState
from licensing.selectors.stock import GROUPS, imports, part_numbers_on_sale, stock_lines, stock_total
from tests.factories import AT, make_product, make_stock

pytestmark = pytest.mark.django_db


def test_every_state_stands_in_one_group() -> None:
    assert set(GROUPS) == set(KeyState)


def test_line_counts_keys_by_place_and_balances_with_what_was_received() -> None:
    product, empty = make_product(name="A"), make_product(name="B")
    keys = make_stock(product, 5)
    with mar_scope():
        ProductKey.objects.filter(id=keys[0].id).update(hold="quarantined")
        ProductKey.objects.filter(id=keys[1].id).update(state=8, previous_state=1)
        first, second = stock_lines()
    assert (first.product, first.received, first.free, first.held, first.returned) == (product, 5, 3, 1, 1)
    assert (first.accounted, first.is_balanced) == (5, True)
    assert (second.product, second.received, second.accounted, second.is_balanced) == (empty, 0, 0, True)


def test_a_missing_key_shows_as_a_sum_that_does_not_add_up() -> None:
    product = make_product()
    make_stock(product, 2)
    with mar_scope():
        Fulfilment.objects.filter(product=product).update(quantity=3)
        lines = stock_lines()
    assert [(line.received, line.accounted, line.is_balanced) for line in lines] == [(3, 2, False)]
    assert stock_total(lines).is_balanced is False


@pytest.mark.parametrize("products", [1, 3])
def test_stock_and_imports_need_the_same_queries_for_one_row_and_for_three(products: int) -> None:
    for _ in range(products):
        make_stock(make_product(), 2)
    with (
        mar_scope(),
        CaptureQueriesContext(
            connection,
        ) as queries,
    ):
        assert stock_total(stock_lines()).received == 2 * products
        assert (
            len(
                [(batch.uploaded_by.name, batch.released_by.name) for batch in imports() if batch.released_by]
            )
            == products
        )
    assert len(queries) == 4


def test_part_numbers_on_sale_leave_out_what_is_no_longer_sold() -> None:
    kept = make_product(code="A")
    make_product(code="B", order_before=AT)
    assert part_numbers_on_sale(at=AT) == [kept.lpn]
