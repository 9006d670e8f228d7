"""Sanctions lists: which are in force, how old they are, and loading a newer one."""

import datetime as dt
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from django import forms
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from partners.checks.list_refusals import MOST_ERRORS_KEPT, in_words
from partners.models import SanctionsList
from partners.selectors import sanctions as selectors
from partners.services.sanctions import receive_list
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS, UploadInput
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table, status_filter
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")


class SanctionsListForm(forms.Form):
    """A newer list."""

    source = forms.ChoiceField(label=gettext_lazy("Which list"), choices=SanctionsList.Source.choices)
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("As its publisher offers it, unchanged, up to 64 MB."),
        error_messages={
            "required": gettext_lazy("Choose the file first."),
            "empty": gettext_lazy("The file is empty."),
        },
        widget=UploadInput(accept=".xml,.csv"),
        max_length=255,
    )


class SanctionsTable(Table):
    """Every list that was ever loaded or refused."""

    dom_id = "lists"
    caption = gettext_lazy("Sanctions lists")
    columns = (
        Column("source", gettext_lazy("List"), accessor="get_source_display", sort="source", primary=True),
        Column(
            "published", gettext_lazy("Date of the list"), kind="date", accessor="published_on",
            sort="published_on",
        ),
        Column("entries", gettext_lazy("Entries"), kind="number", sort="entries"),
        Column("uploaded", gettext_lazy("Received"), kind="datetime", accessor="uploaded_at", sort="uploaded_at"),
        Column("by", gettext_lazy("Loaded by"), accessor="uploaded_by"),
        Column("state", gettext_lazy("State"), kind="status", status="sanctions_list", sort="state"),
    )  # fmt: skip
    filters = (status_filter("state", gettext_lazy("State"), "sanctions_list"),)
    search = ("file_name", "sha256")
    search_label = gettext_lazy("File name or SHA-256")
    order = "-uploaded"

    def row_url(self, row: SanctionsList) -> str:
        """Return the list's page."""
        return reverse("mar:sanctions-detail", args=[row.pk])


@allow("application.view", houses=HOUSES)
@require_safe
def sanctions(request: HttpRequest) -> HttpResponse:
    """Show the lists in force with their age, and every earlier one."""
    may_load = _may_load(request)
    empty = Empty(
        _("No sanctions list yet"),
        _("Until one is loaded, no applicant is compared with any."),
        _("Load a list") if may_load else "",
        reverse("mar:sanctions-new") if may_load else "",
        "shield-lock",
    )
    in_force = selectors.lists_in_force()
    context = {
        "table": SanctionsTable(request, selectors.sanctions_lists(), empty=empty),
        "lists": [_aged(each, timezone.localdate()) for each in in_force],
        "may_load": may_load,
    }
    return render_table(request, "mar/sanctions.html", context)


@allow("sanctions.load", houses=("compliance",))
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Take in a newer list; a task reads it."""
    form = SanctionsListForm(request.POST, request.FILES) if request.method == "POST" else SanctionsListForm()
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "mar/sanctions_new.html", {"form": form}, status=status)
    upload = form.cleaned_data["file"]
    try:
        received = receive_list(
            upload.read(),
            source=form.cleaned_data["source"],
            file_name=upload.name,
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "mar/sanctions_new.html", {"form": SanctionsListForm()}, error)
    return redirect("mar:sanctions-detail", received.pk)


@allow("application.view", houses=HOUSES)
@require_safe
def detail(request: HttpRequest, list_id: UUID) -> HttpResponse:
    """Show one list: where it stands, and why it was refused."""
    found = selectors.sanctions_list_by_id(list_id)
    if found is None:
        raise Http404
    context = {
        "list": found,
        "errors": [_error_line(error) for error in found.errors],
        "has_more_errors": len(found.errors) >= MOST_ERRORS_KEPT,
        "may_load": _may_load(request),
    }
    return render(request, "mar/sanctions_detail.html", context)


def _may_load(request: HttpRequest) -> bool:
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    return "sanctions.load" in permissions


def _aged(each: SanctionsList, today: dt.date) -> dict[str, Any]:
    days = (today - each.published_on).days if each.published_on else 0
    return {
        "source": each.get_source_display(),
        "entries": each.entries,
        "published_on": each.published_on,
        "age": ngettext("%(days)s day old", "%(days)s days old", days) % {"days": days},
        "is_old": days > settings.SANCTIONS_LIST_MAX_AGE_DAYS,
    }


def _error_line(error: Mapping[str, Any]) -> dict[str, Any]:
    return {"row": error.get("row") or "", "line": error.get("line") or "", "text": in_words(error)}
