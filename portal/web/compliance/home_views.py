"""Can I close this month? What stands in the way, and the keys behind each number."""

from datetime import date, datetime, timedelta
from typing import Any

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from core.periods import Period
from licensing.models import ProductKey
from partners.selectors.mar import mar_zone
from portal import formatting
from portal.policy import allow
from portal.tables import Column, Empty, Table, TextFilter, render_table
from portal.web.compliance.words import EXCEPTION_TEXTS, EXCEPTION_TITLES, next_step
from reporting.models import UsageReport
from reporting.selectors.chains import chain_end
from reporting.selectors.exceptions import KINDS, ExceptionCounts, exception_counts, keys_with_exception
from reporting.selectors.reports import FINISHED, due_on, month_to_report

HOUSES = ("compliance", "mar")
SEAL_LATE = timedelta(minutes=10)


@allow("compliance.home", houses=HOUSES)
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    """Show the month to report, what is open in it, and when the running one ends."""
    at, zone = timezone.now(), mar_zone()
    month = month_to_report(at=at, zone=zone)
    period, report = month.period, month.report
    running = Period.containing(at, zone)
    counts = exception_counts(at=at)
    context = {
        "period": period,
        "report": report,
        "waiting": month.waiting,
        "due": _due_stat(period, report, today=at.astimezone(zone).date()),
        "step": next_step(report, getattr(request, "permissions", frozenset())),
        "running": running,
        "running_ends_at": running.ends_before(zone),
        "running_days": _days_until(running.ends_before(zone), at),
        "counts": counts,
        "tasks": _tasks(counts, report),
        "chains": [(label, chain_end(stream)) for stream, label in _chains()],
        "seal_late_before": at - SEAL_LATE,
    }
    return render(request, "compliance/home.html", context)


def _due_stat(period: Period, report: UsageReport | None, *, today: date) -> dict[str, str]:
    """Return how the report stands against its due day."""
    due = due_on(period)
    day = formatting.day(due)
    if report is not None and report.state in FINISHED:
        hint = _("It was due on %(day)s.") % {"day": day}
        return {"label": _("Report"), "value": _("With Microsoft"), "hint": hint, "tone": ""}
    late = (today - due).days
    if late > 0:
        hint = ngettext("%(count)d day late", "%(count)d days late", late) % {"count": late}
        return {"label": _("Due"), "value": day, "hint": hint, "tone": "danger"}
    hint = ngettext("%(count)d day left", "%(count)d days left", -late) % {"count": -late}
    return {"label": _("Due"), "value": day, "hint": hint, "tone": "warning" if -late < 3 else ""}


def _chains() -> list[tuple[str, str]]:
    return [("custody", _("Custody ledger")), ("audit", _("Audit log"))]


def _days_until(end: datetime, at: datetime) -> str:
    days = (end - at).days
    return ngettext("%(count)s day", "%(count)s days", days) % {"count": formatting.number(days)}


def _tasks(counts: ExceptionCounts, report: UsageReport | None) -> list[dict[str, Any]]:
    found = [_task(kind, getattr(counts, kind)) for kind in KINDS]
    found.append(_exchange_task(counts.exchange))
    if report is not None and report.problem:
        found.insert(0, _problem_task(report))
    return found


def _task(kind: str, count: int) -> dict[str, Any]:
    return {
        "label": f"{EXCEPTION_TITLES[kind]}: {formatting.number(count)}",
        "text": EXCEPTION_TEXTS[kind],
        "state": "" if count else "done",
        "url": reverse("compliance:exception-list", args=[kind]) if count else "",
        "action": _("Look at them"),
    }


def _exchange_task(count: int) -> dict[str, Any]:
    return {
        "label": _("Answers of Microsoft that did not fit: %(count)s") % {"count": formatting.number(count)},
        "text": _("An unknown code, a key never sent, or a contradiction. Each needs a decision."),
        "state": "" if count else "done",
        "url": _address("mar:exchange") if count else "",
        "action": _("Look at them"),
    }


def _address(url_name: str) -> str:
    try:
        return reverse(url_name)
    except NoReverseMatch:
        return ""


def _problem_task(report: UsageReport) -> dict[str, Any]:
    return {
        "label": _("Report %(number)s could not be built") % {"number": report.number},
        "text": report.problem,
        "state": "",
        "url": reverse("compliance:report-detail", args=[report.pk]),
        "action": _("Open"),
    }


class ExceptionTable(Table):
    """Keys of one kind of exception."""

    dom_id = "exceptions"
    caption = gettext_lazy("Keys")
    columns = (
        Column(
            "id", gettext_lazy("Product key id"), kind="mono", accessor="product_key_id", sort="id", primary=True
        ),
        Column("partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name"),
        Column("product", gettext_lazy("Product"), accessor="product.name", sort="product__name"),
        Column("device", gettext_lazy("Device"), accessor="hand_over.device.model"),
        Column("serial", gettext_lazy("Serial"), kind="mono", accessor="hand_over.device.serial"),
        Column(
            "handed", gettext_lazy("Handed over"), kind="ago", accessor="hand_over.handed_at",
            sort="hand_over__handed_at",
        ),
        Column("sold", gettext_lazy("Sold"), kind="date", accessor="hand_over.device.sold_on"),
        Column("state", gettext_lazy("State"), kind="status", status="key", sort="state"),
    )  # fmt: skip
    filters = (TextFilter("partner", gettext_lazy("Partner code"), "partner__code"),)
    search = ("product_key_id__exact", "hand_over__device__serial__exact")
    search_label = gettext_lazy("Product key id or serial")
    order = "handed"
    empty = Empty(
        gettext_lazy("Nothing open"),
        gettext_lazy("No key has this exception right now."),
        icon="circle-check",
    )

    def row_url(self, row: ProductKey) -> str:
        """Return the key's page."""
        return reverse("mar:key-detail", args=[row.product_key_id])


@allow("exception.view", houses=HOUSES)
@require_safe
def exception_list(request: HttpRequest, kind: str) -> HttpResponse:
    """List the keys of one kind of exception."""
    if kind not in EXCEPTION_TITLES:
        raise Http404
    table = ExceptionTable(request, keys_with_exception(kind, at=timezone.now()))
    context = {"table": table, "title": EXCEPTION_TITLES[kind], "text": EXCEPTION_TEXTS[kind]}
    return render_table(request, "compliance/exception_list.html", context)
