"""Find reports, their files, and where the months stand."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Case, IntegerField, QuerySet, Value, When

from core.models import AuditEvent
from core.periods import Period
from reporting.models import ReportFile, ReportState, UsageReport
from reporting.selectors.periods import first_period, is_closed, last_closed_period

# Source: domain.md 4.2, default: the 10th calendar day after the month's end.
DUE_DAY = 10
FINISHED = (ReportState.SUBMITTED, ReportState.ACCEPTED)


@dataclass(frozen=True, slots=True)
class MonthCell:
    """One month of the year grid. ``code`` is a report's state, or open, ahead, missing, before."""

    period: Period
    code: str
    report: UsageReport | None = None


def all_reports() -> QuerySet[UsageReport]:
    """Return every revision, the newest month first."""
    return UsageReport.objects.select_related("previous", "reviewed_by", "approved_by").order_by(
        "-period", "-revision"
    )


def report_counts() -> dict[str, int]:
    """Return how many revisions stand in each state; one whose building found a problem counts as "problem"."""
    rows = UsageReport.objects.order_by().values_list("state", "problem")
    return dict(
        Counter("problem" if state == ReportState.BUILDING and problem else state for state, problem in rows)
    )


def newest_frozen(period: str) -> UsageReport | None:
    """Return the newest revision of a month ("YYYY-MM") whose lines are frozen, None before the first."""
    frozen = UsageReport.objects.filter(period=period, frozen_at__isnull=False)
    return frozen.order_by("-revision").first()


def find_report(report_id: UUID) -> UsageReport | None:
    """Return one report with its people and its neighbours."""
    return all_reports().select_related("correction").filter(pk=report_id).first()


def files_of(report: UsageReport) -> list[ReportFile]:
    """Return the report's files, final ones first, each set in reading order."""
    order = Case(
        *(When(kind=kind, then=Value(place)) for place, kind in enumerate(ReportFile.Kind.values)),
        output_field=IntegerField(),
    )
    return list(ReportFile.objects.filter(report=report).order_by("is_draft", order))


def find_file(report_id: UUID, file_id: UUID) -> ReportFile | None:
    """Return one file of a report."""
    return ReportFile.objects.filter(pk=file_id, report_id=report_id).first()


def history_of(report: UsageReport) -> list[AuditEvent]:
    """Return what happened to the report, newest first."""
    return list(
        AuditEvent.objects.filter(object_type="report", object_id=str(report.pk)).order_by("-id")[:100]
    )


def year_grid(*, at: datetime, zone: ZoneInfo) -> dict[int, list[MonthCell]]:
    """Return the months of every year since the first ledger row, newest year first."""
    latest = _latest_by_period()
    now, first = Period.containing(at, zone), first_period(zone)
    start = min(first or now, now)
    return {
        year: [_cell(Period(year, month), latest, start, at, zone) for month in range(1, 13)]
        for year in range(now.year, start.year - 1, -1)
    }


def _cell(
    period: Period, latest: dict[str, UsageReport], start: Period, at: datetime, zone: ZoneInfo
) -> MonthCell:
    report = latest.get(str(period))
    if report is not None:
        return MonthCell(period, report.state, report)
    if period < start:
        return MonthCell(period, "before")
    if period > Period.containing(at, zone):
        return MonthCell(period, "ahead")
    return MonthCell(period, "missing" if is_closed(period, at=at, zone=zone) else "open")


def due_on(period: Period) -> date:
    """Return the day by which a month's report is due."""
    return period.next().first_day + timedelta(days=DUE_DAY - 1)


@dataclass(frozen=True, slots=True)
class MonthToReport:
    """The month whose turn it is, its newest report, and how many closed months wait behind it."""

    period: Period
    report: UsageReport | None
    waiting: int


def month_to_report(*, at: datetime, zone: ZoneInfo) -> MonthToReport:
    """Return the oldest closed month whose report is not with Microsoft yet, else the last closed one."""
    last, latest = last_closed_period(at=at, zone=zone), _latest_by_period()
    open_months = sorted(month for month, report in latest.items() if report.state not in FINISHED)
    if open_months:
        first = open_months[0]
        return MonthToReport(Period.parse(first), latest[first], len(open_months) - 1)
    return MonthToReport(last, latest.get(str(last)), 0)


def _latest_by_period() -> dict[str, UsageReport]:
    latest: dict[str, UsageReport] = {}
    for report in all_reports():
        latest.setdefault(report.period, report)
    return latest
