"""The use of each day is counted from the ledger, and the forecast reads it."""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from core.tenancy import mar_scope
from licensing.models import DailyUse, LedgerEntry, ProductKey
from licensing.rules.forecast import Answer
from licensing.selectors.stock_forecast import forecast_of, product_forecasts
from licensing.selectors.stock_use import histories
from licensing.services.stock_use import count_use
from tests.factories import AT, make_mar, make_product, make_stock

pytestmark = pytest.mark.django_db
ZONE = ZoneInfo("Europe/Berlin")
TODAY = AT.astimezone(ZONE).date()


def step(key: ProductKey, before: int, after: int, at: datetime, hold: str = "none") -> None:
    LedgerEntry.objects.create(
        key=key, product_id=key.product_id, from_state=before, to_state=after, hold=hold, reason="order.placed",
        actor_kind="system", actor_id="system", actor_label="test", recorded_at=at,
    )  # fmt: skip


def noon(days_ago: int) -> datetime:
    return datetime(TODAY.year, TODAY.month, TODAY.day, 12, tzinfo=ZONE) - timedelta(days=days_ago)


def use(per_day: int, *, days: int = 30) -> ProductKey:
    make_mar()
    keys = make_stock(make_product(), per_day + 1, at=noon(days))
    with mar_scope():
        for ago in range(1, days + 1):
            for key in keys[:per_day]:
                step(key, 1, 11, noon(ago))
    return keys[0]


def test_day_counts_what_was_assigned_and_what_came_back() -> None:
    key = use(2, days=3)
    with mar_scope():
        step(key, 11, 1, noon(1))
        step(key, 11, 1, noon(2), hold="quarantined")  # its delivery was stopped
        step(key, 12, 1, noon(1), hold="quarantined")
        step(key, 1, 11, noon(0))  # today is not over
        assert count_use(at=AT) > 0
        rows = DailyUse.objects.filter(product=key.product, on__gte=TODAY - timedelta(days=3))
        assert [(row.on, row.taken, row.put_back) for row in rows] == [
            (TODAY - timedelta(days=3), 2, 0),
            (TODAY - timedelta(days=2), 2, 1),
            (TODAY - timedelta(days=1), 2, 1),
        ]


def test_day_ends_at_midnight_of_the_mars_zone() -> None:
    key = use(1, days=1)
    with mar_scope():
        step(key, 1, 11, datetime(TODAY.year, TODAY.month, TODAY.day, 0, 0, tzinfo=ZONE))
        step(
            key, 1, 11, datetime(TODAY.year, TODAY.month, TODAY.day, 0, 0, tzinfo=ZONE) - timedelta(seconds=1)
        )
        count_use(at=AT)
        assert DailyUse.objects.get(product=key.product, on=TODAY - timedelta(days=1)).taken == 2


def test_counting_again_changes_nothing_and_a_missed_day_is_read_from_the_ledger() -> None:
    key = use(2)
    with mar_scope():
        before = histories(TODAY, ZONE)
        count_use(at=AT - timedelta(days=5))
        halfway = histories(TODAY, ZONE)
        count_use(at=AT)
        rows = DailyUse.objects.count()
        count_use(at=AT)
        assert DailyUse.objects.count() == rows
        assert before == halfway == histories(TODAY, ZONE) == {key.product_id: [2] * 30}


def test_forecast_stands_on_stock_and_use_of_the_product() -> None:
    key = use(1)
    other = make_product()
    with mar_scope():
        count_use(at=AT)
        found = forecast_of(key.product, at=AT)
        assert (found.answer, found.stock, found.likely_on) == (Answer.DATED, 2, TODAY + timedelta(days=1))
        assert [one.product for one in product_forecasts(at=AT)] == [key.product]
        assert forecast_of(other, at=AT).answer == Answer.DRY


@pytest.mark.parametrize("products", [1, 3])
def test_forecasts_need_the_same_queries_for_one_product_and_for_three(products: int) -> None:
    make_mar()
    for _ in range(products):
        make_stock(make_product(), 2)
    with mar_scope(), CaptureQueriesContext(connection) as queries:
        assert len(product_forecasts(at=AT)) == products
    assert len(queries) == 9


def test_a_day_is_counted_once() -> None:
    key = use(1, days=2)
    with mar_scope():
        count_use(at=AT)
        with pytest.raises(IntegrityError, match="use_once_a_day"), transaction.atomic():
            DailyUse.objects.filter(product=key.product).update(on=date(2020, 1, 1))
