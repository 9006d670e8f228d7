"""Reporting's background work. Every task may run twice, at once or later, with one effect."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from core.actor import Actor
from core.outbox import WorkTask
from core.tenancy import mar_scope
from reporting.models import Checkpoint
from reporting.services import acceptance_papers, building, checkpoints, comparing, issuing, reconcile

WORKER = Actor.system("month's close")


class _OwnScope(WorkTask):
    scope = "own"


@shared_task(name="reporting.reconcile_months", base=_OwnScope)  # type: ignore[untyped-decorator]
def reconcile_months(**_kwargs: Any) -> int:
    """Begin the reports that closed months lack."""
    with mar_scope():
        return len(reconcile.reconcile_months(at=timezone.now()))


@shared_task(name=building.BUILD_TASK, base=_OwnScope)  # type: ignore[untyped-decorator]
def build_report(*, report_id: str, **_kwargs: Any) -> None:
    """Build one report."""
    building.build_usage_report(report_id=UUID(report_id), by=WORKER, at=timezone.now())


@shared_task(name=issuing.ISSUE_TASK, base=_OwnScope)  # type: ignore[untyped-decorator]
def issue_report(*, report_id: str, **_kwargs: Any) -> None:
    """Issue one approved report."""
    issuing.issue_report(report_id=UUID(report_id), by=WORKER, at=timezone.now())


@shared_task(name=comparing.COMPARE_TASK, base=_OwnScope)  # type: ignore[untyped-decorator]
def compare_report(*, report_id: str, label: str = "", **_kwargs: Any) -> None:
    """Recreate and compare one report's files."""
    by = Actor.system(label or WORKER.label)
    comparing.compare_report(report_id=UUID(report_id), by=by, at=timezone.now())


@shared_task(name="reporting.make_checkpoint", base=WorkTask)  # type: ignore[untyped-decorator]
def make_checkpoint(**_kwargs: Any) -> bool:
    """Sign the day's checkpoint, once a day, and compare the books."""
    return checkpoints.make_checkpoint(by=Actor.system("checkpoint"), at=timezone.now()) is not None


@shared_task(name=checkpoints.DELIVER_TASK, base=_OwnScope)  # type: ignore[untyped-decorator]
def deliver_checkpoint(*, delivery_id: int, **_kwargs: Any) -> None:
    """Carry one checkpoint out by one channel; the attempt is kept, and the queue tries again until it is out."""
    with mar_scope():
        is_out = checkpoints.deliver(delivery_id, at=timezone.now())
    if not is_out and checkpoints.is_waiting(delivery_id):
        raise checkpoints.NotDelivered(f"delivery {delivery_id}")


@shared_task(name=checkpoints.ALARM_TASK, base=WorkTask)  # type: ignore[untyped-decorator]
def alarm_books(*, checkpoint_id: int, **_kwargs: Any) -> int:
    """Tell compliance that the books differ."""
    return checkpoints.alarm_books(Checkpoint.objects.get(pk=checkpoint_id))


class _PartnerScope(WorkTask):
    scope = "partner"


@shared_task(name="reporting.make_acceptance_paper", base=_PartnerScope)  # type: ignore[untyped-decorator]
def make_acceptance_paper(*, partner_id: str, acceptance_id: str, **_kwargs: Any) -> None:
    """Make the paper of a fresh acceptance, so that it prints the names of its day."""
    acceptance_papers.acceptance_paper(
        UUID(acceptance_id), partner_id=UUID(partner_id), by=Actor.system("papers"), at=timezone.now()
    )
