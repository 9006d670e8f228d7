"""Begin a month's report and build it: claim, freeze, make the files, hand it over as a draft.

Every step may be killed and run again: the lines are frozen once, the files come out the same.
"""

from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import connection
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError
from core.periods import Period
from core.queue import enqueue
from core.tenancy import mar_scope
from reporting.locks import lock_report
from reporting.models import ReportFile, ReportState, UsageReport
from reporting.rules.numbering import report_number
from reporting.services.documents import make_documents, store_documents
from reporting.services.freezing import freeze_report
from reporting.services.states import require_step

BUILD_TASK = "reporting.build_report"
QUEUE = "documents"
# A task is stopped after ten minutes, so a claim that old belongs to a worker that is gone.
CLAIM_HOLDS = timedelta(minutes=15)


class ReportBusy(Exception):
    """Another worker holds the report's claim; the work is tried again later."""


def begin_report(period: Period, *, by: Actor, at: datetime) -> UUID | None:
    """Add the month's original report and queue its building; None when the month has one already.

    Runs in the MAR's scope. Safe against a rival that does the same at the same moment.
    """
    report_id = uuid4()
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO reporting_usagereport (id, number, period, revision, correction_reason,
              state, problem, header, device_rows, requested_at, requested_by, review_note,
              microsoft_reference, last_comparison)
            VALUES (%s, %s, %s, 1, '', %s, '', '{}', 0, %s, %s, '', '', '{}') ON CONFLICT DO NOTHING""",
            [report_id, report_number(str(period), 1), str(period), ReportState.BUILDING, at, by.label[:200]],
        )
        if cursor.rowcount == 0:
            return None
    audit.record(
        "reporting.report.begun", by=by, at=at, object_type="report", object_id=report_id,
        facts={"number": report_number(str(period), 1)},
    )  # fmt: skip
    queue_build(report_id, at=at)
    return report_id


def queue_build(report_id: UUID, *, at: datetime) -> None:
    """Have the report built after this transaction; queued twice it is still built once."""
    enqueue(BUILD_TASK, at=at, queue=QUEUE, report_id=report_id)


def build_again(*, report_id: UUID, by: Actor, at: datetime) -> None:
    """Queue a report whose building found a problem. Runs in the MAR's scope.

    :raises ReportCannotMove: it is built already.
    :raises NotFound: there is no such report.
    """
    report = lock_report(report_id)
    require_step(report, ReportState.DRAFT)
    report.problem, report.claimed_at = "", None
    report.save(update_fields=["problem", "claimed_at"])
    audit.record(
        "reporting.report.queued_again", by=by, at=at, object_type="report", object_id=report_id,
        facts={"number": report.number},
    )  # fmt: skip
    queue_build(report_id, at=at)


def build_usage_report(*, report_id: UUID, by: Actor, at: datetime) -> None:
    """Freeze the report's lines and make its draft files, in transactions of its own.

    What the figures themselves forbid is noted on the report in words and not tried again by itself.

    :raises ReportBusy: another worker is at it.
    """
    if not _claim(report_id, at=at):
        return
    try:
        freeze_report(report_id, by=by, at=at)
        with make_documents(report_id, is_draft=True) as made:
            files = store_documents(made, report_id, is_draft=True, at=at)
        _become_draft(report_id, files, by=by, at=at)
    except DomainError as error:
        _note_problem(report_id, error, by=by, at=at)
    except BaseException as error:
        _give_back(report_id, error)
        raise


def _claim(report_id: UUID, *, at: datetime) -> bool:
    """Take the report for this worker; False when it needs no building any more.

    :raises ReportBusy: another worker has it.
    """
    with mar_scope(), connection.cursor() as cursor:
        cursor.execute(
            """UPDATE reporting_usagereport SET claimed_at = %s WHERE id = %s AND state = %s
            AND (claimed_at IS NULL OR claimed_at < %s)""",
            [at, report_id, ReportState.BUILDING, at - CLAIM_HOLDS],
        )
        if cursor.rowcount:
            return True
        if UsageReport.objects.filter(pk=report_id, state=ReportState.BUILDING).exists():
            raise ReportBusy(str(report_id))
    return False


def _become_draft(report_id: UUID, files: list[ReportFile], *, by: Actor, at: datetime) -> None:
    with mar_scope():
        report = lock_report(report_id)
        if report.state != ReportState.BUILDING:
            return
        ReportFile.objects.bulk_create(files, ignore_conflicts=True)
        report.state, report.built_at, report.problem = ReportState.DRAFT, at, ""
        report.save(update_fields=["state", "built_at", "problem"])
        audit.record(
            "reporting.report.built", by=by, at=at, object_type="report", object_id=report_id,
            facts={"number": report.number, "files": {file.name: file.sha256 for file in files}},
        )  # fmt: skip


def _note_problem(report_id: UUID, error: DomainError, *, by: Actor, at: datetime) -> None:
    words = [
        f"{refusal.what} {'; '.join(map(str, refusal.facts.values()))}. {refusal.next_step}".strip()
        for refusal in error.refusals
    ]
    with mar_scope():
        report = lock_report(report_id)
        report.problem, report.claimed_at = "\n".join(words) or str(error), None
        report.save(update_fields=["problem", "claimed_at"])
        audit.record(
            "reporting.report.not_built", by=by, at=at, object_type="report", object_id=report_id,
            facts={"number": report.number, "code": error.code, "problem": report.problem[:2000]},
        )  # fmt: skip


def _give_back(report_id: UUID, error: BaseException) -> None:
    """Let the next try begin at once, and say on the page what went wrong."""
    words = _("The files could not be made (%(error)s). The portal tries again by itself.")
    with mar_scope():
        UsageReport.objects.filter(pk=report_id, state=ReportState.BUILDING).update(
            claimed_at=None, problem=words % {"error": type(error).__name__}
        )
