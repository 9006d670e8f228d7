"""A partner's wishes for more than the month's quota."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from licensing.models import QuotaException
from licensing.rules.quota import WINDOWS
from licensing.selectors.quota import (
    citizenship_products,
    drawn_of,
    exception_of,
    exceptions_of,
    month_quotas,
)
from licensing.services.quota import ExceptionRequest, request_exception, withdraw_exception
from partners.selectors.recipients import orderable_recipients
from portal.actors import actor_of
from portal.documents import document_response
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table, status_filter
from portal.web.quota_words import quota_meters
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of
from portal.web.tpr.recipient_forms import ExceptionForm

HOUSE = ("tpr",)


class ExceptionTable(Table):
    """Everything a partner asked for beyond the quota."""

    dom_id = "exceptions"
    caption = gettext_lazy("Quota exceptions")
    columns = (
        Column("reference", gettext_lazy("Reference"), kind="mono", sort="reference", primary=True),
        Column("product", gettext_lazy("Product"), accessor="product.name", sort="product__name"),
        Column("recipient", gettext_lazy("Recipient"), accessor="recipient.name", sort="recipient__name"),
        Column("quantity", gettext_lazy("Licences"), kind="number", sort="quantity"),
        Column("first", gettext_lazy("First day"), kind="date", accessor="period_start", sort="period_start"),
        Column("last", gettext_lazy("Last day"), kind="date", accessor="period_end", sort="period_end"),
        Column("state", gettext_lazy("State"), kind="status", status="quota_exception", sort="state"),
    )
    filters = (status_filter("state", gettext_lazy("State"), "quota_exception"),)
    search = ("reference",)
    search_label = gettext_lazy("Reference")
    order = "-first"
    empty = Empty(
        gettext_lazy("No exceptions"),
        gettext_lazy("When a month’s quota is too small for a large delivery, the MAR can ask Microsoft for more."),
        icon="scale",
    )  # fmt: skip

    def row_url(self, row: QuotaException) -> str:
        """Return where a row leads."""
        return reverse("tpr:quota-detail", args=[row.pk])


@allow("recipient.view", houses=HOUSE)
@require_safe
def exception_list(request: HttpRequest) -> HttpResponse:
    """List the partner's exceptions below the month's quota."""
    partner_id = partner_id_of(request)
    context = {
        "table": ExceptionTable(request, exceptions_of(partner_id)),
        "meters": quota_meters(month_quotas(partner_id, timezone.now())),
        "may_request": "quota.request" in request.permissions,  # type: ignore[attr-defined]
    }
    return render_table(request, "tpr/quota_list.html", context)


@allow("quota.request", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_exception(request: HttpRequest) -> HttpResponse:
    """Ask for more than the quota, with the fields Microsoft wants to see."""
    partner_id, now = partner_id_of(request), timezone.now()
    recipients = orderable_recipients(partner_id, WINDOWS, now)
    form = ExceptionForm(
        request.POST or None, request.FILES or None, products=citizenship_products(now), recipients=recipients
    )
    page = {
        "form": form,
        "has_recipients": bool(recipients),
        "meters": quota_meters(month_quotas(partner_id, now)),
    }
    if not form.is_valid():
        return render(request, "tpr/quota_new.html", page, status=FORM_ERROR_STATUS if form.is_bound else 200)
    try:
        exception = request_exception(partner_id, _wanted(form.cleaned_data), by=actor_of(request), at=now)
    except DomainError as error:
        return render_refused(request, "tpr/quota_new.html", page, error)
    messages.success(
        request, _("Requested. The MAR prepares it for Microsoft; you get a mail with the answer.")
    )
    return redirect("tpr:quota-detail", exception.pk)


@allow("recipient.view", houses=HOUSE)
@require_safe
def exception_detail(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Show one exception and how much of it is used."""
    return render(request, "tpr/quota_detail.html", _context(request, _find(request, exception_id)))


@allow("recipient.view", houses=HOUSE)
@require_safe
def letter_file(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Give the letter back as it was handed in."""
    return document_response(request, _find(request, exception_id).letter)


@allow("quota.request", houses=HOUSE)
@require_POST
def withdraw(request: HttpRequest, exception_id: UUID) -> HttpResponse:
    """Take a request back that the MAR has not packaged yet."""
    _find(request, exception_id)
    try:
        withdraw_exception(exception_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        context = _context(request, _find(request, exception_id))
        return render_refused(request, "tpr/quota_detail.html", context, error)
    messages.success(request, _("Taken back."))
    return redirect("tpr:quota-list")


def _find(request: HttpRequest, exception_id: UUID) -> QuotaException:
    exception = exception_of(partner_id_of(request), exception_id)
    if exception is None:
        raise Http404
    return exception


def _wanted(given: dict[str, Any]) -> ExceptionRequest:
    return ExceptionRequest(
        product_id=int(given["product"]),
        recipient_id=UUID(given["recipient"]),
        quantity=given["quantity"],
        period_start=given["period_start"],
        period_end=given["period_end"],
        justification=given["justification"],
        letter=given["letter"].read(),
        letter_name=given["letter"].name or "letter",
    )


def _context(request: HttpRequest, exception: QuotaException) -> dict[str, Any]:
    may = "quota.request" in request.permissions  # type: ignore[attr-defined]
    return {
        "exception": exception,
        "drawn": drawn_of(exception),
        "may_withdraw": may and exception.state == "requested",
    }
