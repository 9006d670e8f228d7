"""The background work of imports."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.outbox import WorkTask
from licensing.services import decoys, import_check, import_release


class _OwnScope(WorkTask):
    scope = "own"


@shared_task(name="licensing.validate_batch", base=_OwnScope)  # type: ignore[untyped-decorator]
def validate_batch(batch_id: str, **_kwargs: Any) -> None:
    """Check an upload; it shows its progress in transactions of its own."""
    import_check.validate_batch(UUID(batch_id), at=timezone.now())


@shared_task(name="licensing.release_batch", base=WorkTask)  # type: ignore[untyped-decorator]
def release_batch(batch_id: str, **_kwargs: Any) -> None:
    """Move a released batch into stock, in one transaction with its outbox row."""
    import_release.complete_release(UUID(batch_id), at=timezone.now())


@shared_task(name="licensing.sweep_imports", base=WorkTask)  # type: ignore[untyped-decorator]
def sweep_imports(**_kwargs: Any) -> int:
    """Send dropped imports again, and put aside the decoys that the stock was sold past."""
    now = timezone.now()
    decoys.retire_all_decoys(at=now)
    return import_release.sweep_imports(at=now)
