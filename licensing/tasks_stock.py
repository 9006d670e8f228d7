"""The background work of the forecast of stock and its alarms."""

from celery import shared_task
from django.utils import timezone

from core.outbox import WorkTask
from licensing.services import stock_use


@shared_task(name="licensing.count_stock_use", base=WorkTask)  # type: ignore[untyped-decorator]
def count_stock_use() -> int:
    """Count the use of the days that are over."""
    return stock_use.count_use(at=timezone.now())
