"""The returns desk: partners' returns with the suggested decision, and the bundles to Microsoft."""

from collections.abc import Callable
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
from licensing.models import PartnerReturn, ReturnState
from licensing.rules.partner_returns import TYPES, suggestion
from licensing.selectors.partner_returns import all_returns, bundles, ids_of_bundle, settled_of
from licensing.services import partner_returns as services
from licensing.services.return_bundles import send_bundle
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.tables import ChoiceFilter, Column, Empty, Table, TextFilter, render_table, status_filter
from portal.web.refused import render_refused
from portal.web.return_words import ReturnLineTable, steps_of, type_label

HOUSES = ("mar", "compliance")
HANDLE = "return.handle"
UNDECIDED = (ReturnState.REQUESTED, ReturnState.CHECKED)
ADVICE = {
    "approve": ("success", gettext_lazy("Suggested: approve"), gettext_lazy("Microsoft will likely take every key.")),
    "look": (
        "warning",
        gettext_lazy("Suggested: look at single keys"),
        gettext_lazy("Some keys would be refused. Ask the partner to leave them out, or to give up the credit."),
    ),
    "refuse": (
        "danger",
        gettext_lazy("Suggested: refuse"),
        gettext_lazy("Microsoft would likely refuse every key. They would stay what they are."),
    ),
}  # fmt: skip


class DeskTable(Table):
    """Every partner's returns."""

    dom_id = "desk"
    caption = gettext_lazy("Returns of partners")
    columns = (
        Column("number", gettext_lazy("Return"), kind="mono", accessor=str, sort="number", primary=True),
        Column("partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name"),
        Column("kind", gettext_lazy("Why"), accessor="get_kind_display", sort="kind"),
        Column("type", gettext_lazy("What happened"), accessor=lambda row: type_label(row.return_type)),
        Column("keys", gettext_lazy("Keys"), kind="number", accessor="key_count", sort="key_count"),
        Column("answered", gettext_lazy("Answered"), kind="number", accessor="answered_count"),
        Column("asked", gettext_lazy("Asked"), kind="ago", accessor="requested_at", sort="requested_at"),
        Column("state", gettext_lazy("State"), kind="status", status="return", sort="state"),
    )
    filters = (
        status_filter("state", gettext_lazy("State"), "return"),
        ChoiceFilter(
            "type", gettext_lazy("Type"), "return_type", [(code, type_label(code)) for code in TYPES]
        ),
        TextFilter("partner", gettext_lazy("Partner's code"), "partner__code"),
    )
    search = ("reference", "rma_number", "lines__product_key_id__exact")
    search_label = gettext_lazy("RMA number of either side, or a product key id")
    order = "-number"
    empty = Empty(
        gettext_lazy("No returns yet"),
        gettext_lazy("Partners ask here to give keys back."),
        icon="arrow-back-up",
    )

    def row_url(self, row: PartnerReturn) -> str:
        """Return where a row leads."""
        return reverse("mar:desk-detail", args=[row.pk])


class NoteForm(forms.Form):
    """What was found, or why it is decided so."""

    note = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=300,
        required=False,
        validators=[plain_text],
        help_text=gettext_lazy(
            "With a refusal the partner reads it in the mail. Needed to check or to refuse."
        ),
        widget=forms.Textarea({"rows": 2}),
    )


@allow("return.view", houses=HOUSES)
@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """List partners' returns, and what waits to be sent together."""
    context = {
        "table": DeskTable(request, all_returns()),
        "bundles": [(bundle, type_label(bundle.return_type)) for bundle in bundles()],
        "may_send": "exchange.operate" in request.permissions,  # type: ignore[attr-defined]
    }
    return render_table(request, "mar/desk.html", context)


@allow("return.view", houses=HOUSES)
@require_safe
def detail(request: HttpRequest, partner_return_id: UUID) -> HttpResponse:
    """Show one return with the suggested decision."""
    return render_table(request, "mar/desk_detail.html", _context(request, partner_return_id))


@allow(HANDLE, houses=("mar",))
@require_POST
def check(request: HttpRequest, partner_return_id: UUID) -> HttpResponse:
    """Check a return that the rule left to a person."""
    return _act(request, partner_return_id, services.check_return, _("Checked."))


@allow(HANDLE, houses=("mar",), fresh_factor=True)
@require_POST
def approve(request: HttpRequest, partner_return_id: UUID) -> HttpResponse:
    """Approve a return; it goes with the next bundle."""
    return _act(
        request, partner_return_id, services.approve_return, _("Approved. It goes with the next bundle.")
    )


@allow(HANDLE, houses=("mar",))
@require_POST
def refuse(request: HttpRequest, partner_return_id: UUID) -> HttpResponse:
    """Refuse a return."""
    return _act(request, partner_return_id, services.refuse_return, _("Refused. The partner is told why."))


@allow(HANDLE, houses=("mar",))
@require_POST
def close(request: HttpRequest, partner_return_id: UUID) -> HttpResponse:
    """Close an answered return."""

    def without_note(found: UUID, *, note: str, **who: Any) -> None:
        services.close_return(found, **who)

    return _act(request, partner_return_id, without_note, _("Closed."))


@allow("exchange.operate", houses=HOUSES, fresh_factor=True)
@require_POST
def send(request: HttpRequest) -> HttpResponse:
    """Send the approved returns of one type and credit as one return."""
    without_credit = request.POST.get("without_credit") == "1"
    ids = ids_of_bundle(request.POST.get("type", "")[:3], is_without_credit=without_credit)
    try:
        sent = send_bundle(ids, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        context = {"table": DeskTable(request, all_returns()), "bundles": [], "may_send": True}
        return render_refused(request, "mar/desk.html", context, error)
    messages.success(
        request, _("Written as %(rma)s. Download it and upload it to Microsoft.") % {"rma": sent}
    )
    return redirect("mar:return-detail", sent.pk)


def _act(request: HttpRequest, found: UUID, service: Callable[..., Any], done: str) -> HttpResponse:
    form, template = NoteForm(request.POST), "mar/desk_detail.html"
    if not form.is_valid():
        context = {**_context(request, found), "form": form}
        return render(request, template, context, status=FORM_ERROR_STATUS)
    try:
        service(found, note=form.cleaned_data["note"], by=actor_of(request), at=timezone.now())
    except DomainError as error:
        if error.status == 404:
            raise Http404 from error
        return render_refused(request, template, {**_context(request, found), "form": form}, error)
    messages.success(request, done)
    return redirect("mar:desk-detail", found)


def _context(request: HttpRequest, partner_return_id: UUID) -> dict[str, Any]:
    found = all_returns().filter(pk=partner_return_id).first()
    if found is None:
        raise Http404
    is_undecided = found.state in UNDECIDED
    forecasts = services.forecasts_of(found, timezone.now()) if is_undecided else []
    may_handle = HANDLE in request.permissions  # type: ignore[attr-defined]
    return {
        "return": found,
        "type": type_label(found.return_type),
        "steps": steps_of(found),
        "settled": settled_of(found),
        "table": ReturnLineTable(request, found.lines.select_related("product")),
        "forecasts": forecasts,
        "advice": ADVICE[suggestion(forecasts)] if is_undecided else None,
        "may_handle": may_handle,
        "may_refuse": may_handle and found.state in (*UNDECIDED, ReturnState.APPROVED),
        "may_close": may_handle
        and found.state in (ReturnState.ANSWERED_CREDIT, ReturnState.ANSWERED_NO_CREDIT),
        "form": NoteForm(),
        "is_desk": True,
    }
