"""All partners' orders and every key's life, for the MAR's people."""

from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from licensing.models import Order, OrderState, ProductKey
from licensing.models.order import WAITING_STATES
from licensing.rules.key_states import Hold, KeyState
from licensing.selectors.order_wait import queue_place
from licensing.selectors.orders import all_keys, all_orders, key_called
from licensing.selectors.replacements import replacements_of_key
from licensing.selectors.timeline import order_events
from licensing.services.incidents import PAST_REPORTING
from licensing.services.order_cancel import cancel_order
from licensing.services.recall import recall_key
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, DateRangeFilter, Empty, Table, TextFilter, render_table, status_filter
from portal.web.key_life import life_of
from portal.web.mar.forms import ReasonForm, RecallForm
from portal.web.mar.incidents_views import kinds_for
from portal.web.order_details import details_shown
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")
CANCELLABLE = (*WAITING_STATES, OrderState.ALLOCATED.value)


class OrderTable(Table):
    """Every partner's orders."""

    dom_id = "orders"
    caption = gettext_lazy("Orders")
    columns = (
        Column("number", gettext_lazy("Order"), kind="mono", accessor=str, sort="number", primary=True),
        Column("partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name"),
        Column("product", gettext_lazy("Product"), accessor="product_name"),
        Column("keys", gettext_lazy("Keys"), kind="number", accessor="quantity", sort="quantity"),
        Column(
            "total",
            gettext_lazy("Total"),
            kind="money",
            accessor=lambda order: (order.amount, order.currency),
        ),
        Column("channel", gettext_lazy("By"), accessor="get_channel_display"),
        Column("placed", gettext_lazy("Placed"), kind="datetime", accessor="placed_at", sort="placed_at"),
        Column("state", gettext_lazy("State"), kind="status", status="order", sort="state"),
    )
    filters = (
        status_filter("state", gettext_lazy("State"), "order"),
        TextFilter("partner", gettext_lazy("Partner"), "partner__code"),
        DateRangeFilter("placed", gettext_lazy("Placed"), "placed_at"),
    )
    search = ("reference", "partner__code__exact")
    search_label = gettext_lazy("Reference or partner code")
    order = "-placed"
    empty = Empty(gettext_lazy("No orders yet"), gettext_lazy("Orders appear here as partners place them."))

    def row_url(self, row: Order) -> str:
        """Return where a row leads."""
        return reverse("mar:order-detail", args=[row.pk])


class OrderKeyTable(Table):
    """The keys of one order."""

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
        Column("hold", gettext_lazy("Hold"), kind="status", status="hold", sort="hold"),
        Column("since", gettext_lazy("Since"), kind="ago", accessor="state_since", sort="state_since"),
    )
    order = "id"

    def row_url(self, row: ProductKey) -> str:
        """Return where a row leads."""
        return reverse("mar:key-detail", args=[row.product_key_id])


@allow("mar_order.view", houses=HOUSES)
@require_safe
def order_list(request: HttpRequest) -> HttpResponse:
    """List all orders."""
    return render_table(request, "mar/order_list.html", {"table": OrderTable(request, all_orders())})


@allow("mar_order.view", houses=HOUSES)
@require_safe
def order_detail(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Show one order with its keys."""
    order = _order(order_id)
    table = OrderKeyTable(request, all_keys().filter(order_line__order=order))
    may_cancel = "partner.manage" in request.permissions and order.state in CANCELLABLE  # type: ignore[attr-defined]
    context = {"order": order, "table": table, "events": order_events(order), "may_cancel": may_cancel}
    context |= {"details": details_shown(order), "place": queue_place(order, timezone.now())}
    return render_table(request, "mar/order_detail.html", context)


@allow("partner.manage", houses=HOUSES, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Cancel an order that nobody has touched."""
    order = _order(order_id)
    form = ReasonForm(request.POST or None)
    context = {"order": order, "form": form}
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "mar/order_cancel.html", context, status=status)
    try:
        cancel_order(order.pk, reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/order_cancel.html", context, error)
    messages.success(request, _("Cancelled. All its keys are back in stock."))
    return redirect("mar:order-detail", order.pk)


@allow("mar_order.view", houses=HOUSES)
@require_safe
def key_detail(request: HttpRequest, product_key_id: str) -> HttpResponse:
    """Show one key's life, from its delivery to its last step. Nobody at the MAR can see the key itself."""
    key = _key(product_key_id)
    build = key.builds.filter(ended_at__isnull=True).select_related("device").first()
    permissions: frozenset[str] = request.permissions  # type: ignore[attr-defined]
    is_free = key.hold == Hold.NONE
    context = {
        "key": key,
        "life": life_of(key, wing="mar"),
        "build": build,
        "replacements": replacements_of_key(product_key_id),
        "may_recall": "exit.manage" in permissions and key.state == KeyState.RETRIEVED and is_free,
        "may_freeze": "incident.report" in permissions and is_free and key.state not in PAST_REPORTING,
        "may_correct": "correction.ask" in permissions and kinds_for(key),
    }
    return render(request, "mar/key_detail.html", context)


@allow("exit.manage", houses=("mar",), fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def recall(request: HttpRequest, product_key_id: str) -> HttpResponse:
    """Call back a key that was taken and will not be reported: lost, damaged, or its PC is gone."""
    key = _key(product_key_id)
    form = RecallForm(request.POST or None)
    context = {"key": key, "form": form}
    if request.method != "POST" or not form.is_valid():
        status = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "mar/key_recall.html", context, status=status)
    try:
        recall_key(key.pk, reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/key_recall.html", context, error)
    messages.success(request, _("Called back and the partner is told. The key stays in quarantine for good."))
    return redirect("mar:key-detail", key.product_key_id)


def _key(product_key_id: str) -> ProductKey:
    key = key_called(product_key_id)
    if key is None:
        raise Http404
    return key


def _order(order_id: UUID) -> Order:
    order = all_orders().filter(pk=order_id).first()
    if order is None:
        raise Http404
    return order
