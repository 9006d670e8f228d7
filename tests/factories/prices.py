"""Price books, prices, pricings and discounts, announced or approved by two people."""

from datetime import datetime, timedelta
from decimal import Decimal
from itertools import count
from typing import Any

from core.tenancy import mar_scope
from licensing.models import PartnerPricing, Price, PriceBook, PriceDeviation, Product
from partners.models import Partner
from tests.factories import AT, make_user

LONG_AGO = AT - timedelta(days=400)
_numbers = count(1)


def make_book(route: str = "group", **fields: Any) -> PriceBook:
    """Return a book in EUR, in force long since."""
    number = next(_numbers)
    with mar_scope():
        return PriceBook.objects.create(
            **{"code": f"BOOK-{number}", "name": f"Book {number}", "route": route, "currency": "EUR"}
            | {"valid_from": LONG_AGO}
            | fields
        )


def make_price(book: PriceBook, product: Product, amount: str, **fields: Any) -> Price:
    """Return an announced price, in force long since unless ``valid_from`` says otherwise."""
    writer, approver = make_user(), make_user()
    with mar_scope():
        given = {"valid_from": LONG_AGO, "min_quantity": 1} | fields
        price = Price.objects.create(
            book=book,
            product=product,
            amount=Decimal(amount),
            written_by=writer,
            written_at=LONG_AGO,
            **given,
        )
        price.approved_by, price.announced_at = approver, min(LONG_AGO, price.valid_from)
        price.save(update_fields=["approved_by", "announced_at"])
        price.refresh_from_db()
        return price


def standard_book() -> PriceBook:
    """Return the standard book, which the first product with a price opened."""
    with mar_scope():
        return PriceBook.objects.get(route="standard", currency="EUR")


def put_on_book(
    partner: Partner, book: PriceBook, *, since: datetime = LONG_AGO, until: datetime | None = None
) -> PartnerPricing:
    """Return the partner's approved place on a book."""
    writer, approver = make_user(), make_user()
    with mar_scope():
        pricing = PartnerPricing.objects.create(
            partner=partner, book=book, valid_from=since, valid_before=until, reason="Was direct before",
            written_by=writer, written_at=LONG_AGO,
        )  # fmt: skip
        pricing.approved_by, pricing.approved_at = approver, since
        pricing.save(update_fields=["approved_by", "approved_at"])
        return pricing


def make_deviation(partner: Partner, product: Product, amount: str, **fields: Any) -> PriceDeviation:
    """Return an approved discount on ten licences, in force now."""
    writer, approver = make_user(), make_user()
    with mar_scope():
        given = {
            "quantity": 10, "currency": "EUR", "valid_from": AT - timedelta(days=1),
            "valid_before": AT + timedelta(days=30),
        } | fields  # fmt: skip
        made = PriceDeviation.objects.create(
            partner=partner, product=product, amount=Decimal(amount), reason="A tender", written_by=writer,
            written_at=LONG_AGO, **given,
        )  # fmt: skip
        made.approved_by, made.approved_at = approver, made.valid_from
        made.save(update_fields=["approved_by", "approved_at"])
        return made
