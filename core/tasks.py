"""The core's background work."""

from typing import Any

from celery import shared_task
from django.utils import timezone

from core.outbox import WorkTask, relay_due
from core.services.seal import seal_stream, streams
from core.tenancy import mar_scope


class _OwnScope(WorkTask):
    scope = "own"


@shared_task(name="core.relay_outbox", base=_OwnScope)  # type: ignore[untyped-decorator]
def relay_outbox(**_kwargs: Any) -> int:
    """Send dropped work again."""
    return relay_due()


@shared_task(name="core.seal_chains", base=_OwnScope)  # type: ignore[untyped-decorator]
def seal_chains(**_kwargs: Any) -> int:
    """Seal what was committed in every stream since the last round."""
    sealed = 0
    for stream in streams():
        with mar_scope():
            sealed += seal_stream(stream, at=timezone.now())
    return sealed
