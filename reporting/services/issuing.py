"""Issue an approved report: its final files, with both names and without the word DRAFT."""

from datetime import datetime
from uuid import UUID

from core import audit
from core.actor import Actor
from core.queue import enqueue
from core.tenancy import mar_scope
from reporting.locks import lock_report_and_previous
from reporting.models import ReportFile, ReportState, UsageReport
from reporting.services.documents import make_documents, store_documents
from reporting.services.states import require_step

ISSUE_TASK = "reporting.issue_report"


def queue_issue(report_id: UUID, *, at: datetime) -> None:
    """Have the final files made after this transaction; queued twice they are still made once."""
    enqueue(ISSUE_TASK, at=at, queue="documents", report_id=report_id)


def issue_report(*, report_id: UUID, by: Actor, at: datetime) -> None:
    """Make and store the final files of an approved report, in transactions of its own.

    The report that it corrects is superseded in the same transaction. Run again it changes nothing.
    """
    with mar_scope():
        if not UsageReport.objects.filter(pk=report_id, state=ReportState.APPROVED).exists():
            return
    with make_documents(report_id, is_draft=False) as made:
        files = store_documents(made, report_id, is_draft=False, at=at)
    with mar_scope():
        report, previous = lock_report_and_previous(report_id)
        if report.state != ReportState.APPROVED:
            return
        ReportFile.objects.bulk_create(files, ignore_conflicts=True)
        report.state, report.issued_at = ReportState.ISSUED, at
        report.save(update_fields=["state", "issued_at"])
        audit.record(
            "reporting.report.issued", by=by, at=at, object_type="report", object_id=report_id,
            facts={"number": report.number, "files": {file.name: file.sha256 for file in files}},
        )  # fmt: skip
        if previous is not None:
            _supersede(previous, report, by=by, at=at)


def _supersede(previous: UsageReport, report: UsageReport, *, by: Actor, at: datetime) -> None:
    require_step(previous, ReportState.SUPERSEDED)
    previous.state = ReportState.SUPERSEDED
    previous.save(update_fields=["state"])
    audit.record(
        "reporting.report.superseded", by=by, at=at, object_type="report", object_id=previous.pk,
        facts={"number": previous.number, "by_number": report.number},
    )  # fmt: skip
