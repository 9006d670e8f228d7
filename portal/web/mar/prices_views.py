"""Price books: what stands in each, a product's price over time, drafts that another person announces."""

from datetime import datetime, timedelta
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from core.charts import Chart, StepSeries, step_lines
from core.errors import DomainError
from licensing.models import Price, PriceBook, Product
from licensing.selectors.catalogue import all_products
from licensing.selectors.price_books import book_by_code, books, course_of, price_by_id, prices_of_book
from licensing.services.price_books import (
    announce_price,
    discard_price,
    open_book,
    withdraw_price,
    write_price,
)
from partners.selectors.mar import mar_zone
from portal import formatting
from portal.actors import actor_of
from portal.forms import FORM_ERROR_STATUS
from portal.policy import allow
from portal.tables import Column, Empty, Table, render_table
from portal.web.mar.prices_forms import BookForm, PriceForm
from portal.web.refused import render_refused

HOUSES = ("mar", "compliance")
MARGIN_OF_TIME = timedelta(days=60)


class BookTable(Table):
    """Every price book."""

    dom_id = "books"
    caption = gettext_lazy("Price books")
    columns = (
        Column("name", gettext_lazy("Book"), sort="name", primary=True),
        Column("code", gettext_lazy("Code"), kind="mono", sort="code"),
        Column("route", gettext_lazy("For"), accessor=lambda row: row.tier or row.get_route_display(), sort="route"),
        Column("currency", gettext_lazy("Currency"), sort="currency"),
        Column("in_force", gettext_lazy("Prices in force"), kind="number", sort="in_force"),
        Column("ahead", gettext_lazy("To come"), kind="number", sort="ahead"),
        Column("drafts", gettext_lazy("Drafts"), kind="number", sort="drafts"),
        Column("partners", gettext_lazy("Partners on it"), kind="number", accessor="partner_count",
               sort="partner_count"),
        Column("until", gettext_lazy("Until"), kind="date", accessor="valid_before", sort="valid_before"),
    )  # fmt: skip
    search = ("name", "code")
    search_label = gettext_lazy("Name or code")
    order = "code"
    empty = Empty(
        gettext_lazy("No price book yet"), gettext_lazy("The first price of a product opens the standard book."),
        icon="receipt",
    )  # fmt: skip

    def row_url(self, row: PriceBook) -> str:
        """Return the book's page."""
        return reverse("mar:price-book", args=[row.code])


class PriceTable(Table):
    """Every price of a book, dated."""

    dom_id = "prices"
    caption = gettext_lazy("Prices of this book")
    columns = (
        Column("product", gettext_lazy("Product"), accessor="product.name", sort="product__name", primary=True),
        Column("least", gettext_lazy("From licences a year"), kind="number", accessor="min_quantity",
               sort="min_quantity"),
        Column("amount", gettext_lazy("Price, net"), kind="money", sort="amount",
               accessor=lambda row: (row.amount, row.book.currency)),
        Column("from", gettext_lazy("Valid from"), kind="datetime", accessor="valid_from", sort="valid_from"),
        Column("until", gettext_lazy("Until"), kind="datetime", accessor="valid_before", sort="valid_before"),
        Column("people", gettext_lazy("Written, announced by"), accessor=lambda row: _people(row)),
        Column("state", gettext_lazy("State"), kind="status", status="price",
               accessor=lambda row: row.state_at(timezone.now())),
    )  # fmt: skip
    search = ("product__name", "product__code")
    search_label = gettext_lazy("Product")
    order = "-from"
    empty = Empty(
        gettext_lazy("No prices yet"),
        gettext_lazy("A product without a price here costs what the next book says."),
        icon="receipt",
    )

    def row_url(self, row: Price) -> str:
        """Return the price's page."""
        return reverse("mar:price-detail", args=[row.pk])


@allow("price.view", houses=HOUSES)
@require_safe
def book_list(request: HttpRequest) -> HttpResponse:
    """List the price books."""
    context = {"table": BookTable(request, books(timezone.now())), "section": "books"}
    return render_table(request, "mar/prices/book_list.html", context)


@allow("price.write", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def book_new(request: HttpRequest) -> HttpResponse:
    """Open an empty price book."""
    form = BookForm(request.POST or None)
    template, context = "mar/prices/book_new.html", {"form": form}
    if not form.is_valid():
        return render(request, template, context, status=FORM_ERROR_STATUS if form.is_bound else 200)
    try:
        book = open_book(form.wanted(mar_zone()), by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, template, context, error)
    messages.success(request, _("Opened. It counts for nobody until it has prices and partners."))
    return redirect("mar:price-book", book.code)


@allow("price.view", houses=HOUSES)
@require_safe
def book_detail(request: HttpRequest, book_code: str) -> HttpResponse:
    """Show a book: its prices by date, and each product's course as a picture."""
    book = _book(book_code)
    context = {
        "book": book,
        "table": PriceTable(request, prices_of_book(book)),
        "charts": _charts(book),
        "section": "books",
    }
    return render_table(request, "mar/prices/book_detail.html", context)


@allow("price.write", houses=("mar",))
@require_http_methods(["GET", "HEAD", "POST"])
def price_new(request: HttpRequest, book_code: str) -> HttpResponse:
    """Write a price; another person announces it."""
    book = _book(book_code)
    form = PriceForm(request.POST or None, products=list(all_products()))
    template, context = "mar/prices/price_new.html", {"form": form, "book": book}
    if not form.is_valid():
        return render(request, template, context, status=FORM_ERROR_STATUS if form.is_bound else 200)
    try:
        price = write_price(form.wanted(book.pk, mar_zone()), by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, template, context, error)
    messages.success(request, _("Written. A MAR approver looks at it and announces it."))
    return redirect("mar:price-detail", price.pk)


@allow("price.view", houses=HOUSES)
@require_safe
def price_detail(request: HttpRequest, price_id: int) -> HttpResponse:
    """Show one price, and what may be done with it."""
    return render(request, "mar/prices/price_detail.html", _context(request, price_id))


@allow("price.approve", houses=("mar",), fresh_factor=True)
@require_POST
def announce(request: HttpRequest, price_id: int) -> HttpResponse:
    """Announce a colleague's price."""
    context = _context(request, price_id)
    try:
        announce_price(price_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/prices/price_detail.html", context, error)
    messages.success(request, _("Announced. Every partner it concerns sees it now and gets a mail."))
    return redirect("mar:price-detail", price_id)


@allow("price.write", houses=("mar",))
@require_POST
def discard(request: HttpRequest, price_id: int) -> HttpResponse:
    """Put a draft away."""
    context = _context(request, price_id)
    try:
        discard_price(price_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/prices/price_detail.html", context, error)
    messages.success(request, _("Discarded. Nobody was told."))
    return redirect("mar:price-book", context["price"].book.code)


@allow("price.approve", houses=("mar",), fresh_factor=True)
@require_POST
def withdraw(request: HttpRequest, price_id: int) -> HttpResponse:
    """Take an announced price back before it counts."""
    context = _context(request, price_id)
    try:
        withdraw_price(price_id, by=actor_of(request), at=timezone.now())
    except DomainError as error:
        return render_refused(request, "mar/prices/price_detail.html", context, error)
    messages.success(request, _("Withdrawn. The price before it goes on, and partners are told."))
    return redirect("mar:price-detail", price_id)


def _book(book_code: str) -> PriceBook:
    book = book_by_code(book_code)
    if book is None:
        raise Http404
    return book


def _context(request: HttpRequest, price_id: int) -> dict[str, Any]:
    price, now = price_by_id(price_id), timezone.now()
    if price is None:
        raise Http404
    permissions = request.permissions  # type: ignore[attr-defined]
    is_own, state = price.written_by_id == request.user.pk, price.state_at(now)
    return {
        "price": price,
        "state": state,
        "chart": _chart(price.book, price.product, now),
        "can_announce": state == "draft" and not is_own and "price.approve" in permissions,
        "needs_other": state == "draft" and is_own,
        "can_discard": state == "draft" and "price.write" in permissions,
        "can_withdraw": state == "ahead" and "price.approve" in permissions,
    }


def _people(price: Price) -> str:
    if price.is_opening:
        return _("Set at the opening")
    return " · ".join(str(person) for person in (price.written_by, price.approved_by) if person)


def _charts(book: PriceBook) -> list[Chart]:
    """Return the course of each product whose price changes in the book, or has thresholds."""
    now = timezone.now()
    drawn = [_chart(book, product, now) for product in all_products().filter(prices__book=book).distinct()]
    return [chart for chart in drawn if chart is not None and len(chart.rows) > 1]


def _chart(book: PriceBook, product: Product, now: datetime) -> Chart | None:
    course = course_of(book, product)
    if not course:
        return None
    series = [
        StepSeries(
            _("from %(least)s a year") % {"least": formatting.number(least)}
            if least > 1
            else _("from one up"),
            tuple((price.valid_from, price.amount) for price in course if price.min_quantity == least),
        )
        for least in sorted({price.min_quantity for price in course})
    ]
    starts = [price.valid_from for price in course]
    return step_lines(
        series,
        begin=max(min(starts), now - timedelta(days=400)),
        end=max(max(starts), now) + MARGIN_OF_TIME,
        now=now,
        now_label=_("today"),
        headline=product.name,
        unit=_("%(currency)s net for one licence") % {"currency": book.currency},
        chart_id=f"price-{product.pk}",
        columns=(_("From"), _("Price")),
        format_amount=lambda amount: formatting.money(amount, book.currency),
        format_day=formatting.day,
    )
