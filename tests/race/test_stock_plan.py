"""Two watches, two workers with one mail, two call-offs of one reference: each is done once."""

from datetime import date, timedelta

import pytest
from django.core import mail

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import CallOff, Product, StockAlert, StockAlertMail
from licensing.services import call_offs, stock_alerts
from licensing.services.call_offs import NewCallOff, mark_called_off
from licensing.services.stock_alerts import NewThreshold, send_alert_mail, set_threshold, watch_stock
from tests.factories import AT, make_mar, make_member, make_product, make_stock
from tests.race.at_once import at_once, reading_together

BY = Actor.system("test")


@pytest.fixture
def product(cloned_db: str) -> Product:
    make_mar()
    product = make_product()
    make_stock(product, 3)
    make_member("mar_admin")
    with mar_scope():
        set_threshold(product.pk, NewThreshold("keys", 50, 10, ["mar_admin"], []), by=BY, at=AT)
    return product


def watch() -> None:
    watch_stock(by=BY, at=AT)


def call_off(product: Product) -> None:
    expected: date = AT.date() + timedelta(days=5)
    mark_called_off(product.pk, NewCallOff("CO-1", 5, expected), by=BY, at=AT)


def nothing(*_arguments: object) -> None:
    """Stand in the place of a lock."""


def test_two_watches_at_once_raise_one_alarm(product: Product) -> None:
    assert at_once(watch, watch, scope=mar_scope) == ["done", "done"]
    with mar_scope():
        assert (StockAlert.objects.count(), StockAlertMail.objects.count()) == (1, 1)


def test_without_the_lock_the_database_alone_keeps_one_alarm(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stock_alerts, "lock_threshold", nothing)
    monkeypatch.setattr(stock_alerts, "open_crossing", reading_together(stock_alerts.open_crossing))
    assert at_once(watch, watch, scope=mar_scope) == ["IntegrityError", "done"]


def test_two_workers_with_one_mail_send_it_once(product: Product) -> None:
    with mar_scope():
        watch()
        row = StockAlertMail.objects.get()
    assert at_once(*[lambda: send_alert_mail(row.pk, at=AT)] * 2, scope=mar_scope) == ["done", "done"]
    assert len(mail.outbox) == 1


def test_without_the_lock_the_mail_leaves_twice(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    with mar_scope():
        watch()
        row = StockAlertMail.objects.get()

    def read(mail_id: int) -> StockAlertMail:
        return StockAlertMail.objects.select_related("person").get(pk=mail_id)

    monkeypatch.setattr(stock_alerts, "lock_alert_mail", reading_together(read))
    at_once(*[lambda: send_alert_mail(row.pk, at=AT)] * 2, scope=mar_scope)
    assert len(mail.outbox) == 2


def test_one_reference_is_called_off_once_and_the_second_hears_why(product: Product) -> None:
    acts = [lambda: call_off(product)] * 2
    assert at_once(*acts, scope=mar_scope) == ["CallOffRefused", "done"]
    with mar_scope():
        assert CallOff.objects.count() == 1


def test_without_the_lock_the_database_alone_keeps_the_reference_once(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(call_offs, "lock_call_offs", nothing)
    propose = call_offs.proposal_of
    together = reading_together(lambda product, at: propose(product, at=at))
    monkeypatch.setattr(call_offs, "proposal_of", lambda product, *, at: together(product, at))
    acts = [lambda: call_off(product)] * 2
    assert at_once(*acts, scope=mar_scope) == ["IntegrityError", "done"]
