"""Estimates: what an order would cost, kept for a while and ordered with one press."""

from decimal import Decimal
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

from core.errors import DomainError
from licensing.models import Estimate, LicenceFamily
from licensing.rules.price_checks import LARGEST
from licensing.selectors.catalogue import catalogue_for
from licensing.selectors.estimates import asking_products, estimate_of, estimates_of, prices_today
from licensing.services.estimates import order_estimate, withdraw_estimate, write_estimate
from partners.models import Partner
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table
from portal.web.refused import render_refused
from portal.web.tpr.estimate_forms import MOST, EstimateForm, EstimateOrderForm
from portal.web.tpr.place import partner_id_of

HOUSE = ("tpr",)
DETAIL = "tpr/prices/estimate_detail.html"


class EstimateTable(Table):
    """Everything a partner had estimated."""

    dom_id = "estimates"
    caption = gettext_lazy("Estimates")
    columns = (
        Column("number", gettext_lazy("Estimate"), kind="mono", accessor=str, sort="number", primary=True),
        Column("reference", gettext_lazy("Your reference")),
        Column("quantity", gettext_lazy("Licences"), kind="number", sort="quantity"),
        Column(
            "total", gettext_lazy("Total, net"), kind="money", accessor=lambda row: (row.total, row.currency)
        ),
        Column(
            "until",
            gettext_lazy("Valid until"),
            kind="datetime",
            accessor="valid_before",
            sort="valid_before",
        ),
        Column(
            "state",
            gettext_lazy("State"),
            kind="status",
            status="estimate",
            accessor=lambda row: row.state_at(timezone.now()),
        ),
    )
    search = ("reference",)
    search_label = gettext_lazy("Your reference")
    order = "-number"
    empty = Empty(
        gettext_lazy("No estimates yet"),
        gettext_lazy(
            "Write down what an order would cost, show it to whoever decides, and order it with one press."
        ),
        gettext_lazy("New estimate"),
        "/tpr/estimates/new/",
        icon="file-text",
    )

    def row_url(self, row: Estimate) -> str:
        """Return where a row leads."""
        return reverse("tpr:estimate-detail", args=[row.pk])


@allow("order.view", houses=HOUSE)
@require_safe
def estimate_list(request: HttpRequest) -> HttpResponse:
    """List the partner's estimates."""
    table = EstimateTable(request, estimates_of(partner_id_of(request)))
    return render_table(request, "tpr/prices/estimate_list.html", {"table": table, "section": "estimates"})


@allow("estimate.write", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def estimate_new(request: HttpRequest) -> HttpResponse:
    """Write an estimate over the catalogue's products."""
    partner_id, now = partner_id_of(request), timezone.now()
    items = [
        item
        for item in catalogue_for(partner_id=partner_id, at=now)
        if item.is_allowed and item.price is not None and item.product.family != LicenceFamily.CITIZENSHIP
    ]
    form = EstimateForm(request.POST or None, items=items)
    context = {"form": form}
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "tpr/prices/estimate_new.html", context, status=status)
    try:
        estimate = write_estimate(
            partner_id, form.lines(), reference=form.cleaned_data["reference"], by=actor_of(request), at=now
        )
    except DomainError as error:
        return render_refused(request, "tpr/prices/estimate_new.html", context, error)
    return redirect("tpr:estimate-detail", estimate.pk)


@allow("order.view", houses=HOUSE)
@require_safe
def estimate_detail(request: HttpRequest, estimate_id: UUID) -> HttpResponse:
    """Show an estimate, fit for paper, with what it costs today where that differs."""
    return render(request, DETAIL, _context(request, estimate_id))


@allow("order.place", houses=HOUSE)
@require_POST
def order(request: HttpRequest, estimate_id: UUID) -> HttpResponse:
    """Order an estimate, at the total that the page has shown, with what its products ask for."""
    context = _context(request, estimate_id)
    form = context["form"] = EstimateOrderForm(request.POST, asking=context["asking"])
    if not form.is_valid():
        return render(request, DETAIL, context, status=FORM_ERROR_STATUS)
    try:
        order_estimate(
            estimate_id,
            accepted_total=accepted_total(request.POST.get("accepted", "")),
            details=form.details,
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, DETAIL, context, error)
    messages.success(request, _("Ordered. Your orders are listed below."))
    return redirect("tpr:estimate-detail", estimate_id)


@allow("estimate.write", houses=HOUSE)
@require_POST
def withdraw(request: HttpRequest, estimate_id: UUID) -> HttpResponse:
    """Put an estimate away."""
    context = _context(request, estimate_id)
    try:
        withdraw_estimate(estimate_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, DETAIL, context, error)
    messages.success(request, _("Withdrawn."))
    return redirect("tpr:estimate-list")


def accepted_total(text: str) -> Decimal | None:
    """Return the total the buyer has seen; anything that is no amount counts as none seen."""
    field = forms.DecimalField(
        required=False, min_value=Decimal(0), max_value=LARGEST * MOST, decimal_places=2
    )
    try:
        found: Decimal | None = field.clean(text)
    except forms.ValidationError:
        return None
    return found


def _context(request: HttpRequest, estimate_id: UUID) -> dict[str, Any]:
    partner_id, now = partner_id_of(request), timezone.now()
    estimate = estimate_of(partner_id, estimate_id)
    if estimate is None:
        raise Http404
    lines = prices_today(estimate, now)
    today = sum((price * line.quantity for line, price in lines if price is not None), Decimal(0))
    total = sum((line.amount for line, _price in lines), Decimal(0))
    state = estimate.state_at(now)
    is_open = state in ("open", "lapsed")
    partner: Partner = request.membership.partner  # type: ignore[attr-defined]
    asking = asking_products(estimate, now) if is_open else []
    return {
        "estimate": estimate,
        "state": state,
        "lines": lines,
        "today": today,
        "difference": today - total,
        "saving": total - today,
        "has_changed": is_open and any(price != line.unit_price for line, price in lines),
        "is_open": is_open,
        "asking": asking,
        "form": EstimateOrderForm(asking=asking),
        "partner": partner,
        "section": "estimates",
    }
