"""Order by file: upload, look at every order with its gates, then one yes."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.csv_guard import write_row
from core.errors import DomainError, Refusal
from licensing.exchange.order_csv import MAX_ROWS
from licensing.models import LicenceFamily, OrderFile
from licensing.selectors.catalogue import catalogue_for
from licensing.selectors.order_files import order_file_of, order_files_of, ordered_before
from licensing.services.order_file_look import look_at
from licensing.services.order_file_rows import detail_names
from licensing.services.order_files import FileFaulty, groups_of, keep_order_file, place_order_file
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS, UploadInput
from portal.policy import allow
from portal.refusals import note_refusal
from portal.tables import Column, Empty, Table, render_table
from portal.web.refused import render_refused
from portal.web.tpr.estimates import accepted_total
from portal.web.tpr.place import partner_id_of

HOUSE = ("tpr",)
SAMPLE_PRODUCTS = 2


class OrderFileTable(Table):
    """A partner's files of orders."""

    dom_id = "order-files"
    caption = gettext_lazy("Files of orders")
    columns = (
        Column("name", gettext_lazy("File"), accessor="file_name", primary=True),
        Column("rows", gettext_lazy("Rows"), kind="number", accessor="line_count"),
        Column("keys", gettext_lazy("Licences"), kind="number", accessor="quantity", sort="quantity"),
        Column("uploaded", gettext_lazy("Uploaded"), kind="ago", accessor="uploaded_at", sort="uploaded_at"),
        Column("by", gettext_lazy("By"), accessor="uploaded_by"),
        Column(
            "state", gettext_lazy("State"), kind="status", status="order_file", accessor=lambda row: state_of(row)
        ),
    )  # fmt: skip
    search = ("file_name",)
    search_label = gettext_lazy("File")
    order = "-uploaded"
    empty = Empty(
        gettext_lazy("No files yet"),
        gettext_lazy("Upload a CSV with one row a product. You see every order before anything is ordered."),
        gettext_lazy("Order by file"),
        "/tpr/orders/files/new/",
        icon="file-upload",
    )

    def row_url(self, row: OrderFile) -> str:
        """Return where a row leads."""
        return reverse("tpr:order-file-detail", args=[row.pk])


class OrderFileForm(forms.Form):
    """The file."""

    orders = forms.FileField(
        label=gettext_lazy("Your file"),
        help_text=gettext_lazy("CSV, UTF-8, comma or semicolon; at most 200 rows. Nothing is ordered yet."),
        widget=UploadInput(accept=".csv"),
        max_length=255,
    )


def state_of(file: OrderFile) -> str:
    """Return checked, partly or placed."""
    placed: int = file.placed_count  # type: ignore[attr-defined]
    if not placed:
        return "checked"
    return "placed" if placed == file.line_count else "partly"  # type: ignore[attr-defined]


@allow("order.view", houses=HOUSE)
@require_safe
def file_list(request: HttpRequest) -> HttpResponse:
    """List the partner's files of orders."""
    table = OrderFileTable(request, order_files_of(partner_id_of(request)))
    return render_table(request, "tpr/order_file_list.html", {"table": table, "section": "files"})


@allow("order.place", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_file(request: HttpRequest) -> HttpResponse:
    """Take in a file and lead to the look at it, or name its faults."""
    form = OrderFileForm(request.POST, request.FILES) if request.method == "POST" else OrderFileForm()
    details = sorted(detail_names(timezone.now()))
    context: dict[str, Any] = {"form": form, "details": details, "max_rows": MAX_ROWS}
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "tpr/order_file_new.html", context, status=status)
    upload = form.cleaned_data["orders"]
    try:
        file = keep_order_file(
            partner_id_of(request),
            upload.read(),
            file_name=upload.name,
            by=actor_of(request),
            at=timezone.now(),
        )
    except FileFaulty as error:
        note_refusal(request, error)
        context |= {"faults": error.faults, "form": OrderFileForm(), "page_has_errors": True}
        return render(request, "tpr/order_file_new.html", context, status=error.status)
    return redirect("tpr:order-file-detail", file.pk)


@allow("order.view", houses=HOUSE)
@require_safe
def file_detail(request: HttpRequest, order_file_id: UUID) -> HttpResponse:
    """Show every order of the file: what would become of it, or what became of it."""
    return render(request, "tpr/order_file.html", _context(request, order_file_id))


@allow("order.place", houses=HOUSE)
@require_POST
def place(request: HttpRequest, order_file_id: UUID) -> HttpResponse:
    """Place the file's orders: all of them, or as far as the gates let them."""
    before = _file(request, order_file_id)
    try:
        done = place_order_file(
            order_file_id,
            accepted_total=accepted_total(request.POST.get("accepted", "")),
            is_partial=request.POST.get("mode") == "partial",
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "tpr/order_file.html", _context(request, order_file_id), error)
    new = done.placed - before.placed_count  # type: ignore[attr-defined]
    if new:
        words = ngettext("%(count)s order placed.", "%(count)s orders placed.", new)
        messages.success(request, words % {"count": new})
    if done.refused:
        messages.warning(
            request, _("The others were refused; below it says why. Nothing is charged for them.")
        )
    return redirect("tpr:order-file-detail", order_file_id)


@allow("order.view", houses=HOUSE)
@require_safe
def sample(request: HttpRequest) -> HttpResponse:
    """Give a sample file with products of the partner's own catalogue."""
    items = catalogue_for(partner_id=partner_id_of(request), at=timezone.now())
    codes = [
        item.product.code
        for item in items
        if item.is_allowed and item.price is not None and item.product.family != LicenceFamily.CITIZENSHIP
    ]
    rows: list[list[Any]] = [
        ["SHOP-1001", code, place * 5, "", "refuse", "", ""]
        for place, code in enumerate(codes[:SAMPLE_PRODUCTS], start=1)
    ]
    rows += [["SHOP-1002", code, 2, "", "split", "", ""] for code in codes[:1]]
    header = ["order_reference", "product", "quantity", "recipient", "if_short", "lane", "note"]
    text = "".join(write_row(row) for row in [header, *rows])
    response = HttpResponse(text.encode("utf-8-sig"), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="orders-sample.csv"'
    return response


def _file(request: HttpRequest, order_file_id: UUID) -> OrderFile:
    file = order_file_of(partner_id_of(request), order_file_id)
    if file is None:
        raise Http404
    return file


def _context(request: HttpRequest, order_file_id: UUID) -> dict[str, Any]:
    file = _file(request, order_file_id)
    lines = list(file.lines.select_related("product", "order", "recipient"))
    look = look_at(file.partner_id, lines, at=timezone.now())
    refused = [
        {"order": order, "refusals": _against(order.rows)} for order in look.orders if not order.is_accepted
    ]
    return {
        "file": file,
        "state": state_of(file),
        "look": look,
        "refused": refused,
        "placed": groups_of([line for line in lines if line.order_id]),
        "same": ordered_before(file) if file.placed_at is None else None,
        "section": "files",
    }


def _against(rows: Any) -> list[Refusal]:
    """Return what refuses an order, each reason once."""
    found: dict[str, Refusal] = {}
    for row in rows:
        if not row.is_accepted:
            for refusal in row.decision.refusals:
                found.setdefault(refusal.code, refusal)
    return list(found.values())
