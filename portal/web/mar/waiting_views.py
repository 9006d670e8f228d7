"""Orders that wait, with all facts on one page, and the decision about those of the special lane."""

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
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from licensing.models import Order, OrderState
from licensing.selectors.order_wait import (
    decision_now,
    exposure_of,
    orders_by_state,
    queue_place,
    waiting_orders,
)
from licensing.selectors.orders import all_orders
from licensing.selectors.timeline import order_events
from licensing.services.order_approval import approve_order, refuse_order
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.plain_text import plain_text
from portal.policy import allow
from portal.status import status
from portal.tables import Column, Empty, Table, TextFilter, render_table, status_filter
from portal.web.order_details import details_shown
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")
LOOKED_BACK = timedelta(days=90)


class DecisionForm(forms.Form):
    """Yes or no, and why."""

    decision = forms.ChoiceField(
        label=gettext_lazy("Decision"),
        choices=[("approve", gettext_lazy("Approve")), ("refuse", gettext_lazy("Do not approve"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=300,
        validators=[plain_text],
        help_text=gettext_lazy("The buyer reads these words."),
        widget=forms.Textarea({"rows": 3}),
    )


class WaitingTable(Table):
    """Every order that waits for something."""

    dom_id = "waiting"
    caption = gettext_lazy("Orders that wait")
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
        Column("since", gettext_lazy("Waits"), kind="ago", accessor="waits_since", sort="waits_since"),
        Column("until", gettext_lazy("At most until"), kind="date", accessor="expires_at", sort="expires_at"),
        Column("state", gettext_lazy("State"), kind="status", status="order", sort="state"),
    )
    filters = (
        status_filter("state", gettext_lazy("State"), "order"),
        TextFilter("partner", gettext_lazy("Partner"), "partner__code"),
    )
    order = "since"
    empty = Empty(
        gettext_lazy("Nothing waits"),
        gettext_lazy(
            "Normal orders need no person. What is held, queued or above the thresholds stands here."
        ),
        icon="circle-check",
    )

    def row_url(self, row: Order) -> str:
        """Return where a row leads."""
        return reverse("mar:order-decide", args=[row.pk])


@allow("mar_order.view", houses=HOUSES)
@require_safe
def waiting_list(request: HttpRequest) -> HttpResponse:
    """List the orders that wait."""
    table = WaitingTable(request, waiting_orders())
    return render_table(request, "mar/order_waiting.html", {"table": table})


@allow("mar_order.view", houses=HOUSES)
@require_http_methods(["GET", "HEAD", "POST"])
def decide(request: HttpRequest, order_id: UUID) -> HttpResponse:
    """Show all facts about an order that waits; decide about it where a decision is asked for."""
    order = all_orders().filter(pk=order_id).first()
    if order is None:
        raise Http404
    may_decide = _may_decide(request, order)
    form = DecisionForm(request.POST or None) if may_decide else None
    context = _facts(order) | {"form": form}
    if request.method != "POST" or form is None or not form.is_valid():
        if request.method == "POST" and form is None:
            raise Http404
        status_code = FORM_ERROR_STATUS if request.method == "POST" else 200
        return render(request, "mar/order_decide.html", context, status=status_code)
    is_yes = form.cleaned_data["decision"] == "approve"
    act = approve_order if is_yes else refuse_order
    try:
        act(order_id, reason=form.cleaned_data["reason"], by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/order_decide.html", context, error)
    messages.success(request, _("Approved.") if is_yes else _("Not approved. The buyer is told why."))
    return redirect("mar:order-detail", order_id)


def _may_decide(request: HttpRequest, order: Order) -> bool:
    is_open = order.state == OrderState.NEEDS_APPROVAL and order.placed_by_id != actor_of(request).id
    return is_open and "order.decide" in request.permissions  # type: ignore[attr-defined]


def _facts(order: Order) -> dict[str, Any]:
    now = timezone.now()
    past = orders_by_state(order.partner_id, now - LOOKED_BACK)
    return {
        "order": order,
        "events": order_events(order),
        "decision": decision_now(order, now),
        "exposure": exposure_of(order.partner_id),
        "past": [(status("order", state).label, *counts) for state, counts in past.items()],
        "place": queue_place(order, now),
        "details": details_shown(order),
    }
