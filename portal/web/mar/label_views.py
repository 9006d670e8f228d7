"""Labels at the MAR: received, issued, and labels used against keys enabled."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST, require_safe

from core.errors import DomainError
from licensing.models import LabelIssue
from licensing.rules.labels import LabelMonth, is_spoilage_high
from licensing.selectors.labels import all_issues, deliveries, label_months, partners_with_labels
from licensing.selectors.programme_rules import rules_at
from licensing.services.labels import issue_labels, receive_labels, take_labels_back
from partners.models import Partner
from partners.selectors.partners import partners
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.tables import Column, Empty, Table, TextFilter, render_table
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")
SHOWN_MONTHS = timedelta(days=92)
PAGE = "mar/labels.html"
SERIAL = {"class": "mono", "autocomplete": "off"}


class IssueTable(Table):
    """The ranges that partners got."""

    dom_id = "issues"
    caption = gettext_lazy("Labels issued")
    columns = (
        Column(
            "range", gettext_lazy("Labels"), kind="mono", accessor=str, sort="first_position", primary=True
        ),
        Column("partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name"),
        Column("quantity", gettext_lazy("Count"), kind="number"),
        Column("used", gettext_lazy("On PCs"), kind="number", sort="used"),
        Column("spoiled", gettext_lazy("Spoiled"), kind="number", sort="spoiled"),
        Column("issued", gettext_lazy("Issued"), kind="date", accessor="issued_at", sort="issued_at"),
        Column(
            "back",
            gettext_lazy("Taken back"),
            accessor=lambda row: _("taken back") if row.returned_at else "–",
            sort="returned_at",
        ),
    )
    filters = (TextFilter("partner", gettext_lazy("Partner's code"), "partner__code"),)
    search = ("first_serial__iexact", "last_serial__iexact")
    search_label = gettext_lazy("First or last label")
    order = "-issued"
    empty = Empty(
        gettext_lazy("No labels issued yet"),
        gettext_lazy("Enter a delivery, then issue a range of it to a partner."),
        icon="clipboard-check",
    )

    def row_url(self, row: LabelIssue) -> str:
        """Return where a row leads."""
        return reverse("mar:label-issue-detail", args=[row.pk])


class RangeForm(forms.Form):
    """A range by its first and last label."""

    first = forms.CharField(
        label=gettext_lazy("First label"),
        max_length=20,
        widget=forms.TextInput({"class": "mono", "autocomplete": "off"}),
    )
    last = forms.CharField(
        label=gettext_lazy("Last label"),
        max_length=20,
        widget=forms.TextInput({"class": "mono", "autocomplete": "off"}),
    )


class ReceiveForm(RangeForm):
    """A delivery of labels."""

    prefix = "receive"
    reference = forms.CharField(
        label=gettext_lazy("Delivery note"), max_length=60, required=False, validators=[plain_text]
    )


class IssueForm(RangeForm):
    """Labels for a partner."""

    prefix = "issue"
    field_order = ("partner", "first", "last")
    partner = forms.ModelChoiceField(
        queryset=Partner.objects.none(), label=gettext_lazy("Partner"), empty_label=gettext_lazy("Choose one")
    )

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        field: forms.ModelChoiceField[Partner] = self.fields["partner"]  # type: ignore[assignment]
        field.queryset = partners().order_by("name")


@allow("label.view", houses=HOUSES)
@require_safe
def labels(request: HttpRequest) -> HttpResponse:
    """Show the labels in stock, with partners, and where the counts differ."""
    return render_table(request, PAGE, _context(request))


@allow("label.issue", houses=("mar",))
@require_POST
def receive(request: HttpRequest) -> HttpResponse:
    """Take a delivery of labels in."""
    form = ReceiveForm(request.POST)

    def act() -> str:
        made = receive_labels(by=actor_of(request), at=timezone.now(), **form.cleaned_data)
        return _("%(count)s labels are in stock.") % {"count": made.quantity}

    return _act(request, form, act, {"receive": form})


@allow("label.issue", houses=("mar",), fresh_factor=True)
@require_POST
def issue(request: HttpRequest) -> HttpResponse:
    """Issue a range to a partner."""
    form = IssueForm(request.POST)

    def act() -> str:
        given = dict(form.cleaned_data)
        made = issue_labels(given.pop("partner").pk, by=actor_of(request), at=timezone.now(), **given)
        return _("%(count)s labels are issued.") % {"count": made.quantity}

    return _act(request, form, act, {"issue": form})


@allow("label.view", houses=HOUSES)
@require_safe
def issue_detail(request: HttpRequest, issue_id: UUID) -> HttpResponse:
    """Show one range."""
    return render(request, "mar/label_issue.html", _issue_context(request, issue_id))


@allow("label.issue", houses=("mar",))
@require_POST
def take_back(request: HttpRequest, issue_id: UUID) -> HttpResponse:
    """Take an unused range back."""
    context = _issue_context(request, issue_id)
    try:
        take_labels_back(issue_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/label_issue.html", context, error)
    messages.success(request, _("Taken back. These labels may be issued again."))
    return redirect("mar:labels")


def _act(
    request: HttpRequest, form: forms.Form, act: Callable[[], str], forms_shown: dict[str, Any]
) -> HttpResponse:
    if not form.is_valid():
        return render(request, PAGE, {**_context(request), **forms_shown}, status=FORM_ERROR_STATUS)
    try:
        messages.success(request, act())
    except DomainError as error:
        return render_refused(request, PAGE, {**_context(request), **forms_shown}, error)
    return redirect("mar:labels")


def _issue_context(request: HttpRequest, issue_id: UUID) -> dict[str, Any]:
    found = all_issues().filter(pk=issue_id).first()
    if found is None:
        raise Http404
    return {
        "issue": found,
        "uses": found.uses.select_related("device")[:200],
        "may_issue": _may_issue(request),
    }


def _context(request: HttpRequest) -> dict[str, Any]:
    may_issue = _may_issue(request)
    return {
        "table": IssueTable(request, all_issues()),
        "deliveries": list(deliveries()[:10]),
        "differences": _differences(),
        "receive": ReceiveForm() if may_issue else None,
        "issue": IssueForm() if may_issue else None,
    }


def _differences() -> list[tuple[Partner, LabelMonth, bool]]:
    """Return each partner's last months with whether too much was spoiled."""
    now = timezone.now()
    percent = rules_at(now).number("label.use", "spoilage_percent")
    by_partner = label_months(partners_with_labels(), now - SHOWN_MONTHS)
    names = {partner.pk: partner for partner in partners().filter(pk__in=by_partner)}
    return [
        (names[partner_id], month, is_spoilage_high(month.spoiled, month.used, percent=percent))
        for partner_id, months in by_partner.items()
        if partner_id in names
        for month in months
    ]


def _may_issue(request: HttpRequest) -> bool:
    return "label.issue" in request.permissions  # type: ignore[attr-defined]
