"""Background work of the site itself: only the demo has some."""

from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from core.outbox import WorkTask


class _OwnScope(WorkTask):
    scope = "own"


if settings.DEMO_ENABLED:
    from portal.demo import reports

    @shared_task(name=reports.TASK, base=_OwnScope)  # type: ignore[untyped-decorator]
    def close_old_months(**_kwargs: Any) -> int:
        """Take the demo's old months one step further."""
        return reports.close_old_months(at=timezone.now())
