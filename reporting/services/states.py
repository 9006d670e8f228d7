"""The one table of a report's life: every pair of states that may follow each other.

A report is superseded when its correction is issued. Source: decisions of the programme on report
states; docs/how-to/close-a-month.md.
"""

from django.utils.translation import gettext as _

from core.errors import DomainError, refuse
from reporting.models import ReportState, UsageReport

TRANSITIONS: frozenset[tuple[ReportState, ReportState]] = frozenset(
    {
        (ReportState.BUILDING, ReportState.DRAFT),
        (ReportState.DRAFT, ReportState.REVIEWED),
        (ReportState.REVIEWED, ReportState.APPROVED),
        (ReportState.APPROVED, ReportState.ISSUED),
        (ReportState.ISSUED, ReportState.SUBMITTED),
        (ReportState.SUBMITTED, ReportState.ACCEPTED),
        (ReportState.SUBMITTED, ReportState.REJECTED),
        (ReportState.DRAFT, ReportState.SUPERSEDED),
        (ReportState.REVIEWED, ReportState.SUPERSEDED),
        (ReportState.ISSUED, ReportState.SUPERSEDED),
        (ReportState.SUBMITTED, ReportState.SUPERSEDED),
        (ReportState.ACCEPTED, ReportState.SUPERSEDED),
        (ReportState.REJECTED, ReportState.SUPERSEDED),
    }
)

# A correction may begin wherever its report may later be superseded.
CORRECTABLE: frozenset[ReportState] = frozenset(
    before for before, after in TRANSITIONS if after is ReportState.SUPERSEDED
)


class ReportCannotMove(DomainError):
    """The report is not in a state that allows the step."""


def may_follow(before: str, after: str) -> bool:
    """Return whether a report may go from one state to the other."""
    return (before, after) in TRANSITIONS


def require_step(report: UsageReport, after: ReportState) -> None:
    """Let a report pass that may go to the state.

    :raises ReportCannotMove: it may not.
    """
    if may_follow(report.state, after):
        return
    raise ReportCannotMove(
        refuse(
            "report_cannot_move",
            _("The report is not at the point where this can be done."),
            rule="REPORT-STATES",
            facts={
                _("Report"): report.number,
                _("State now"): ReportState(report.state).label,
                _("State asked for"): after.label,
            },
            next_step=_("Open the report again: it shows where it stands and what comes next."),
        )
    )
