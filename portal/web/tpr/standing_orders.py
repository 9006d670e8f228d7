"""Standing orders: the list, a new one, and what is ahead and behind of each."""

from datetime import date, time
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.forms import BoundField
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from licensing.models import LicenceFamily, OrderFileLine, StandingOrder, StandingRun
from licensing.rules.ordering import MAX_QUANTITY
from licensing.rules.quota import kind_of
from licensing.selectors.catalogue import CatalogueItem, catalogue_for
from licensing.selectors.products import versions_at
from licensing.selectors.standing_orders import (
    cost_at,
    lines_of,
    next_times,
    runs_of,
    standing_order_of,
    standing_orders_of,
    times_left,
)
from licensing.services import standing_orders as service
from licensing.services.standing_orders import StandingLine, StandingWish, make_standing_order
from partners.selectors.recipients import orderable_recipients
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS, IdempotencyField, OneOfManyField
from portal.plain_text import plain_text
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table, status_filter
from portal.web.refused import render_refused
from portal.web.tpr.place import partner_id_of

HOUSE = ("tpr",)
# A date that was refused and is tried again when the order is resumed.
OPEN_RUNS = (StandingRun.Outcome.HELD, StandingRun.Outcome.STOPPED)


class StandingOrderTable(Table):
    """A partner's standing orders."""

    dom_id = "standing-orders"
    caption = gettext_lazy("Standing orders")
    columns = (
        Column("name", gettext_lazy("Standing order"), accessor="name", sort="name", primary=True),
        Column("cadence", gettext_lazy("How often"), accessor="get_cadence_display"),
        Column("quantity", gettext_lazy("Licences each time"), kind="number", sort="quantity"),
        Column("next", gettext_lazy("Next time"), kind="datetime", accessor="next_at", sort="next_at"),
        Column("by", gettext_lazy("Made by"), accessor="made_by"),
        Column("state", gettext_lazy("State"), kind="status", status="standing_order", sort="state"),
    )
    filters = (status_filter("state", gettext_lazy("State"), "standing_order"),)
    search = ("name",)
    search_label = gettext_lazy("Standing order")
    order = "name"
    empty = Empty(
        gettext_lazy("No standing orders"),
        gettext_lazy("Order the same every week or month, or once on a day, without thinking of it."),
        gettext_lazy("New standing order"),
        "/tpr/orders/standing/new/",
        icon="calendar-event",
    )

    def row_url(self, row: StandingOrder) -> str:
        """Return where a row leads."""
        return reverse("tpr:standing-order-detail", args=[row.pk])


class StandingOrderForm(forms.Form):
    """What, when, for how long, and what happens when it is refused."""

    name = forms.CharField(
        label=gettext_lazy("Name"), max_length=60, validators=[plain_text],
        help_text=gettext_lazy("Your reference on each of its orders."),
    )  # fmt: skip
    cadence = forms.ChoiceField(
        label=gettext_lazy("How often"), choices=StandingOrder.Cadence.choices, widget=forms.RadioSelect,
        initial="weekly",
    )  # fmt: skip
    starts_on = forms.DateField(
        label=gettext_lazy("First date"),
        widget=forms.DateInput({"type": "date", "class": "input-short"}, "%Y-%m-%d"),
    )
    time_of_day = forms.TimeField(
        label=gettext_lazy("Time"), initial=time(8),
        widget=forms.TimeInput({"type": "time", "class": "input-short"}, "%H:%M"),
    )  # fmt: skip
    weekday = forms.TypedChoiceField(
        label=gettext_lazy("On which weekday"), required=False, coerce=int, empty_value=None,
        choices=[("", gettext_lazy("That of the first date")), *((day + 1, name) for day, name in WEEKDAYS.items())],
    )  # fmt: skip
    month_day = forms.IntegerField(
        label=gettext_lazy("On which day of the month"), required=False, min_value=1, max_value=31,
        help_text=gettext_lazy("Empty: that of the first date. Past a month’s end: its last day."),
        widget=forms.NumberInput({"class": "input-short", "inputmode": "numeric"}),
    )  # fmt: skip
    ends_on = forms.DateField(
        label=gettext_lazy("Last date"), required=False, help_text=gettext_lazy("Empty: until you end it."),
        widget=forms.DateInput({"type": "date", "class": "input-short"}, "%Y-%m-%d"),
    )  # fmt: skip
    times = forms.IntegerField(
        label=gettext_lazy("How many times at most"), required=False, min_value=1, max_value=1000,
        widget=forms.NumberInput({"class": "input-short", "inputmode": "numeric"}),
    )  # fmt: skip
    shortage = forms.ChoiceField(
        label=gettext_lazy("If there are not enough keys in stock"), choices=OrderFileLine.Shortage.choices,
        initial="refuse", widget=forms.RadioSelect,
    )  # fmt: skip
    if_refused = forms.ChoiceField(
        label=gettext_lazy("If an order is refused"), choices=StandingOrder.IfRefused.choices, initial="skip",
        widget=forms.RadioSelect,
    )  # fmt: skip
    token = IdempotencyField()

    def __init__(self, *args: Any, items: list[CatalogueItem], partner_id: UUID, **options: Any) -> None:
        super().__init__(*args, **options)
        self.items = items
        for item in items:
            self._add(item, partner_id)
        products = [name for name in self.fields if name.startswith(("product-", "recipient-"))]
        self.order_fields(["name", *products])

    def _add(self, item: CatalogueItem, partner_id: UUID) -> None:
        product = item.product
        self.fields[f"product-{product.pk}"] = OneOfManyField(
            label=product.name, required=False, min_value=1, max_value=MAX_QUANTITY,
            widget=forms.NumberInput({"inputmode": "numeric", "class": "input-short"}),
        )  # fmt: skip
        if product.family == LicenceFamily.CITIZENSHIP:
            recipients = orderable_recipients(partner_id, kind_of(product.generation), timezone.now())
            self.fields[f"recipient-{product.pk}"] = forms.TypedChoiceField(
                label=_("%(product)s: for which recipient?") % {"product": product.name}, required=False,
                coerce=UUID, empty_value=None,
                choices=[("", _("Choose one")), *((str(each.pk), each.name) for each in recipients)],
            )  # fmt: skip

    def product_fields(self) -> list[tuple[BoundField, BoundField | None]]:
        """Return the quantity of each product, with the recipient where one is needed."""
        found = []
        for item in self.items:
            recipient = f"recipient-{item.product.pk}"
            found.append(
                (self[f"product-{item.product.pk}"], self[recipient] if recipient in self.fields else None)
            )
        return found

    def clean(self) -> None:
        """Ask for at least one product."""
        if not self.errors and not self._lines():
            raise forms.ValidationError(_("Give a quantity for at least one product."))

    def _lines(self) -> list[StandingLine]:
        asked = self.cleaned_data
        return [
            StandingLine(
                item.product.code,
                asked[f"product-{item.product.pk}"],
                asked.get(f"recipient-{item.product.pk}"),
                asked.get("shortage", "refuse"),
            )
            for item in self.items
            if asked.get(f"product-{item.product.pk}")
        ]

    def wish(self) -> StandingWish:
        """Return what is wished, by the clock of the person's own zone."""
        asked = self.cleaned_data
        return StandingWish(
            asked["name"],
            self._lines(),
            asked["cadence"],
            asked["starts_on"],
            asked["time_of_day"],
            timezone.get_current_timezone_name(),
            asked["weekday"],
            asked["month_day"],
            asked["ends_on"],
            asked["times"],
            asked["if_refused"],
        )


@allow("order.view", houses=HOUSE)
@require_safe
def standing_order_list(request: HttpRequest) -> HttpResponse:
    """List the partner's standing orders."""
    table = StandingOrderTable(request, standing_orders_of(partner_id_of(request)))
    return render_table(request, "tpr/standing_order_list.html", {"table": table, "section": "standing"})


@allow("order.place", houses=HOUSE, fresh_factor=True)
@require_http_methods(["GET", "HEAD", "POST"])
def new_standing_order(request: HttpRequest) -> HttpResponse:
    """Make a standing order; that it is really you is asked now, since it orders without you later."""
    partner_id, now = partner_id_of(request), timezone.now()
    items, asking = _orderable(partner_id)
    form = StandingOrderForm(request.POST or None, items=items, partner_id=partner_id)
    context = {"form": form, "asking": asking, "zone": timezone.get_current_timezone_name()}
    if not form.is_valid():
        status = FORM_ERROR_STATUS if form.is_bound else 200
        return render(request, "tpr/standing_order_new.html", context, status=status)
    try:
        order = make_standing_order(
            partner_id,
            form.wish(),
            idempotency_key=str(form.cleaned_data["token"]),
            by=actor_of(request),
            at=now,
        )
    except DomainError as error:
        return render_refused(request, "tpr/standing_order_new.html", context, error)
    messages.success(
        request, _("The standing order is made. Below you see its next dates and what they would cost.")
    )
    return redirect("tpr:standing-order-detail", order.pk)


@allow("order.view", houses=HOUSE)
@require_safe
def standing_order_detail(request: HttpRequest, standing_order_id: UUID) -> HttpResponse:
    """Show a standing order: what is ahead with its cost, and what became of each day."""
    return render(request, "tpr/standing_order.html", _context(request, standing_order_id))


@allow("order.place", houses=HOUSE)
@require_POST
def pause(request: HttpRequest, standing_order_id: UUID) -> HttpResponse:
    """Let it rest."""
    return _act(
        request,
        standing_order_id,
        service.pause_standing_order,
        _("Paused until you resume it."),
    )


@allow("order.place", houses=HOUSE, fresh_factor=True)
@require_POST
def resume(request: HttpRequest, standing_order_id: UUID) -> HttpResponse:
    """Let it go on."""
    return _act(
        request,
        standing_order_id,
        service.resume_standing_order,
        _("Resumed: its next dates are below."),
    )


@allow("order.place", houses=HOUSE)
@require_http_methods(["GET", "HEAD", "POST"])
def end(request: HttpRequest, standing_order_id: UUID) -> HttpResponse:
    """End it for good, after a page that says so: nothing brings it back."""
    if request.method != "POST":
        context = _context(request, standing_order_id)
        return render(request, "tpr/standing_order_end.html", {"order": context["order"]})
    return _act(
        request, standing_order_id, service.end_standing_order, _("Ended. What was ordered stays ordered.")
    )


@allow("order.place", houses=HOUSE)
@require_POST
def skip(request: HttpRequest, standing_order_id: UUID) -> HttpResponse:
    """Leave the day out that the page has shown as the next."""
    try:
        day = date.fromisoformat(request.POST.get("day", ""))
    except ValueError:
        day = date.min
    return _act(
        request,
        standing_order_id,
        service.skip_next_time,
        _("That date is left out."),
        day,
    )


def _act(request: HttpRequest, standing_order_id: UUID, act: Any, words: str, *more: Any) -> HttpResponse:
    context = _context(request, standing_order_id)
    try:
        act(standing_order_id, *more, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "tpr/standing_order.html", context, error)
    messages.success(request, words)
    return redirect("tpr:standing-order-detail", standing_order_id)


def _context(request: HttpRequest, standing_order_id: UUID) -> dict[str, Any]:
    order = standing_order_of(partner_id_of(request), standing_order_id)
    if order is None:
        raise Http404
    lines = lines_of(order)
    today, currency = cost_at(order, lines, timezone.now())
    runs = runs_of(order)
    return {
        "today": today,
        "currency": currency,
        "order": order,
        "lines": lines,
        "ahead": next_times(order, lines),
        "left": times_left(order),
        "runs": runs,
        "held": next((run for run in runs if run.outcome in OPEN_RUNS), None),
        "weekday": WEEKDAYS[order.weekday - 1] if order.weekday else "",
        "section": "standing",
    }


def _orderable(partner_id: UUID) -> tuple[list[CatalogueItem], list[str]]:
    """Return what can stand, and the names of products that ask for details with each order."""
    now = timezone.now()
    versions = versions_at(now)
    items = [
        item
        for item in catalogue_for(partner_id=partner_id, at=now)
        if item.is_allowed and item.price is not None
    ]
    asking = {item.product.pk for item in items if _asks(versions.get(item.product.pk))}
    return (
        [item for item in items if item.product.pk not in asking],
        [item.product.name for item in items if item.product.pk in asking],
    )


def _asks(version: Any) -> bool:
    return version is not None and bool(version.required_fields.get("required"))
