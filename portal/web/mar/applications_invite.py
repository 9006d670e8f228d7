"""Invite former members from a list: upload, look at it, say yes, see what became of it."""

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
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.csv_guard import write_row
from core.errors import DomainError
from partners.models import BulkInvitation, InvitedApplicant
from partners.models.bulk_invitation import BulkInvitationState
from partners.rules.countries import country_name
from partners.rules.invitation_csv import COLUMNS, MAX_BYTES, MAX_ROWS, Fault
from partners.selectors import bulk_invitations as selectors
from partners.services.bulk_invitations import ListFaulty, check_list, confirm_list, drop_list
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS, UploadInput
from portal.policy import allow
from portal.tables import Column, Empty, Export, Table, render_table
from portal.web.refused import render_refused

ROWS_SHOWN = 10
HOUSES = ("mar", "compliance")


class ListForm(forms.Form):
    """The list of companies."""

    companies = forms.FileField(
        label=gettext_lazy("List of companies"),
        help_text=gettext_lazy(
            "CSV in UTF-8, up to 2,000 rows and 1 MB. You see it once more before it is sent."
        ),
        widget=UploadInput(accept=".csv,text/csv"),
    )

    def clean_companies(self) -> Any:
        """Refuse a file that is too large before it is read."""
        file = self.cleaned_data["companies"]
        if file.size > MAX_BYTES:
            raise forms.ValidationError(_("The file is larger than 1 MB."))
        return file


class BulkInvitationTable(Table):
    """The lists, newest first, each with what became of its companies."""

    dom_id = "invitations"
    caption = gettext_lazy("Lists of invitations")
    columns = (
        Column("file_name", gettext_lazy("List"), sort="file_name", primary=True),
        Column("made_at", gettext_lazy("Uploaded"), kind="datetime", sort="made_at"),
        Column("made_by", gettext_lazy("By"), accessor="made_by"),
        Column("row_count", gettext_lazy("Companies"), kind="number", sort="row_count"),
        Column("begun", gettext_lazy("Began"), kind="number"),
        Column("handed_in", gettext_lazy("Sent in"), kind="number"),
        Column("approved", gettext_lazy("Approved"), kind="number"),
        Column("state", gettext_lazy("State"), kind="status", status="bulk_invitation", sort="state"),
    )
    empty = Empty(
        gettext_lazy("No list yet"), gettext_lazy("Invite former members of the programme from one list.")
    )

    def row_url(self, row: BulkInvitation) -> str:
        """Return the list's page."""
        return reverse("mar:bulk-invitation-detail", args=[row.pk])


class InvitedTable(Table):
    """The companies of one list with their applications."""

    dom_id = "invited"
    caption = gettext_lazy("Invited companies")
    columns = (
        Column("row", gettext_lazy("Row"), kind="number", accessor="row_number", sort="row_number"),
        Column(
            "company", gettext_lazy("Company"), accessor="application.company", sort="application__company",
            primary=True,
        ),
        Column("country", gettext_lazy("Country"), accessor=lambda row: country_name(row.application.country)),
        Column("email", gettext_lazy("E-mail address"), accessor="application.contact_email"),
        Column("former_id", gettext_lazy("Former id"), kind="mono"),
        Column(
            "state", gettext_lazy("State"), kind="status", status="application", accessor="application.state",
            sort="application__state",
        ),
    )  # fmt: skip
    search = ("application__company", "application__contact_email", "former_id")
    search_label = gettext_lazy("Company, address or former id")

    def row_url(self, row: InvitedApplicant) -> str:
        """Return the company's application."""
        return reverse("mar:application-detail", args=[row.application_id])


@allow("application.view", houses=HOUSES)
@require_safe
def invitation_list(request: HttpRequest) -> HttpResponse:
    """List the lists that were uploaded."""
    table = BulkInvitationTable(request, selectors.bulk_invitations())
    return render_table(request, "mar/application_invitations.html", {"table": table})


@allow("application.invite", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def new(request: HttpRequest) -> HttpResponse:
    """Take in a list and lead to a look at it, or name its faults."""
    form = ListForm(request.POST, request.FILES) if request.method == "POST" else ListForm()
    if not form.is_valid():
        return _upload_page(request, form, [], status=FORM_ERROR_STATUS if form.is_bound else 200)
    upload = form.cleaned_data["companies"]
    try:
        invitation = check_list(upload.read(), file_name=upload.name, by=actor_of(request), at=timezone.now())
    except ListFaulty as error:
        return _upload_page(request, ListForm(), error.faults, status=FORM_ERROR_STATUS)
    return redirect("mar:bulk-invitation-detail", invitation.pk)


@allow("application.view", houses=HOUSES)
@require_safe
def detail(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """Show a list: before the yes its rows, afterwards what became of each company."""
    return render_table(request, "mar/application_invitation.html", _context(request, _find(bulk_id)))


@allow("application.invite", houses=("mar",))
@require_POST
def confirm(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """Have a list sent."""
    _find(bulk_id)
    try:
        confirm_list(bulk_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return _refused(request, bulk_id, error)
    messages.success(request, _("The invitations are being written. Each company gets its own mail."))
    return redirect("mar:bulk-invitation-detail", bulk_id)


@allow("application.invite", houses=("mar",))
@require_POST
def drop(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """Drop a list that is not sent."""
    _find(bulk_id)
    try:
        drop_list(bulk_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return _refused(request, bulk_id, error)
    messages.success(request, _("Dropped. Nobody was invited."))
    return redirect("mar:bulk-invitation-list")


@allow("application.view", houses=HOUSES)
@require_safe
def companies_csv(request: HttpRequest, bulk_id: UUID) -> HttpResponse:
    """Download the companies of a list with their states; no cell can run as a formula."""
    invitation = _find(bulk_id)
    lines = [write_row(["row", *COLUMNS, "reference", "state"])]
    for row in selectors.invited_applicants(invitation):
        case = row.application
        lines.append(
            write_row(
                [
                    row.row_number, case.company, case.country, case.contact_name, case.contact_email,
                    case.language, row.former_id, case.reference, case.state,
                ]
            )
        )  # fmt: skip
    response = HttpResponse("".join(lines).encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="invited-{str(bulk_id)[:8]}.csv"'
    return response


def _find(bulk_id: UUID) -> BulkInvitation:
    invitation = selectors.bulk_invitation(bulk_id)
    if invitation is None:
        raise Http404
    return invitation


def _context(request: HttpRequest, invitation: BulkInvitation) -> dict[str, Any]:
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    address = reverse("mar:bulk-invitation-csv", args=[invitation.pk])
    return {
        "invitation": invitation,
        "rows": [
            row | {"country_name": country_name(row["country"])} for row in invitation.rows[:ROWS_SHOWN]
        ],
        "hidden_rows": max(len(invitation.rows) - ROWS_SHOWN, 0),
        "is_open": invitation.state == BulkInvitationState.CHECKED and "application.invite" in permissions,
        "table": InvitedTable(
            request,
            selectors.invited_applicants(invitation).order_by("row_number"),
            exports=[Export(gettext_lazy("Excel CSV"), address)],
        ),
    }


def _refused(request: HttpRequest, bulk_id: UUID, error: DomainError) -> HttpResponse:
    context = _context(request, _find(bulk_id))
    context["faults"] = error.faults if isinstance(error, ListFaulty) else []
    return render_refused(request, "mar/application_invitation.html", context, error)


def _upload_page(request: HttpRequest, form: ListForm, faults: list[Fault], *, status: int) -> HttpResponse:
    context = {
        "form": form, "faults": faults, "columns": ", ".join(COLUMNS), "max_rows": MAX_ROWS,
        "page_has_errors": bool(faults),
    }  # fmt: skip
    return render(request, "mar/application_invite.html", context, status=status)
