"""Partners: the list, suspending and lifting. The pages about one partner: partner_tabs.py."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_safe

from core.errors import DomainError
from partners.models import Partner
from partners.rules.countries import choices as countries
from partners.rules.countries import country_name
from partners.selectors import partners as selectors
from partners.services.standing import lift_suspension, suspend_partner
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import ChoiceFilter, Column, Empty, Table, render_table, status_filter
from portal.web.mar.forms import ReasonForm
from portal.web.mar.partner_header import find_partner
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")


class PartnerTable(Table):
    """Every partner."""

    dom_id = "partners"
    caption = gettext_lazy("Partners")
    columns = (
        Column("code", gettext_lazy("Code"), kind="mono", sort="code"),
        Column("name", gettext_lazy("Name"), sort="name", primary=True),
        Column(
            "country", gettext_lazy("Country"), accessor=lambda row: country_name(row.country), sort="country"
        ),
        Column("people", gettext_lazy("People"), kind="number", accessor="people_count", sort="people_count"),
        Column(
            "limit",
            gettext_lazy("Credit limit"),
            kind="money",
            accessor=lambda row: (row.credit.limit, row.credit.currency) if hasattr(row, "credit") else None,
            sort="credit__limit",
        ),
        Column("since", gettext_lazy("Partner since"), kind="date", accessor="created_at", sort="created_at"),
        Column("state", gettext_lazy("State"), kind="status", status="partner", sort="state"),
    )
    filters = (
        status_filter("state", gettext_lazy("State"), "partner"),
        ChoiceFilter("country", gettext_lazy("Country"), choices=countries),
    )
    search = ("code", "name", "vat_id")
    search_label = gettext_lazy("Code, name or VAT number")
    order = "name"
    empty = Empty(gettext_lazy("No partners yet"), gettext_lazy("An approved application becomes a partner."))

    def row_url(self, row: Partner) -> str:
        """Return the partner's page."""
        return reverse("mar:partner-detail", args=[row.pk])


@allow("partner.view", houses=HOUSES)
@require_safe
def partner_list(request: HttpRequest) -> HttpResponse:
    """List the partners."""
    return render_table(
        request, "mar/partner_list.html", {"table": PartnerTable(request, selectors.partners())}
    )


@allow("partner.manage", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def suspend(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Suspend a partner with a reason."""
    return _with_reason(
        request, partner_id, "mar/partner_suspend.html", suspend_partner, _("The partner is suspended.")
    )


@allow("partner.manage", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def lift(request: HttpRequest, partner_id: UUID) -> HttpResponse:
    """Lift a suspension with a reason."""
    return _with_reason(
        request, partner_id, "mar/partner_lift.html", lift_suspension, _("The suspension is lifted.")
    )


def _with_reason(
    request: HttpRequest, partner_id: UUID, template: str, act: Callable[..., Partner], done: str
) -> HttpResponse:
    """Ask for the reason, act, and come back to the partner."""
    now: datetime = timezone.now()
    form = ReasonForm(request.POST or None)
    context: dict[str, Any] = {"partner": find_partner(partner_id), "form": form}
    if not form.is_valid():
        return render(request, template, context, status=FORM_ERROR_STATUS if form.is_bound else 200)
    try:
        act(partner_id, reason=form.cleaned_data["reason"], by=actor_of(request), at=now)
    except DomainError as error:
        return render_refused(request, template, context, error)
    messages.success(request, done)
    return redirect("mar:partner-detail", partner_id)
