"""The monthly reports: the year, one report, its files."""

from typing import Any, cast
from uuid import UUID

from django.core.files.storage import default_storage
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from core import audit
from partners.selectors.mar import mar_zone
from portal.actors import actor_of
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table, status_filter
from portal.web.compliance.sentences import facts_in_words, sentence
from portal.web.compliance.words import VERDICTS, figure_stats, next_step, way_of
from reporting.models import ReportState, UsageReport
from reporting.selectors import reports as selectors
from reporting.services.documents import MEDIA_TYPES
from reporting.services.figures import report_figures
from reporting.services.states import CORRECTABLE

HOUSES = ("compliance", "mar")
WORKING = (ReportState.BUILDING, ReportState.APPROVED)


class ReportTable(Table):
    """Every revision of every month."""

    dom_id = "reports"
    caption = gettext_lazy("Monthly reports")
    columns = (
        Column("number", gettext_lazy("Report"), kind="mono", sort=("period", "revision"), primary=True),
        Column("revision", gettext_lazy("Revision"), kind="number", sort="revision"),
        Column("devices", gettext_lazy("Devices"), kind="number", accessor="device_rows", sort="device_rows"),
        Column("built", gettext_lazy("Built"), kind="datetime", accessor="built_at", sort="built_at"),
        Column("issued", gettext_lazy("Issued"), kind="datetime", accessor="issued_at", sort="issued_at"),
        Column("reviewer", gettext_lazy("Reviewed by"), accessor="reviewed_by.name"),
        Column("approver", gettext_lazy("Approved by"), accessor="approved_by.name"),
        Column("state", gettext_lazy("State"), kind="status", status="report", sort="state"),
    )
    filters = (status_filter("state", gettext_lazy("State"), "report"),)
    search = ("number",)
    search_label = gettext_lazy("Report number, or a month like 2026-10")
    order = "-number"
    empty = Empty(
        gettext_lazy("No report yet"),
        gettext_lazy("The first one is begun by itself one hour after the first month with a delivery ends."),
    )

    def row_url(self, row: UsageReport) -> str:
        """Return the report's page."""
        return reverse("compliance:report-detail", args=[row.pk])


@allow("report.view", houses=HOUSES)
@require_safe
def report_list(request: HttpRequest) -> HttpResponse:
    """Show the months of each year with their state, and every revision below."""
    table = ReportTable(request, selectors.all_reports())
    years = selectors.year_grid(at=timezone.now(), zone=mar_zone())
    months = [list(cells) for cells in zip(*years.values(), strict=True)]
    return render_table(
        request, "compliance/report_list.html", {"table": table, "years": list(years), "months": months}
    )


@allow("report.view", houses=HOUSES)
@require_safe
def report_detail(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Show one report: where it stands, what comes next, its figures, files and history."""
    report = _find(report_id)
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    files, figures = selectors.files_of(report), report_figures(report)
    correction = getattr(report, "correction", None)
    context = {
        "report": report,
        "correction": correction,
        "step": next_step(report, permissions) if correction is None else None,
        "way": way_of(report),
        "is_working": _is_working(report),
        "figures": figures,
        "stats": figure_stats(figures) if figures else [],
        "file_sets": _file_sets(files),
        "comparison": report.last_comparison,
        "compared_at": parse_datetime(report.last_comparison.get("at", "")),
        "verdicts": [(file, VERDICTS[file["verdict"]]) for file in report.last_comparison.get("files", [])],
        "may_compare": bool(files) and "report.view" in permissions,
        "may_correct": correction is None and report.state in CORRECTABLE and "report.correct" in permissions,
        "events": _events(report),
    }
    return render(request, "compliance/report_detail.html", context)


@allow("report.view", houses=HOUSES)
@require_safe
def progress(request: HttpRequest, report_id: UUID) -> HttpResponse:
    """Answer the page's question whether the work on a report is done; then the page is loaded anew."""
    report = _find(report_id)
    is_finished = not _is_working(report)
    response = render(
        request, "compliance/report_progress.html", {"report": report, "is_finished": is_finished}
    )
    if is_finished:
        response["HX-Refresh"] = "true"
    return response


@allow("report.view", houses=HOUSES)
@never_cache
@require_safe
def download(request: HttpRequest, report_id: UUID, file_id: UUID) -> HttpResponse:
    """Send a stored file as it was made, under its own name; every download is audited."""
    file = selectors.find_file(report_id, file_id)
    if file is None or not default_storage.exists(file.path):
        raise Http404
    audit.record(
        "reporting.file.downloaded",
        by=actor_of(request),
        at=timezone.now(),
        object_type="report",
        object_id=report_id,
        facts={"name": file.name, "sha256": file.sha256},
    )
    response = FileResponse(
        default_storage.open(file.path),
        as_attachment=True,
        filename=file.name,
        content_type=MEDIA_TYPES[file.kind],
    )
    return cast(HttpResponse, response)


def _find(report_id: UUID) -> UsageReport:
    report = selectors.find_report(report_id)
    if report is None:
        raise Http404
    return report


def _is_working(report: UsageReport) -> bool:
    is_being_made = report.state in WORKING and not report.problem
    return is_being_made or "requested_at" in report.last_comparison


def _file_sets(files: list[Any]) -> list[tuple[str, list[Any]]]:
    final = [file for file in files if not file.is_draft]
    drafts = [file for file in files if file.is_draft]
    return [
        (label, found) for label, found in ((_("Issued files"), final), (_("Draft files"), drafts)) if found
    ]


def _events(report: UsageReport) -> list[dict[str, Any]]:
    return [
        {
            "at": event.at,
            "text": capfirst(sentence(event)),
            "actor": event.actor_label,
            "detail": facts_in_words(event),
            "is_system": event.action == "reporting.file.downloaded",
        }
        for event in selectors.history_of(report)
    ]
