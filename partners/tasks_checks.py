"""The background work of checks: begin them, ask one source, read a sanctions list."""

from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.outbox import WorkTask
from partners.services import checks, sanctions


class _OwnScope(WorkTask):
    scope = "own"


@shared_task(name="partners.run_checks", base=WorkTask)  # type: ignore[untyped-decorator]
def run_checks(application_id: str) -> int:
    """Begin the automatic checks of an application that was sent."""
    return len(checks.request_checks(UUID(application_id), at=timezone.now()))


@shared_task(name="partners.run_check", base=_OwnScope)  # type: ignore[untyped-decorator]
def run_check(check_id: str) -> bool:
    """Ask one source. It calls other machines, so it runs outside the task's transaction."""
    return checks.run_check(UUID(check_id), at=timezone.now()) is not None


@shared_task(name="partners.recheck_sanctions", base=WorkTask)  # type: ignore[untyped-decorator]
def recheck_sanctions() -> int:
    """Compare the undecided applications with the lists that are in force now."""
    return checks.recheck_sanctions(at=timezone.now())


@shared_task(name="partners.load_sanctions_list", base=WorkTask)  # type: ignore[untyped-decorator]
def load_sanctions_list(list_id: str) -> bool:
    """Read an uploaded sanctions list; the whole of it comes into force, or nothing."""
    return sanctions.load_list(UUID(list_id), at=timezone.now()) is not None
