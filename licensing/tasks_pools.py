"""The background work of pools of stock."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from core.outbox import WorkTask
from licensing.services import pools


class _OwnScope(WorkTask):
    scope = "own"


@shared_task(name="licensing.tidy_pools", base=_OwnScope)  # type: ignore[untyped-decorator]
def tidy_pools(**_kwargs: Any) -> int:
    """End the pools whose day has come and empty those that ended."""
    return pools.tidy_pools(at=timezone.now())
