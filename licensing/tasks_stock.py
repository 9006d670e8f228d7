"""The background work of the forecast of stock and its alarms."""

from celery import shared_task
from django.utils import timezone

from core.actor import Actor
from core.outbox import WorkTask
from licensing.services import stock_alerts, stock_use


@shared_task(name="licensing.count_stock_use", base=WorkTask)  # type: ignore[untyped-decorator]
def count_stock_use() -> int:
    """Count the use of the days that are over."""
    return stock_use.count_use(at=timezone.now())


@shared_task(name="licensing.watch_stock", base=WorkTask)  # type: ignore[untyped-decorator]
def watch_stock() -> int:
    """Hold the stock of now against every threshold."""
    return stock_alerts.watch_stock(by=Actor.system("stock watch"), at=timezone.now())


@shared_task(name=stock_alerts.MAIL_TASK, base=WorkTask)  # type: ignore[untyped-decorator]
def send_stock_alert(mail_id: int) -> bool:
    """Send one mail of an alarm and note what became of it."""
    return stock_alerts.send_alert_mail(mail_id, at=timezone.now())
