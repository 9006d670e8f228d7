"""Ask every hour: which closed months lack a report? Never a monthly timetable.

Whoever asks, twice at once or after a week's pause, every closed month gets exactly one original.
"""

from datetime import datetime, timedelta
from uuid import UUID

from core.actor import Actor
from core.periods import Period
from partners.selectors.mar import mar_zone
from reporting.models import ReportState, UsageReport
from reporting.selectors.periods import closed_periods
from reporting.services.building import begin_report, queue_build
from reporting.services.issuing import queue_issue

BY = Actor.system("month's close")
# Long enough for the queue's own tries; a row younger than this is being worked on.
LOST_AFTER = timedelta(hours=1)


def reconcile_months(*, at: datetime) -> list[UUID]:
    """Begin the reports of all closed months that lack one, oldest first, and return their ids.

    Queues again what was begun and then lost. Runs in the MAR's scope.
    """
    known = set(UsageReport.objects.filter(revision=1).values_list("period", flat=True))
    missing = [period for period in closed_periods(at=at, zone=mar_zone()) if str(period) not in known]
    begun = [begin_report(period, by=BY, at=at) for period in missing]
    _queue_lost(at=at)
    return [report_id for report_id in begun if report_id is not None]


def begin_month(period: Period, *, by: Actor, at: datetime) -> UUID:
    """Return the month's original report, begun now when it was missing. Runs in the MAR's scope."""
    report_id = begin_report(period, by=by, at=at)
    return report_id or UsageReport.objects.get(period=str(period), revision=1).pk


def _queue_lost(*, at: datetime) -> None:
    waiting = UsageReport.objects.filter(requested_at__lt=at - LOST_AFTER)
    unbuilt = waiting.filter(state=ReportState.BUILDING, problem="").exclude(claimed_at__gt=at - LOST_AFTER)
    for report_id in unbuilt.values_list("pk", flat=True):
        queue_build(report_id, at=at)
    unissued = waiting.filter(state=ReportState.APPROVED, approved_at__lt=at - LOST_AFTER)
    for report_id in unissued.values_list("pk", flat=True):
        queue_issue(report_id, at=at)
