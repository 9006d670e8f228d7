"""Order licences and look at orders."""

from datetime import datetime
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
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError, NotFound, Refusal
from licensing.models import LicenceFamily, Order, Product, ProductKey
from licensing.rules.ordering import MAX_QUANTITY
from licensing.rules.quota import kind_of
from licensing.selectors.catalogue import CatalogueItem, catalogue_for, product_by_code
from licensing.selectors.orders import keys_of, orders_of
from licensing.selectors.quota import quota_of_product
from licensing.selectors.timeline import order_events
from licensing.services.orders import OrderRequest, Preflight, place_order, preflight
from partners.models import Recipient
from partners.selectors.recipients import orderable_recipients
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS, IdempotencyField
from portal.policy import allow
from portal.tables import Column, DateRangeFilter, Empty, Table, render_table, status_filter
from portal.web.quota_words import quota_meter
from portal.web.refused import render_refused
from portal.web.tpr.place import device_of, partner_id_of
from portal.web.tpr.standing import stops_now

HOUSE = ("tpr",)


class OrderForm(forms.Form):
    """How many, and the buyer's own reference."""

    quantity = forms.IntegerField(
        label=gettext_lazy("How many licences?"),
        min_value=1,
        max_value=MAX_QUANTITY,
        initial=1,
        error_messages={
            "min_value": gettext_lazy("One licence is the least."),
            "max_value": gettext_lazy("At most %(limit_value)s at once. Place a second order for the rest."),
        },
        help_text=gettext_lazy("From one up. The keys are yours the moment you order."),
        widget=forms.NumberInput(
            attrs={"inputmode": "numeric", "autocomplete": "off", "class": "input-short"}
        ),
    )
    reference = forms.CharField(
        label=gettext_lazy("Your reference"),
        max_length=60,
        required=False,
        help_text=gettext_lazy("Shown on the order and the statement. For example your own order number."),
        widget=forms.TextInput(attrs={"autocomplete": "off"}),
    )
    token = IdempotencyField()


class RecipientField(forms.TypedChoiceField):
    """One of the own recipients. It is needed, but its absence is said by the order's gate, with the way out."""

    def validate(self, value: Any) -> None:
        """Let an empty choice pass on to the gate."""
        if value not in self.empty_values:
            super().validate(value)


class CitizenshipOrderForm(OrderForm):
    """The same with the recipient, whom a Citizenship licence needs."""

    recipient = RecipientField(
        label=gettext_lazy("For which recipient?"),
        coerce=UUID,
        empty_value=None,
        help_text=gettext_lazy("Your approved recipients that may receive this product."),
    )
    field_order = ("recipient", "quantity", "reference", "token")

    def __init__(self, *args: Any, recipients: list[Recipient], **options: Any) -> None:
        super().__init__(*args, **options)
        field = self.fields["recipient"]
        assert isinstance(field, forms.ChoiceField)  # noqa: S101  (tells the type checker)
        field.choices = [("", _("Choose one"))] + [
            (str(each.pk), f"{each.name}, {each.town}") for each in recipients
        ]


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
    items = catalogue_for(partner_id=partner_id, at=now)
    shown = [(item, _quota_shown(partner_id, item, now)) for item in items]
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
    quantity, recipient_id = form.cleaned_data["quantity"], form.cleaned_data.get("recipient")
    shown = preflight(
        partner_id=partner_id,
        product_id=product.id,
        quantity=quantity,
        recipient_id=recipient_id,
        at=timezone.now(),
    )
    context |= {"preflight": shown, "against": _against(shown, form, is_asked=request.method == "POST")}
    if request.method != "POST" or "check" in request.POST:
        template = "tpr/_preflight.html" if request.htmx else "tpr/order_new.html"  # type: ignore[attr-defined]
        return render(request, template, context)
    try:
        placed = place_order(
            partner_id=partner_id,
            request=OrderRequest(
                product.id, quantity, form.cleaned_data["reference"], recipient_id=recipient_id
            ),
            idempotency_key=str(form.cleaned_data["token"]),
            by=actor_of(request),
            at=timezone.now(),
        )
    except DomainError as error:
        return render_refused(request, "tpr/order_new.html", context, error)
    if placed.is_new:
        messages.success(request, _("Done. Your keys are assigned and ready."))
    return redirect("tpr:order-detail", placed.order_id)


def _against(shown: Preflight, form: OrderForm, *, is_asked: bool) -> list[Refusal]:
    """Return what stands against the order; before anything is asked, the form alone asks for a recipient."""
    found = [gate.refusal for gate in shown.gates if gate.refusal]
    recipient = form.fields.get("recipient")
    if is_asked or recipient is None or len(recipient.choices) <= 1:  # type: ignore[attr-defined]
        return found
    return [refusal for refusal in found if refusal.code != "recipient_needed"]


def _form_for(request: HttpRequest, product: Product, partner_id: UUID) -> OrderForm:
    given = request.POST or _asked(request)
    if product.family != LicenceFamily.CITIZENSHIP:
        return OrderForm(given)
    kind = kind_of(product.generation)
    return CitizenshipOrderForm(given, recipients=orderable_recipients(partner_id, kind, timezone.now()))


def _asked(request: HttpRequest) -> dict[str, object]:
    blank = OrderForm()
    return {
        "quantity": request.GET.get("quantity", "1"),
        "reference": request.GET.get("reference", ""),
        "recipient": request.GET.get("recipient", ""),
        "token": request.GET.get("token") or blank["token"].initial,
    }


@allow("order.view", houses=HOUSE)
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """List the partner's orders."""
    table = OrderTable(request, orders_of(partner_id_of(request)))
    return render_table(request, "tpr/order_list.html", {"table": table})


@allow("order.view", houses=HOUSE)
@require_safe
def order_detail(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Show one order with its keys and what happened to it."""
    order = orders_of(partner_id_of(request)).filter(pk=order_id).first()
    if order is None:
        raise Http404
    table = OrderKeyTable(request, keys_of(order.partner_id).filter(order_line__order_id=order_id))
    context = {"order": order, "table": table, "events": order_events(order)}
    return render_table(request, "tpr/order_detail.html", context)
