"""Alarms of low stock: the threshold of a product, a test, and the proof of each mail."""

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
from licensing.models import StockAlert
from licensing.selectors.stock_alerts import (
    alert_by_id,
    alerts_of,
    mails_of,
    threshold_of,
    undelivered_alerts,
)
from licensing.services.stock_alerts import send_test_alarm, set_threshold
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, DateRangeFilter, Empty, Table, render_table
from portal.web.mar.alert_forms import ThresholdForm, initial_of
from portal.web.mar.alert_words import state_of, state_of_mail
from portal.web.mar.forecast_views import HOUSES, product_or_404
from portal.web.refused import render_refused

PAGE = "mar/stock/threshold.html"


class AlertTable(Table):
    """Every alarm, newest first."""

    dom_id = "alarms"
    caption = gettext_lazy("Alarms of low stock")
    columns = (
        Column(
            "product", gettext_lazy("Product"), accessor="product.name", sort="product__name", primary=True
        ),
        Column("state", gettext_lazy("State"), kind="status", status="stock_alert", accessor=state_of),
        Column("free", gettext_lazy("Free keys"), kind="number", sort="free"),
        Column("raised", gettext_lazy("Raised"), kind="datetime", accessor="raised_at", sort="raised_at"),
        Column("proven", gettext_lazy("First mail accepted"), kind="datetime", accessor="proven_at"),
        Column("ended", gettext_lazy("Over"), kind="datetime", accessor="ended_at", sort="ended_at"),
    )
    filters = (DateRangeFilter("raised", gettext_lazy("Raised"), "raised_at"),)
    search = ("product__code__iexact",)
    search_label = gettext_lazy("Product’s code")
    order = "-raised"
    empty = Empty(
        gettext_lazy("No alarms yet"),
        gettext_lazy("Set a threshold on a product’s forecast, then send a test."),
        icon="bell",
    )

    def row_url(self, row: StockAlert) -> str:
        """Return the alarm's page."""
        return reverse("mar:stock-alert", args=[row.pk])


@allow("stock.view", houses=HOUSES)
@require_safe
def alert_list(request: HttpRequest) -> HttpResponse:
    """List every alarm; those that nobody heard of stand on top."""
    context = {
        "table": AlertTable(request, alerts_of()),
        "undelivered": list(undelivered_alerts(timezone.now())),
    }
    return render_table(request, "mar/stock/alerts.html", context)


@allow("stock.view", houses=HOUSES)
@require_safe
def alert_detail(request: HttpRequest, stock_alert_id: UUID) -> HttpResponse:
    """Show one alarm and what the mail server said of each of its mails."""
    alert = alert_by_id(stock_alert_id)
    if alert is None:
        raise Http404
    context = {
        "alert": alert,
        "state": state_of(alert),
        "mails": [(mail, state_of_mail(mail)) for mail in mails_of(alert)[:500]],
        "is_undelivered": undelivered_alerts(timezone.now()).filter(pk=alert.pk).exists(),
    }
    return render(request, "mar/stock/alert.html", context)


@allow("stock.plan", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def threshold(request: HttpRequest, code: str) -> HttpResponse:
    """Set from when on a product counts as low and who hears of it."""
    product = product_or_404(code)
    form = ThresholdForm(request.POST or None, initial=initial_of(threshold_of(product.pk)))
    context = {"product": product, "form": form}
    if request.method != "POST" or not form.is_valid():
        return render(request, PAGE, context, status=FORM_ERROR_STATUS if request.method == "POST" else 200)
    try:
        set_threshold(product.pk, form.wanted(), by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, PAGE, context, error)
    messages.success(request, _("Saved. Send a test to see that the mails arrive."))
    return redirect("mar:stock-forecast", product.code)


@allow("stock.plan", houses=("mar",))
@require_POST
def try_alarm(request: HttpRequest, code: str) -> HttpResponse:
    """Send a test by the road of every alarm and show what becomes of it."""
    product = product_or_404(code)
    try:
        alert = send_test_alarm(product.pk, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        found = threshold_of(product.pk)
        context = {"product": product, "form": ThresholdForm(initial=initial_of(found))}
        return render_refused(request, PAGE, context, error)
    messages.success(request, _("The test is on its way. This page shows what the mail server says."))
    return redirect("mar:stock-alert", alert.pk)
