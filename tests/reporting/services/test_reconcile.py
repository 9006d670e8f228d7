"""Every closed month gets exactly one original report, whoever asks, however often, however late."""

import threading
from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection

from core.models import OutboxItem
from core.tenancy import mar_scope
from licensing.models import LedgerEntry
from reporting.models import UsageReport
from reporting.services.reconcile import reconcile_months
from tests.factories import make_mar, make_product, make_stock


def _months() -> list[str]:
    return list(UsageReport.objects.order_by("period").values_list("period", flat=True))


def _ask(at: datetime) -> int:
    with mar_scope():
        return len(reconcile_months(at=at))


@pytest.mark.django_db
def test_nothing_is_asked_of_an_empty_ledger() -> None:
    make_mar()
    assert _ask(datetime(2026, 11, 1, 12, tzinfo=UTC)) == 0


@pytest.mark.django_db
def test_month_is_begun_one_hour_after_its_end_in_the_mars_zone_and_not_before() -> None:
    make_mar(time_zone="Europe/Berlin")
    make_stock(make_product(), 1, at=datetime(2026, 10, 5, tzinfo=UTC))
    assert _ask(datetime(2026, 10, 31, 23, 59, 59, tzinfo=UTC)) == 0
    assert _ask(datetime(2026, 11, 1, 0, 0, tzinfo=UTC)) == 1
    with mar_scope():
        assert _months() == ["2026-10"]


@pytest.mark.django_db
def test_after_a_long_pause_every_missing_month_comes_oldest_first() -> None:
    make_mar()
    make_stock(make_product(), 1, at=datetime(2026, 7, 5, tzinfo=UTC))
    assert _ask(datetime(2026, 10, 10, tzinfo=UTC)) == 3
    with mar_scope():
        begun = list(UsageReport.objects.order_by("period").values_list("period", "revision", "state"))
    assert begun == [(f"2026-0{month}", 1, "building") for month in (7, 8, 9)]


@pytest.mark.django_db
def test_asking_again_adds_nothing() -> None:
    make_mar()
    make_stock(make_product(), 1, at=datetime(2026, 9, 5, tzinfo=UTC))
    at = datetime(2026, 11, 9, tzinfo=UTC)
    assert [_ask(at), _ask(at), _ask(at + timedelta(minutes=30))] == [2, 0, 0]
    with mar_scope():
        assert OutboxItem.objects.filter(task="reporting.build_report").count() == 2


@pytest.mark.django_db
def test_report_whose_work_was_lost_is_queued_again() -> None:
    make_mar()
    make_stock(make_product(), 1, at=datetime(2026, 10, 5, tzinfo=UTC))
    at = datetime(2026, 11, 9, tzinfo=UTC)
    _ask(at)
    _ask(at + timedelta(hours=2))
    with mar_scope():
        assert OutboxItem.objects.filter(task="reporting.build_report").count() == 2
        assert len(_months()) == 1


@pytest.mark.django_db
def test_event_at_the_very_end_of_a_month_belongs_to_the_next_one() -> None:
    make_mar(time_zone="Europe/Berlin")
    product = make_product()
    make_stock(product, 1, at=datetime(2026, 10, 31, 23, 0, tzinfo=UTC))  # midnight in Berlin
    assert _ask(datetime(2026, 11, 15, tzinfo=UTC)) == 0
    make_stock(product, 1, at=datetime(2026, 10, 31, 22, 59, 59, 999999, tzinfo=UTC))
    assert _ask(datetime(2026, 11, 15, tzinfo=UTC)) == 1


def test_two_askers_at_once_begin_each_month_once(cloned_db: str) -> None:
    make_mar()
    make_stock(make_product(), 1, at=datetime(2026, 3, 5, tzinfo=UTC))
    at, start, begun = datetime(2026, 11, 9, tzinfo=UTC), threading.Barrier(6), []

    def work() -> None:
        try:
            start.wait()
            begun.append(_ask(at))
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(begun) == 8
    with mar_scope():
        assert len(_months()) == 8
        assert OutboxItem.objects.filter(task="reporting.build_report").count() == 8
        assert LedgerEntry.objects.count() == 1
