"""The background work of the exchange with Microsoft."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from core.outbox import WorkTask
from licensing.services.exchange import run_exchange


class _OwnScope(WorkTask):
    scope = "own"


@shared_task(name="licensing.exchange_cbrs", base=_OwnScope)  # type: ignore[untyped-decorator]
def exchange_cbrs(**_kwargs: Any) -> int:
    """Do one round of the exchange; return how many reports were written and answers taken in."""
    done = run_exchange(at=timezone.now())
    return len(done.prepared) + len(done.answers)
