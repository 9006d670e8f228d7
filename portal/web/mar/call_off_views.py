"""Call-offs at Microsoft: what to call off next and why, what is on its way, what is late."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.csv_guard import write_row
from core.errors import DomainError
from licensing.models import CallOff, Product
from licensing.rules.call_off import Terms
from licensing.selectors.call_offs import (
    call_off_by_id,
    call_offs,
    deliveries_of,
    proposal_of,
    proposals,
)
from licensing.services import call_offs as services
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import render_table
from portal.web.forecast_words import row_of
from portal.web.mar.call_off_forms import CallOffForm, CloseForm, DeliveryForm, MoveForm, TermsForm
from portal.web.mar.call_off_words import CSV_HEAD, CallOffTable, csv_cells, lines_of, state_of
from portal.web.mar.forecast_views import HOUSES, product_or_404
from portal.web.refused import render_refused

PRODUCT_PAGE, DETAIL_PAGE, TERMS_PAGE = (
    f"mar/stock/{name}.html" for name in ("call_off", "call_off_detail", "terms")
)


@allow("stock.view", houses=HOUSES)
@require_safe
def call_off_list(request: HttpRequest) -> HttpResponse:
    """Show what to call off of each product, and every call-off."""
    context = {
        "proposals": [(one, row_of(one.forecast)) for one in proposals(at=timezone.now())],
        "table": CallOffTable(request, call_offs()),
        "may_plan": _may_plan(request),
    }
    return render_table(request, "mar/stock/call_offs.html", context)


@allow("stock.view", houses=HOUSES)
@require_safe
def call_off_file(request: HttpRequest) -> HttpResponse:
    """Give the arithmetic of every product as CSV."""
    now = timezone.now()
    rows = [CSV_HEAD, *(csv_cells(one, now) for one in proposals(at=now))]
    response = HttpResponse("".join(map(write_row, rows)), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="call-off-{timezone.localdate():%Y-%m-%d}.csv"'
    return response


@allow("stock.view", houses=HOUSES)
@require_safe
def call_off_product(request: HttpRequest, code: str) -> HttpResponse:
    """Show the arithmetic of one product's next call-off."""
    return render(request, PRODUCT_PAGE, _product_page(request, product_or_404(code)))


@allow("stock.plan", houses=("mar",))
@require_POST
def call_off_mark(request: HttpRequest, code: str) -> HttpResponse:
    """Note that keys were called off."""
    product = product_or_404(code)
    form = CallOffForm(request.POST)
    page = _product_page(request, product) | {"form": form}
    if not form.is_valid():
        return render(request, PRODUCT_PAGE, page, status=FORM_ERROR_STATUS)
    try:
        made = services.mark_called_off(
            product.pk, services.NewCallOff(**form.cleaned_data), by=actor_of(request), at=timezone.now()
        )
    except DomainError as error:
        return render_refused(request, PRODUCT_PAGE, page, error)
    messages.success(request, _("Noted. The forecast counts these keys from the expected day."))
    return redirect("mar:call-off", made.pk)


@allow("stock.plan", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def supply_terms(request: HttpRequest, code: str) -> HttpResponse:
    """Set how a product is called off from now on."""
    product = product_or_404(code)
    terms = proposal_of(product, at=timezone.now()).proposal.terms
    form = TermsForm(
        request.POST or None, initial={name: getattr(terms, name) for name in TermsForm.base_fields}
    )
    page = {"product": product, "form": form}
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, TERMS_PAGE, page, status=status)
    try:
        services.set_supply_terms(
            product.pk, Terms(**form.cleaned_data), by=actor_of(request), at=timezone.now()
        )
    except DomainError as error:
        return render_refused(request, TERMS_PAGE, page, error)
    messages.success(request, _("Saved. The proposal is computed with these terms from now on."))
    return redirect("mar:call-off-product", product.code)


@allow("stock.view", houses=HOUSES)
@require_safe
def call_off_detail(request: HttpRequest, call_off_id: UUID) -> HttpResponse:
    """Show one call-off: what came, what is still to come."""
    return render(request, DETAIL_PAGE, _detail_page(request, _call_off(call_off_id)))


@allow("stock.plan", houses=("mar",))
@require_POST
def call_off_move(request: HttpRequest, call_off_id: UUID) -> HttpResponse:
    """Note the day on which the rest is expected now."""
    form = MoveForm(request.POST)
    return _step(request, _call_off(call_off_id), "move_form", form, services.move_call_off)


@allow("stock.plan", houses=("mar",))
@require_POST
def call_off_close(request: HttpRequest, call_off_id: UUID) -> HttpResponse:
    """Say that the rest does not come."""
    form = CloseForm(request.POST)
    return _step(request, _call_off(call_off_id), "close_form", form, services.close_call_off)


@allow("stock.plan", houses=("mar",))
@require_POST
def call_off_delivery(request: HttpRequest, call_off_id: UUID) -> HttpResponse:
    """Say that a delivery whose file named no call-off belongs to this one."""
    call_off = _call_off(call_off_id)
    form = DeliveryForm(request.POST, call_off=call_off)
    return _step(request, call_off, "delivery_form", form, services.assign_delivery)


def _step(
    request: HttpRequest, call_off: CallOff, name: str, form: forms.Form, service: Callable[..., CallOff]
) -> HttpResponse:
    page = _detail_page(request, call_off) | {name: form}
    if not form.is_valid():
        return render(request, DETAIL_PAGE, page, status=FORM_ERROR_STATUS)
    try:
        service(call_off.pk, by=actor_of(request), at=timezone.now(), **form.cleaned_data)
    except DomainError as error:
        return render_refused(request, DETAIL_PAGE, page, error)
    messages.success(request, _("Saved."))
    return redirect("mar:call-off", call_off.pk)


def _product_page(request: HttpRequest, product: Product) -> dict[str, Any]:
    now = timezone.now()
    found = proposal_of(product, at=now)
    expected = timezone.localdate() + timedelta(days=found.proposal.terms.lead_time_days)
    first = {"quantity": found.proposal.quantity or None, "expected_on": expected}
    return {
        "product": product,
        "proposal": found.proposal,
        "lines": lines_of(found.proposal),
        "row": row_of(found.forecast),
        "call_offs": [(one, state_of(one)) for one in call_offs(product.pk)[:20]],
        "form": CallOffForm(initial=first) if _may_plan(request) else None,
        "may_plan": _may_plan(request),
    }


def _detail_page(request: HttpRequest, call_off: CallOff) -> dict[str, Any]:
    is_open = call_off.state == CallOff.State.OPEN and _may_plan(request)
    delivery = DeliveryForm(call_off=call_off) if is_open else None
    has_choice = delivery is not None and delivery.fields["number"].choices  # type: ignore[attr-defined]
    return {
        "call_off": call_off,
        "state": state_of(call_off),
        "deliveries": list(deliveries_of(call_off)[:200]),
        "move_form": MoveForm(initial={"expected_on": call_off.expected_on}) if is_open else None,
        "close_form": CloseForm() if is_open else None,
        "delivery_form": delivery if has_choice else None,
    }


def _call_off(call_off_id: UUID) -> CallOff:
    found = call_off_by_id(call_off_id)
    if found is None:
        raise Http404
    return found


def _may_plan(request: HttpRequest) -> bool:
    return "stock.plan" in request.permissions  # type: ignore[attr-defined]
