"""Words of the month's close: exceptions, the way of a report, and whose turn it is."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from portal import formatting
from reporting.models import ReportState, UsageReport
from reporting.services import comparing
from reporting.services.figures import ReportFigures

Text = str | Promise

EXCEPTION_TITLES: dict[str, Text] = {
    "denied_sold": gettext_lazy("Denied, but sold"),
    "duplicates": gettext_lazy("Duplicates"),
    "unreported_7": gettext_lazy("Unreported for more than 7 days"),
    "unreported_30": gettext_lazy("Unreported for more than 30 days"),
    "unreported_60": gettext_lazy("Unreported for more than 60 days"),
}
EXCEPTION_TEXTS: dict[str, Text] = {
    "denied_sold": gettext_lazy("Microsoft refused the key, and the PC was sold all the same."),
    "duplicates": gettext_lazy("Microsoft knows the key from another PC (answers 01 and 07)."),
    "unreported_7": gettext_lazy("Handed over without a build report. Remind the partner."),
    "unreported_30": gettext_lazy("New orders of the partner should be blocked."),
    "unreported_60": gettext_lazy("The key should be recalled or returned."),
}


@dataclass(frozen=True, slots=True)
class NextStep:
    """What comes next with a report. ``url`` is empty for a person whose turn it is not."""

    text: Text
    label: Text = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class _Turn:
    text: Text
    permission: str = ""
    label: Text = ""
    url_name: str = ""


_TURNS: dict[str, _Turn] = {
    ReportState.BUILDING: _Turn(gettext_lazy("The portal is building the report. Nothing to do.")),
    ReportState.DRAFT: _Turn(
        gettext_lazy("Compliance reviews the draft."), "report.review", gettext_lazy("Review"), "report-review"
    ),
    ReportState.REVIEWED: _Turn(
        gettext_lazy("A MAR approver, another person than the reviewer, approves it."),
        "report.approve", gettext_lazy("Approve"), "report-approve",
    ),
    ReportState.APPROVED: _Turn(gettext_lazy("The portal is making the final files. Nothing to do.")),
    ReportState.ISSUED: _Turn(
        gettext_lazy("Compliance sends the report to Microsoft and records it here."),
        "report.submit", gettext_lazy("Record that it was sent"), "report-submit",
    ),
    ReportState.SUBMITTED: _Turn(
        gettext_lazy("Microsoft's answer is recorded when it comes."),
        "report.submit", gettext_lazy("Record the answer"), "report-answer",
    ),
    ReportState.ACCEPTED: _Turn(gettext_lazy("Microsoft accepted the report. The month is done.")),
    ReportState.REJECTED: _Turn(
        gettext_lazy("Microsoft rejected the report. A correction is needed."),
        "report.correct", gettext_lazy("Begin a correction"), "report-correct",
    ),
    ReportState.SUPERSEDED: _Turn(gettext_lazy("A later revision stands in its place.")),
}  # fmt: skip


def next_step(report: UsageReport | None, permissions: Collection[str]) -> NextStep:
    """Return what comes next, with the way there for a person who may take it."""
    if report is None:
        return NextStep(_("The portal begins the report by itself within the hour."))
    if report.problem and report.state == ReportState.BUILDING:
        turn = _Turn(_("The report could not be built."), "report.build", _("Build it again"), "report-build")
    else:
        turn = _TURNS[report.state]
    if turn.permission and turn.permission in permissions:
        return NextStep(turn.text, turn.label, reverse(f"compliance:{turn.url_name}", args=[report.pk]))
    return NextStep(turn.text)


_WAY: tuple[tuple[str, Text, str], ...] = (
    (ReportState.DRAFT, gettext_lazy("Built"), "built_at"),
    (ReportState.REVIEWED, gettext_lazy("Reviewed"), "reviewed_at"),
    (ReportState.APPROVED, gettext_lazy("Approved"), "approved_at"),
    (ReportState.ISSUED, gettext_lazy("Issued"), "issued_at"),
    (ReportState.SUBMITTED, gettext_lazy("Sent to Microsoft"), "submitted_at"),
    (ReportState.ACCEPTED, gettext_lazy("Answered"), "answered_at"),
)


def way_of(report: UsageReport) -> list[dict[str, Any]]:
    """Return the steps of a report's way, done ones with their people and times."""
    people = {"reviewed_at": report.reviewed_by, "approved_at": report.approved_by}
    steps: list[dict[str, Any]] = []
    is_next = report.state != ReportState.SUPERSEDED
    for state, label, field in _WAY:
        happened_at = getattr(report, field)
        step = {"label": label, "state": "todo", "at": happened_at, "by": people.get(field)}
        if happened_at:
            step["state"] = "done"
        elif is_next:
            step["state"], is_next = "current", False
        if state == ReportState.ACCEPTED and report.state == ReportState.REJECTED:
            step["label"] = _("Rejected")
        steps.append(step)
    return steps


VERDICTS: dict[str, Text] = {
    comparing.EQUAL: gettext_lazy("Equal to the stored file, byte for byte"),
    comparing.RENDERER_CHANGED: gettext_lazy(
        "Not comparable: a library or font has changed since. The stored file is intact"
    ),
    comparing.DIFFERENT: gettext_lazy("Different from the stored file"),
    comparing.DAMAGED: gettext_lazy("The stored file is gone or has been changed"),
}


def figure_stats(figures: ReportFigures) -> list[dict[str, Any]]:
    """Return the key figures of a report as the page shows them; all are keys but the partners."""
    unreported = figures.counts.get("unreported", 0)
    stats = [
        (_("Received"), figures.total("received"), "", ""),
        (_("Assigned"), figures.total("assigned"), "", ""),
        (_("Reported to Microsoft"), figures.total("cbr_sent"), "", ""),
        (_("Enabled"), figures.total("enabled"), "", ""),
        (_("Denied"), figures.total("denied"), "", "warning" if figures.total("denied") else ""),
        (_("Unreported over 7 days"), unreported, _("at the month's end"), "warning" if unreported else ""),
        (_("Late answers"), figures.counts.get("adjustment", 0), _("to reports of earlier months"), ""),
        (_("Returned"), figures.total("returned"), "", ""),
        (_("Free stock"), figures.total("closing"), _("at the month's end"), ""),
        (_("Partners"), len(figures.partners), _("with a step in the month"), ""),
    ]
    return [
        {"label": label, "value": formatting.number(value), "hint": hint, "tone": tone}
        for label, value, hint, tone in stats
    ]
