"""Order licences and look at orders."""

from datetime import datetime
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

from core.errors import DomainError, NotFound, Refusal
from licensing.models import LicenceFamily, Order, OrderState, Product, ProductKey
from licensing.models.order import WAITING_STATES
from licensing.rules.quota import kind_of
from licensing.selectors.catalogue import CatalogueItem, catalogue_for, product_by_code
from licensing.selectors.order_wait import queue_place
from licensing.selectors.orders import keys_of, orders_of
from licensing.selectors.products import required_fields_at, versions_at
from licensing.selectors.quota import quota_of_product
from licensing.selectors.scarcity import receipts_of
from licensing.selectors.timeline import order_events
from licensing.services.order_cancel import cancel_own_order
from licensing.services.order_confirm import confirm_order
from licensing.services.orders import Preflight, place_order, preflight
from partners.selectors.recipients import orderable_recipients
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, DateRangeFilter, Empty, Table, render_table, status_filter
from portal.web.order_details import conditions_of, details_shown
from portal.web.quota_words import quota_meter
from portal.web.refused import render_refused
from portal.web.required_fields import PREFIX
from portal.web.tpr.order_forms import CancelForm, CitizenshipOrderForm, OrderForm
from portal.web.tpr.place import device_of, partner_id_of
from portal.web.tpr.standing import stops_now

HOUSE = ("tpr",)
MOST_RECEIPTS = 50
CANCELLABLE = (*WAITING_STATES, OrderState.ALLOCATED.value)


PLACED_WORDS = {
    OrderState.ALLOCATED: gettext_lazy("Done. Your keys are assigned and ready."),
    OrderState.BACKORDERED: gettext_lazy(
        "Your order is in the queue. You get a mail when your keys are there."
    ),
    OrderState.NEEDS_APPROVAL: gettext_lazy("Your order is with the MAR. You get a mail with the decision."),
}


class OrderTable(Table):
    """Everything a partner ordered."""

    dom_id = "orders"
    caption = gettext_lazy("Orders")
    columns = (
        Column("number", gettext_lazy("Order"), kind="mono", accessor=str, sort="number", primary=True),
        Column("product", gettext_lazy("Product"), accessor="product_name"),
        Column("keys", gettext_lazy("Keys"), kind="number", accessor="quantity", sort="quantity"),
        Column(
            "total",
            gettext_lazy("Total"),
            kind="money",
            accessor=lambda order: (order.amount, order.currency),
        ),
        Column("reference", gettext_lazy("Your reference"), accessor="reference"),
        Column("placed", gettext_lazy("Placed"), kind="datetime", accessor="placed_at", sort="placed_at"),
        Column("state", gettext_lazy("State"), kind="status", status="order", sort="state"),
    )
    filters = (
        status_filter("state", gettext_lazy("State"), "order"),
        DateRangeFilter("placed", gettext_lazy("Placed"), "placed_at"),
    )
    search = ("reference",)
    search_label = gettext_lazy("Your reference")
    order = "-placed"
    empty = Empty(
        gettext_lazy("No orders yet"),
        gettext_lazy("Your first order takes a minute, and the keys are there at once."),
        gettext_lazy("Order licences"),
        "/tpr/order/",
    )

    def row_url(self, row: Order) -> str:
        """Return where a row leads."""
        return reverse("tpr:order-detail", args=[row.pk])


class OrderKeyTable(Table):
    """The keys of one order, by id and last five characters."""

    dom_id = "order-keys"
    caption = gettext_lazy("Keys of this order")
    columns = (
        Column(
            "id",
            gettext_lazy("Product key id"),
            kind="mono",
            accessor="product_key_id",
            sort="id",
            primary=True,
        ),
        Column("last5", gettext_lazy("Key"), kind="key", accessor="last5"),
        Column("state", gettext_lazy("State"), kind="status", status="key", sort="state"),
        Column("device", gettext_lazy("PC"), accessor=device_of),
        Column("since", gettext_lazy("Since"), kind="ago", accessor="state_since", sort="state_since"),
    )
    filters = (status_filter("state", gettext_lazy("State"), "key"),)
    order = "id"

    def row_url(self, row: ProductKey) -> str:
        """Return where a row leads."""
        return reverse("tpr:key-detail", args=[row.product_key_id])


@allow("catalogue.view", houses=HOUSE)
@require_safe
def catalogue(request: HttpRequest) -> HttpResponse:
    """Show what can be ordered, at which price, and how much is in stock."""
    partner_id, now = partner_id_of(request), timezone.now()
    items, versions = catalogue_for(partner_id=partner_id, at=now), versions_at(now)
    shown = [
        (item, _quota_shown(partner_id, item, now), conditions_of(versions.get(item.product.pk)))
        for item in items
    ]
    context = {"items": shown, "stopping": stops_now(partner_id, at=now)}
    return render(request, "tpr/catalogue.html", context)


def _quota_shown(partner_id: UUID, item: CatalogueItem, at: datetime) -> dict[str, Any] | None:
    """Return the quota's bar of a Citizenship product the partner may order, None for every other."""
    if not item.is_allowed or item.product.family != LicenceFamily.CITIZENSHIP:
        return None
    return quota_meter(quota_of_product(partner_id, item.product, at))


@allow("order.place", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def new_order(request: HttpRequest, code: str) -> HttpResponse:
    """Check every gate for a quantity, then place the order."""
    try:
        product = product_by_code(code)
    except NotFound as error:
        raise Http404 from error
    partner_id = partner_id_of(request)
    form = _form_for(request, product, partner_id)
    context = {"form": form, "product": product}
    if not form.is_valid():
        return render(request, "tpr/order_new.html", context, status=FORM_ERROR_STATUS)
    asked = form.request_for(product.id)
    shown = preflight(partner_id=partner_id, request=asked, at=timezone.now())
    against = _against(shown, form)
    may_place = shown.is_accepted or not (form.is_asked or against)
    context |= {"preflight": shown, "against": against, "may_place": may_place}
    if request.method != "POST" or "check" in request.POST:
        template = "tpr/_preflight.html" if request.htmx else "tpr/order_new.html"  # type: ignore[attr-defined]
        return render(request, template, context)
    try:
        placed = place_order(
            partner_id=partner_id,
            request=asked,
            idempotency_key=str(form.cleaned_data["token"]),
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "tpr/order_new.html", context, error)
    if placed.is_new:
        messages.success(request, PLACED_WORDS.get(placed.state, _("Your order is taken. It waits for now.")))
    return redirect("tpr:order-detail", placed.order_id)


def _against(shown: Preflight, form: OrderForm) -> list[Refusal]:
    """Return what stands against the order; before anything is asked, the form alone asks for what is empty."""
    found = [gate.refusal for gate in shown.gates if gate.refusal]
    if form.is_asked:
        return found
    recipient = form.fields.get("recipient")
    by_form = {"details_invalid"} if form.schema else set()
    if recipient is not None and len(recipient.choices) > 1:  # type: ignore[attr-defined]
        by_form.add("recipient_needed")
    return [refusal for refusal in found if refusal.code not in by_form]


def _form_for(request: HttpRequest, product: Product, partner_id: UUID) -> OrderForm:
    given, now = request.POST or _asked(request), timezone.now()
    schema, is_asked = required_fields_at(product.pk, now), request.method == "POST"
    if product.family != LicenceFamily.CITIZENSHIP:
        return OrderForm(given, schema=schema, is_asked=is_asked)
    recipients = orderable_recipients(partner_id, kind_of(product.generation), now)
    return CitizenshipOrderForm(given, recipients=recipients, schema=schema, is_asked=is_asked)


def _asked(request: HttpRequest) -> dict[str, object]:
    blank = OrderForm()
    return {
        "quantity": request.GET.get("quantity", "1"),
        "reference": request.GET.get("reference", ""),
        "recipient": request.GET.get("recipient", ""),
        "shortage": request.GET.get("shortage", "refuse"),
        "lane": request.GET.get("lane", ""),
        "wish": request.GET.get("wish", ""),
        "token": request.GET.get("token") or blank["token"].initial,
        **{name: value for name, value in request.GET.items() if name.startswith(PREFIX)},
    }


@allow("order.view", houses=HOUSE)
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """List the partner's orders."""
    table = OrderTable(request, orders_of(partner_id_of(request)))
    return render_table(request, "tpr/order_list.html", {"table": table})


@allow("order.view", houses=HOUSE)
@require_safe
def receipts(request: HttpRequest) -> HttpResponse:
    """Show the partner's own receipts of scarce stock shared out."""
    found = receipts_of(partner_id_of(request))[:MOST_RECEIPTS]
    return render(request, "tpr/receipts.html", {"receipts": found})


@allow("order.view", houses=HOUSE)
@require_safe
def order_detail(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Show one order with its keys and what happened to it."""
    return render_table(request, "tpr/order_detail.html", _order_shown(request, order_id))


def _order_shown(request: HttpRequest, order_id: UUID) -> dict[str, Any]:
    order = orders_of(partner_id_of(request)).filter(pk=order_id).first()
    if order is None:
        raise Http404
    table = OrderKeyTable(request, keys_of(order.partner_id).filter(order_line__order_id=order_id))
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    return {
        "order": order,
        "table": table,
        "events": order_events(order),
        "place": queue_place(order, timezone.now()),
        "parts": orders_of(order.partner_id).filter(split_from=order),
        "may_cancel": "order.cancel" in permissions and order.state in CANCELLABLE,
        "is_reserved": order.state == OrderState.DRAFT,
        "may_confirm": "order.place" in permissions,
        "details": details_shown(order),
    }


@allow("order.place", houses=HOUSE)
@require_POST
def confirm(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Turn reserved keys into an order, within their time."""
    context = _order_shown(request, order_id)
    try:
        state = confirm_order(
            order_id, partner_id=partner_id_of(request), by=actor_of(request), at=timezone.now()
        )
    except DomainError as error:
        return render_refused(request, "tpr/order_detail.html", context, error)
    messages.success(request, PLACED_WORDS.get(state, _("Your order is taken. It waits for now.")))
    return redirect("tpr:order-detail", order_id)


@allow("order.cancel", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Cancel an order that waits, or none of whose keys anyone has seen."""
    order = orders_of(partner_id_of(request)).filter(pk=order_id).first()
    if order is None:
        raise Http404
    form = CancelForm(request.POST or None)
    context = {"order": order, "form": form}
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "tpr/order_cancel.html", context, status=status)
    try:
        cancel_own_order(
            order_id, partner_id=order.partner_id, reason=form.cleaned_data["reason"], by=actor_of(request),
            at=timezone.now(),
        )  # fmt: skip
    except DomainError as error:
        return render_refused(request, "tpr/order_cancel.html", context, error)
    messages.success(request, _("Cancelled. Its keys went back to stock; nothing is charged."))
    return redirect("tpr:order-detail", order_id)
