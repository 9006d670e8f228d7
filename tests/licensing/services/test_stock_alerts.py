"""Alarms of low stock: one a crossing, one mail a day, and each mail's proof; a dead mail server is noticed."""

from collections.abc import Callable
from datetime import timedelta
from smtplib import SMTPDataError, SMTPRecipientsRefused
from typing import Any

import pytest
from django.core import mail
from django.core.mail.backends.base import BaseEmailBackend
from django.db import IntegrityError, transaction

from core.actor import Actor
from core.models import AuditEvent, OutboxItem
from core.tenancy import mar_scope
from licensing.models import Product, ProductKey, StockAlert, StockAlertMail, StockThreshold
from licensing.rules.stock_alerts import UNDELIVERED_AFTER
from licensing.selectors.stock_alerts import alarms_by_product, undelivered_alerts
from licensing.services import stock_alerts
from licensing.services.stock_alerts import (
    MAIL_TASK,
    NewThreshold,
    ThresholdRefused,
    send_alert_mail,
    send_test_alarm,
    set_threshold,
    watch_stock,
)
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.pools import make_pool

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
DAY = timedelta(days=1)


class DeadServer(BaseEmailBackend):
    """A mail server that is away."""

    error: Callable[[], Exception] = ConnectionRefusedError

    def send_messages(self, email_messages: Any) -> int:
        raise type(self).error()


class RefusingServer(DeadServer):
    error = staticmethod(lambda: SMTPRecipientsRefused({"secret@example.test": (550, b"no such secret@")}))


class FullServer(DeadServer):
    error = staticmethod(lambda: SMTPDataError(452, b"mailbox of secret@ is full"))


@pytest.fixture
def product() -> Product:
    make_mar()
    product = make_product()
    make_stock(product, 10)
    return product


def wanted(**fields: Any) -> NewThreshold:
    return NewThreshold(
        **{
            "measure": "keys",
            "below": 5,
            "margin_percent": 20,
            "roles": ["mar_admin"],
            "people": [],
            **fields,
        }
    )


def leave_free(product: Product, count: int) -> None:
    ids = list(ProductKey.objects.filter(product=product).order_by("id").values_list("id", flat=True))
    ProductKey.objects.filter(id__in=ids[:count]).update(hold="none")
    ProductKey.objects.filter(id__in=ids[count:]).update(hold="reserved")


def send_all(at: Any) -> list[bool]:
    return [send_alert_mail(row.pk, at=at) for row in StockAlertMail.objects.filter(accepted_at__isnull=True)]


def test_crossing_raises_one_alarm_a_reminder_a_day_and_ends_above_the_margin(product: Product) -> None:
    make_member("mar_admin")
    make_member("mar_admin")
    seen = []
    with mar_scope():
        set_threshold(product.pk, wanted(), by=BY, at=AT)
        for free, at in (
            (5, AT), (4, AT), (4, AT + timedelta(hours=1)), (5, AT + DAY), (5, AT + DAY), (6, AT + 2 * DAY),
            (6, AT + 2 * DAY), (4, AT + 3 * DAY),
        ):  # fmt: skip
            leave_free(product, free)
            changed = watch_stock(by=BY, at=at)
            open_now = StockAlert.objects.filter(ended_at__isnull=True).count()
            seen.append((changed, open_now, StockAlertMail.objects.count()))
    assert seen == [
        (0, 0, 0), (1, 1, 2), (0, 1, 2), (1, 1, 4), (0, 1, 4), (1, 0, 4), (0, 0, 4), (1, 1, 6),
    ]  # fmt: skip


def test_mail_says_what_is_low_and_its_row_holds_the_servers_yes(product: Product) -> None:
    person = make_member("mar_admin", name="Marta")
    with mar_scope():
        set_threshold(product.pk, wanted(below=50), by=BY, at=AT)
        watch_stock(by=BY, at=AT)
        assert send_all(AT + timedelta(minutes=1)) == [True]
        assert send_all(AT + timedelta(minutes=2)) == []
        row = StockAlertMail.objects.get()
        assert (row.person, row.attempts, row.problem) == (person, 1, "")
        assert row.accepted_at == AT + timedelta(minutes=1)
        assert not undelivered_alerts(AT + DAY).exists()
        assert list(alarms_by_product(AT + DAY).values()) == [(1, 0)]
    [letter] = mail.outbox
    assert letter.to == [person.email]
    assert "50 free keys" in str(letter.body)
    assert row.receipt.startswith(letter.extra_headers["Message-ID"])


@pytest.mark.parametrize(
    ("server", "problem"),
    [
        (DeadServer, "ConnectionRefusedError"),
        (RefusingServer, "SMTPRecipientsRefused 550"),
        (FullServer, "SMTPDataError 452"),
    ],
)
def test_failing_mail_server_is_noted_tried_again_and_makes_the_guard_fire(
    product: Product, settings: Any, server: type, problem: str
) -> None:
    make_member("mar_admin")
    settings.EMAIL_BACKEND = f"{__name__}.{server.__name__}"
    with mar_scope():
        set_threshold(product.pk, wanted(below=50), by=BY, at=AT)
        watch_stock(by=BY, at=AT)
        queued = OutboxItem.objects.filter(task=MAIL_TASK).count()
        assert send_all(AT) == [False]
        row = StockAlertMail.objects.get()
        assert (row.problem, row.attempts, row.accepted_at, row.receipt) == (problem, 1, None, "")
        again = OutboxItem.objects.filter(task=MAIL_TASK).order_by("-due_at")
        assert (again.count(), again[0].due_at) == (queued + 1, AT + timedelta(minutes=1))
        young = AT + UNDELIVERED_AFTER - timedelta(seconds=1)
        assert not undelivered_alerts(young).exists()
        assert [alert.product for alert in undelivered_alerts(AT + UNDELIVERED_AFTER)] == [product]
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        assert send_all(AT + UNDELIVERED_AFTER) == [True]
        assert not undelivered_alerts(AT + UNDELIVERED_AFTER).exists()


def test_test_goes_the_same_road_and_its_failure_stands_until_a_mail_gets_through(
    product: Product, settings: Any
) -> None:
    by = actor_for(make_member("mar_admin"))
    settings.EMAIL_BACKEND = f"{__name__}.DeadServer"
    later = AT + UNDELIVERED_AFTER
    with mar_scope():
        set_threshold(product.pk, wanted(), by=by, at=AT)
        failed = send_test_alarm(product.pk, by=by, at=AT)
        send_all(AT)
        assert list(undelivered_alerts(later)) == [failed]
        assert not undelivered_alerts(AT + 8 * DAY).exists()
        settings.EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
        send_test_alarm(product.pk, by=by, at=later)
        send_alert_mail(StockAlertMail.objects.latest("pk").pk, at=later)
        assert not undelivered_alerts(later).exists()
        assert AuditEvent.objects.filter(action="licensing.stock.alarmed").count() == 2
        assert not StockAlert.objects.filter(ended_at__isnull=True).exists()
    assert [letter.subject for letter in mail.outbox] == [f"TEST: low stock of {product.name}"]


def test_reminder_that_fails_is_noticed_though_the_first_mail_arrived(
    product: Product, settings: Any
) -> None:
    make_member("mar_admin")
    with mar_scope():
        set_threshold(product.pk, wanted(below=50), by=BY, at=AT)
        watch_stock(by=BY, at=AT)
        send_all(AT)
        settings.EMAIL_BACKEND = f"{__name__}.DeadServer"
        watch_stock(by=BY, at=AT + DAY)
        send_all(AT + DAY)
        assert not undelivered_alerts(AT + DAY).exists()
        assert undelivered_alerts(AT + DAY + UNDELIVERED_AFTER).count() == 1


def test_alarm_whose_people_have_left_is_undelivered(product: Product) -> None:
    person = make_member("mar_admin")
    with mar_scope():
        set_threshold(product.pk, wanted(below=50), by=BY, at=AT)
    type(person).objects.filter(pk=person.pk).update(is_active=False)
    with mar_scope():
        watch_stock(by=BY, at=AT)
        assert undelivered_alerts(AT + UNDELIVERED_AFTER).count() == 1


@pytest.mark.parametrize("fault", ["no such role", "a partner's person"])
def test_threshold_that_tells_nobody_of_the_house_is_refused(product: Product, fault: str) -> None:
    make_member("mar_admin")
    foreign = make_member("tpr_owner", partner=make_partner())
    asked = wanted(roles=["mar_finance"]) if fault == "no such role" else wanted(people=[str(foreign.pk)])
    with mar_scope():
        with pytest.raises(ThresholdRefused) as refused:
            set_threshold(product.pk, asked, by=BY, at=AT)
        assert [refusal.rule for refusal in refused.value.refusals] == ["ALM-1"]
        with transaction.atomic():
            assert not AuditEvent.objects.filter(action="licensing.stock.threshold_set").exists()


def test_threshold_in_days_follows_the_forecast_and_an_unknown_one_changes_nothing(product: Product) -> None:
    make_member("mar_admin")
    with mar_scope():
        set_threshold(product.pk, wanted(measure="days", below=14), by=BY, at=AT)
        assert watch_stock(by=BY, at=AT) == 0
        leave_free(product, 0)
        assert watch_stock(by=BY, at=AT) == 1
        assert StockAlert.objects.get().value == 0


def test_threshold_switched_off_ends_its_alarm(product: Product) -> None:
    make_member("mar_admin")
    with mar_scope():
        set_threshold(product.pk, wanted(below=50), by=BY, at=AT)
        watch_stock(by=BY, at=AT)
        set_threshold(product.pk, wanted(below=50, is_on=False), by=BY, at=AT + DAY)
        assert StockAlert.objects.get().ended_at == AT + DAY
        assert watch_stock(by=BY, at=AT + DAY) == 0


def test_database_keeps_one_open_alarm_one_mail_a_day_and_its_receipt(product: Product) -> None:
    make_member("mar_admin")
    with mar_scope():
        set_threshold(product.pk, wanted(below=50), by=BY, at=AT)
        watch_stock(by=BY, at=AT)
        alert, row = StockAlert.objects.get(), StockAlertMail.objects.get()
        for name, act in (
            ("alert_once_a_crossing", lambda: StockAlert.objects.bulk_create([_copy(alert)])),
            ("alert_mail_once_a_day", lambda: StockAlertMail.objects.bulk_create([_copy(row)])),
            ("alert_mail_accepted_with_receipt", lambda: _change(row, accepted_at=AT)),
            ("alert_ends_later", lambda: _change(alert, ended_at=AT - DAY)),
            ("threshold_bounds", lambda: StockThreshold.objects.update(below=0)),
            ("threshold_tells_someone", lambda: StockThreshold.objects.update(roles=[], people=[])),
        ):
            with pytest.raises(IntegrityError, match=name), transaction.atomic():
                act()


def _copy(row: Any) -> Any:
    fields = {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}
    fields.pop("id")
    return type(row)(**fields)


def _change(row: Any, **fields: Any) -> int:
    return int(type(row).objects.filter(pk=row.pk).update(**fields))


def test_the_alarm_counts_what_everybody_may_order(product: Product) -> None:
    make_member("mar_admin")
    make_pool(product, make_partner(), keys=10, valid_from=AT + timedelta(days=60))
    with mar_scope():
        set_threshold(product.pk, wanted(), by=BY, at=AT)
        watch_stock(by=BY, at=AT)
        alert = StockAlert.objects.get(ended_at__isnull=True)
        assert (alert.value, alert.free) == (0, 0)


def test_a_threshold_switched_off_while_the_watch_waits_for_it_raises_no_alarm(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_member("mar_admin")
    real = stock_alerts.lock_threshold

    def lock(product_id: int) -> None:
        real(product_id)
        StockThreshold.objects.filter(pk=product_id).update(is_on=False)

    with mar_scope():
        set_threshold(product.pk, wanted(below=50), by=BY, at=AT)
        monkeypatch.setattr(stock_alerts, "lock_threshold", lock)
        assert watch_stock(by=BY, at=AT) == 0
        assert not StockAlert.objects.exists()
