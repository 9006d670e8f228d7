"""What single partners pay otherwise: places on books and manual discounts."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.errors import DomainError
from licensing.models import PartnerPricing, PriceDeviation
from licensing.selectors.catalogue import all_products
from licensing.selectors.price_books import books, deviations, pricings
from licensing.services.price_agreements import (
    approve_deviation,
    approve_pricing,
    end_deviation,
    end_pricing,
    write_deviation,
    write_pricing,
)
from partners.models import Partner
from partners.selectors.mar import mar_zone
from partners.selectors.partners import partners
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.status import Text
from portal.tables import Column, Empty, Table, TextFilter, render_table
from portal.web.mar.prices_forms import DeviationForm, PricingForm
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")
DETAIL = "mar/prices/deal_detail.html"


class PricingTable(Table):
    """Every partner's place on a book."""

    dom_id = "pricings"
    caption = gettext_lazy("Partners on a book")
    columns = (
        Column("partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name", primary=True),
        Column("book", gettext_lazy("Price book"), accessor="book.name", sort="book__name"),
        Column("from", gettext_lazy("From"), kind="datetime", accessor="valid_from", sort="valid_from"),
        Column("until", gettext_lazy("Until"), kind="datetime", accessor="valid_before", sort="valid_before"),
        Column("reason", gettext_lazy("Reason")),
        Column("people", gettext_lazy("Written, approved by"), accessor=lambda row: _people(row)),
        Column("state", gettext_lazy("State"), kind="status", status="price_deal",
               accessor=lambda row: row.state_at(timezone.now())),
    )  # fmt: skip
    search = ("partner__name", "partner__code", "book__code")
    search_label = gettext_lazy("Partner or book")
    order = "-from"
    empty = Empty(
        gettext_lazy("Everyone pays by the standard book"),
        gettext_lazy(
            "Former direct members keep their book until a day; then the standard book applies by itself."
        ),
        icon="users",
    )

    def row_url(self, row: PartnerPricing) -> str:
        """Return the place's page."""
        return reverse("mar:pricing-detail", args=[row.pk])


class DeviationTable(Table):
    """Every manual discount."""

    dom_id = "deviations"
    caption = gettext_lazy("Deviations")
    columns = (
        Column("partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name", primary=True),
        Column("product", gettext_lazy("Product"), accessor="product.name", sort="product__name"),
        Column("amount", gettext_lazy("Price, net"), kind="money", accessor=lambda row: (row.amount, row.currency),
               sort="amount"),
        Column("used", gettext_lazy("Ordered of"),
               accessor=lambda row: _("%(used)s of %(all)s") % {"used": row.used_quantity, "all": row.quantity}),
        Column("until", gettext_lazy("Until"), kind="date", accessor="valid_before", sort="valid_before"),
        Column("reason", gettext_lazy("Reason")),
        Column("people", gettext_lazy("Written, approved by"), accessor=lambda row: _people(row)),
        Column("state", gettext_lazy("State"), kind="status", status="price_deal",
               accessor=lambda row: row.state_at(timezone.now())),
    )  # fmt: skip
    filters = (TextFilter("partner", gettext_lazy("Partner"), "partner__code"),)
    search = ("partner__name", "partner__code", "product__code", "reason")
    search_label = gettext_lazy("Partner, product or reason")
    order = "-until"
    empty = Empty(
        gettext_lazy("No deviations"),
        gettext_lazy("Nobody pays anything but what his book says."),
        icon="scale",
    )

    def row_url(self, row: PriceDeviation) -> str:
        """Return the discount's page."""
        return reverse("mar:deviation-detail", args=[row.pk])


@dataclass(frozen=True, slots=True)
class DealKind:
    """A kind of what single partners pay otherwise; every kind is shown, approved and ended alike.

    ``name`` begins the names of its addresses; ``subject`` is what it is about; the services take the id.
    """

    name: str
    subject: str
    deals: Callable[[], QuerySet[Any]]
    facts: Callable[[Any], dict[str, Any]]
    approve: Callable[..., object]
    end: Callable[..., object]
    approved: Text


def _facts_of_pricing(pricing: PartnerPricing) -> dict[str, Any]:
    return {_("Price book"): pricing.book.name}


def _facts_of_deviation(deviation: PriceDeviation) -> dict[str, Any]:
    return {
        _("Product"): deviation.product.name,
        _("Price, net"): f"{deviation.amount} {deviation.currency}",
        _("For how many licences"): deviation.quantity,
        _("Ordered by it"): deviation.used_quantity,
    }


PRICING = DealKind(
    "pricing", "book", pricings, _facts_of_pricing, approve_pricing, end_pricing,
    gettext_lazy("Approved. The partner pays by this book from the first day on."),
)  # fmt: skip
DEVIATION = DealKind(
    "deviation", "product", deviations, _facts_of_deviation, approve_deviation, end_deviation,
    gettext_lazy("Approved. It counts for the partner’s next orders."),
)  # fmt: skip


@allow("price.view", houses=HOUSES)
@require_safe
def pricing_list(request: HttpRequest) -> HttpResponse:
    """List who pays by which book."""
    context = {"table": PricingTable(request, pricings()), "section": "pricings"}
    return render_table(request, "mar/prices/pricing_list.html", context)


@allow("price.write", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def pricing_new(request: HttpRequest) -> HttpResponse:
    """Propose that a partner pays by another book."""
    now = timezone.now()
    form = PricingForm(request.POST or None, partners=_partners(), books=list(books(now)))
    template, context = "mar/prices/pricing_new.html", {"form": form}
    if not form.is_valid():
        return render(request, template, context, status=FORM_ERROR_STATUS if form.is_bound else 200)
    try:
        pricing = write_pricing(form.wanted(now=now, zone=mar_zone()), by=actor_of(request), at=now)
    except DomainError as error:
        return render_refused(request, template, context, error)
    messages.success(request, _("Written. It counts once a MAR approver has approved it."))
    return redirect("mar:pricing-detail", pricing.pk)


@allow("price.view", houses=HOUSES)
@require_safe
def deviation_list(request: HttpRequest) -> HttpResponse:
    """List every manual discount with its reason and its two people."""
    context = {"table": DeviationTable(request, deviations()), "section": "deviations"}
    return render_table(request, "mar/prices/deviation_list.html", context)


@allow("price.write", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def deviation_new(request: HttpRequest) -> HttpResponse:
    """Propose a discount."""
    form = DeviationForm(request.POST or None, partners=_partners(), products=list(all_products()))
    template, context, now = "mar/prices/deviation_new.html", {"form": form}, timezone.now()
    if not form.is_valid():
        return render(request, template, context, status=FORM_ERROR_STATUS if form.is_bound else 200)
    try:
        deviation = write_deviation(form.wanted(now=now, zone=mar_zone()), by=actor_of(request), at=now)
    except DomainError as error:
        return render_refused(request, template, context, error)
    messages.success(request, _("Written. It counts once a MAR approver has approved it."))
    return redirect("mar:deviation-detail", deviation.pk)


@allow("price.view", houses=HOUSES)
@require_safe
def deal_detail(request: HttpRequest, deal_id: UUID | int, kind: DealKind) -> HttpResponse:
    """Show a place on a book or a discount, and what may be done with it."""
    return render(request, DETAIL, _context(request, kind, deal_id))


@allow("price.approve", houses=("mar",), fresh_factor=True)
@require_POST
def deal_approve(request: HttpRequest, deal_id: UUID | int, kind: DealKind) -> HttpResponse:
    """Let count what a colleague has proposed."""
    return _act(request, kind, deal_id, kind.approve, kind.approved)


@allow("price.write", houses=("mar",))
@require_POST
def deal_end(request: HttpRequest, deal_id: UUID | int, kind: DealKind) -> HttpResponse:
    """Discard a proposal, or end now what counts."""
    return _act(request, kind, deal_id, kind.end, _("Ended. Orders placed before keep their price."))


def _partners() -> list[Partner]:
    return list(partners().exclude(state="terminated").order_by("name"))


def _people(deal: PartnerPricing | PriceDeviation) -> str:
    return " · ".join(str(person) for person in (deal.written_by, deal.approved_by) if person)


def _act(
    request: HttpRequest, kind: DealKind, deal_id: UUID | int, act: Callable[..., object], said: Text
) -> HttpResponse:
    context = _context(request, kind, deal_id)
    try:
        act(deal_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, DETAIL, context, error)
    messages.success(request, str(said))
    return redirect(f"mar:{kind.name}-detail", deal_id)


def _context(request: HttpRequest, kind: DealKind, deal_id: UUID | int) -> dict[str, Any]:
    deal = kind.deals().filter(pk=deal_id).first()
    if deal is None:
        raise Http404
    state, permissions = deal.state_at(timezone.now()), request.permissions  # type: ignore[attr-defined]
    is_own = deal.written_by_id == request.user.pk
    return {
        "deal": deal,
        "kind": kind.name,
        "title": getattr(deal, kind.subject).name,
        "facts": {_("Partner"): deal.partner.name, **kind.facts(deal)},
        "state": state,
        "can_approve": state == "draft" and not is_own and "price.approve" in permissions,
        "needs_other": state == "draft" and is_own,
        "can_end": state in ("draft", "ahead", "in_force", "used_up") and "price.write" in permissions,
    }
