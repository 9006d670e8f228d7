"""Applications: the queue, and one case beside it."""

from functools import cached_property
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from core.periods import Period
from partners.models import Application
from partners.rules.countries import country_name
from partners.selectors import applications as selectors
from partners.selectors.drafts import paper_of
from partners.selectors.lead_times import LeadTimes, lead_times
from partners.selectors.mar import mar_zone
from portal import formatting
from portal.documents import document_response
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table, status_filter
from portal.web.mar.applications_case import case_context, case_url, find, queue_of
from portal.web.mar.applications_words import clock_badge

HOUSES = ("mar", "compliance")


class ApplicationTable(Table):
    """A queue of applications: what is due first stands on top."""

    dom_id = "applications"
    caption = gettext_lazy("Applications")
    filters = (status_filter("state", gettext_lazy("State"), "application"),)
    search = ("reference", "company", "vat_id")
    search_label = gettext_lazy("Reference, company or VAT number")

    def __init__(self, request: HttpRequest, queue: str, zone: ZoneInfo, empty: Empty) -> None:
        self.queue, self.zone = queue, zone
        self.today = timezone.now().astimezone(zone).date()
        super().__init__(request, selectors.queue(queue, request.user.pk), empty=empty)

    @cached_property
    def columns(self) -> tuple[Column, ...]:  # type: ignore[override]
        """Return the columns; the clock needs today in the MAR's zone."""
        return (
            Column("reference", gettext_lazy("Reference"), kind="mono", sort="reference", primary=True),
            Column("company", gettext_lazy("Company"), sort="company"),
            Column(
                "country", gettext_lazy("Country"), accessor=lambda row: country_name(row.country),
                sort="country",
            ),
            Column(
                "age", gettext_lazy("Received"), kind="ago", accessor="submitted_at", sort="submitted_at"
            ),
            Column("due", gettext_lazy("Answer due"), accessor=self._clock, sort="due_at"),
            Column("state", gettext_lazy("State"), kind="status", status="application", sort="state"),
            Column("claimed", gettext_lazy("Claimed by"), accessor="claimed_by", sort="claimed_by__name"),
        )  # fmt: skip

    def row_url(self, row: Application) -> str:
        """Return the case inside this queue."""
        return case_url(row.pk, self.queue)

    def _clock(self, row: Application) -> Any:
        return clock_badge(row, today=self.today, zone=self.zone)


@allow("application.view", houses=HOUSES)
@require_safe
def application_list(request: HttpRequest) -> HttpResponse:
    """List one queue of applications, with the others beside it."""
    name, zone, now = queue_of(request), mar_zone(), timezone.now()
    month = lead_times(since=Period.containing(now, zone).starts_at(zone))
    counts = selectors.queue_counts(request.user.pk)
    context = {
        "table": ApplicationTable(request, name, zone, _empty(name, month)),
        "tabs": _tabs(name, counts),
        "counts": counts,
        "lead_times": _in_days(month),
        "decided_this_month": month.count,
    }
    return render_table(request, "mar/application_list.html", context)


@allow("application.view", houses=HOUSES)
@require_safe
def application_detail(request: HttpRequest, application_id: UUID) -> HttpResponse:
    """Show one case beside its queue, and the next step to whoever may take it."""
    return render(request, "mar/application_detail.html", case_context(request, find(application_id)))


@allow("application.view", houses=HOUSES)
@require_safe
def paper(request: HttpRequest, application_id: UUID, document_id: UUID) -> HttpResponse:
    """Hand out one paper of a case."""
    found = paper_of(find(application_id).pk, document_id)
    if found is None:
        raise Http404
    return document_response(request, found)


def _tabs(current: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    labels = {
        "open": _("All open"),
        "review": _("To review"),
        "mine": _("Mine"),
        "decide": _("To decide"),
        "applicant": _("With the applicant"),
        "decided": _("Decided"),
        "all": _("All"),
    }
    address = reverse("mar:application-list")
    return [
        {
            "label": label,
            "url": f"{address}?queue={name}",
            "count": counts.get(name),
            "is_current": name == current,
        }
        for name, label in labels.items()
    ]


def _empty(name: str, month: LeadTimes) -> Empty:
    if name in ("decided", "all"):
        return Empty(
            gettext_lazy("No applications yet"), gettext_lazy("The public page leads refurbishers here.")
        )
    text = _("Nothing waits here.")
    if month.whole is not None:
        text = _("Nothing waits here. This month an answer took %(days)s in the middle.") % {
            "days": _days(month.whole)
        }
    return Empty(_("Queue is clear"), text, icon="circle-check")


def _in_days(times: LeadTimes) -> list[tuple[str, str]]:
    steps = (
        (_("Submitted to claimed"), times.to_claim),
        (_("Claimed to recommended"), times.to_review),
        (_("Recommended to decided"), times.to_decide),
        (_("Submitted to decided"), times.whole),
    )
    return [(label, _days(time) if time is not None else formatting.EMPTY) for label, time in steps]


def _days(time: Any) -> str:
    """Return a time in days with one decimal, or in hours below one day."""
    hours = time.total_seconds() / 3600
    count = round(hours) if hours < 24 else round(hours / 24, 1)
    words = (
        ngettext("%(n)s hour", "%(n)s hours", _plural(count))
        if hours < 24
        else ngettext("%(n)s day", "%(n)s days", _plural(count))
    )
    return words % {"n": formatting.number(count)}


def _plural(count: float) -> int:
    """Return the number that chooses the plural: 1.5 days are several."""
    return int(count) if count == int(count) else 2
