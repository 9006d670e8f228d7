"""What single partners pay otherwise: places on books, manual discounts, and the check of parity."""

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

from core.errors import DomainError
from licensing.models import PartnerPricing, PriceDeviation
from licensing.selectors.catalogue import all_products
from licensing.selectors.price_books import books, check_parity, deviations, paying_partners, pricings
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
from portal.tables import Column, Empty, Table, TextFilter, render_table
from portal.web.mar.prices_forms import DeviationForm, PricingForm
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")


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


class ParityTable(Table):
    """Who pays what for one product."""

    dom_id = "parity"
    caption = gettext_lazy("Who pays what")
    columns = (
        Column("partner", gettext_lazy("Partner"), accessor="name", sort="name", primary=True),
        Column("code", gettext_lazy("Code"), kind="mono", sort="code"),
        Column("pays", gettext_lazy("Pays, net"), kind="money", sort="pays",
               accessor=lambda row: None if row.pays is None else (row.pays, row.currency)),
        Column("difference", gettext_lazy("Against the standard"), kind="money", sort="difference",
               accessor=lambda row: (row.difference, row.currency) if row.difference else None),
        Column("book", gettext_lazy("By book"), kind="mono", sort="book"),
        Column("why", gettext_lazy("Why"), accessor=lambda row: _why(row)),
        Column("basis", gettext_lazy("Licences this year"), kind="number",
               accessor=lambda row: row.basis - 1 if row.basis else None, sort="basis"),
    )  # fmt: skip
    search = ("name", "code")
    search_label = gettext_lazy("Code or name")
    order = "difference"

    def row_url(self, row: Partner) -> str:
        """Return the partner's page."""
        return reverse("mar:partner-detail", args=[row.pk])


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
def pricing_detail(request: HttpRequest, pricing_id: UUID) -> HttpResponse:
    """Show a partner's place on a book, and what may be done with it."""
    return render(request, "mar/prices/deal_detail.html", _pricing(request, pricing_id))


@allow("price.approve", houses=("mar",), fresh_factor=True)
@require_POST
def pricing_approve(request: HttpRequest, pricing_id: UUID) -> HttpResponse:
    """Put the partner on the book."""
    context = _pricing(request, pricing_id)
    try:
        approve_pricing(pricing_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/prices/deal_detail.html", context, error)
    messages.success(request, _("Approved. The partner pays by this book from the first day on."))
    return redirect("mar:pricing-detail", pricing_id)


@allow("price.write", houses=("mar",))
@require_POST
def pricing_end(request: HttpRequest, pricing_id: UUID) -> HttpResponse:
    """Discard a proposal, or end a place on a book: now, or after the notice of a dearer price."""
    context = _pricing(request, pricing_id)
    try:
        end_pricing(pricing_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/prices/deal_detail.html", context, error)
    words = _("It has its end, shown below: at once, or after the notice of what becomes dearer.")
    messages.success(request, words)
    return redirect("mar:pricing-detail", pricing_id)


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
def deviation_detail(request: HttpRequest, deviation_id: int) -> HttpResponse:
    """Show a discount, and what may be done with it."""
    return render(request, "mar/prices/deal_detail.html", _deviation(request, deviation_id))


@allow("price.approve", houses=("mar",), fresh_factor=True)
@require_POST
def deviation_approve(request: HttpRequest, deviation_id: int) -> HttpResponse:
    """Let a colleague's discount count."""
    context = _deviation(request, deviation_id)
    try:
        approve_deviation(deviation_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/prices/deal_detail.html", context, error)
    messages.success(request, _("Approved. It counts for the partner’s next orders."))
    return redirect("mar:deviation-detail", deviation_id)


@allow("price.write", houses=("mar",))
@require_POST
def deviation_end(request: HttpRequest, deviation_id: int) -> HttpResponse:
    """Discard a proposal, or end a discount now."""
    context = _deviation(request, deviation_id)
    try:
        end_deviation(deviation_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/prices/deal_detail.html", context, error)
    messages.success(request, _("Ended. Orders placed before keep their price."))
    return redirect("mar:deviation-detail", deviation_id)


@allow("price.view", houses=HOUSES)
@require_safe
def parity(request: HttpRequest) -> HttpResponse:
    """Show who pays what for a product, and whether rule and database agree on everyone."""
    products, now = list(all_products()), timezone.now()
    asked = request.GET.get("product", "")
    product = next((one for one in products if one.code == asked), products[0] if products else None)
    context: dict[str, Any] = {"products": products, "product": product, "section": "parity"}
    if product is not None:
        context["table"] = ParityTable(request, paying_partners(product.pk, now))
        context["parity"] = check_parity(product.pk, now)
        return render_table(request, "mar/prices/parity.html", context)
    return render(request, "mar/prices/parity.html", context)


def _partners() -> list[Partner]:
    return list(partners().exclude(state="terminated").order_by("name"))


def _people(deal: PartnerPricing | PriceDeviation) -> str:
    return " · ".join(str(person) for person in (deal.written_by, deal.approved_by) if person)


def _why(partner: Any) -> str:
    if partner.deviation_id is not None:
        return _("Discount, list %(list)s") % {"list": partner.list_amount}
    return _("Own book or threshold") if partner.difference else ""


def _rights(request: HttpRequest, deal: PartnerPricing | PriceDeviation) -> dict[str, Any]:
    state, permissions = deal.state_at(timezone.now()), request.permissions  # type: ignore[attr-defined]
    is_own = deal.written_by_id == request.user.pk
    return {
        "deal": deal,
        "state": state,
        "can_approve": state == "draft" and not is_own and "price.approve" in permissions,
        "needs_other": state == "draft" and is_own,
        "can_end": state in ("draft", "ahead", "in_force", "used_up") and "price.write" in permissions,
    }


def _pricing(request: HttpRequest, pricing_id: UUID) -> dict[str, Any]:
    pricing = pricings().filter(pk=pricing_id).first()
    if pricing is None:
        raise Http404
    facts = {_("Partner"): pricing.partner.name, _("Price book"): pricing.book.name}
    return {**_rights(request, pricing), "facts": facts, "kind": "pricing", "title": pricing.book.name}


def _deviation(request: HttpRequest, deviation_id: int) -> dict[str, Any]:
    deviation = deviations().filter(pk=deviation_id).first()
    if deviation is None:
        raise Http404
    facts = {
        _("Partner"): deviation.partner.name,
        _("Product"): deviation.product.name,
        _("Price, net"): f"{deviation.amount} {deviation.currency}",
        _("For how many licences"): deviation.quantity,
        _("Ordered by it"): deviation.used_quantity,
    }
    return {
        **_rights(request, deviation),
        "facts": facts,
        "kind": "deviation",
        "title": deviation.product.name,
    }
