"""What a partner pays, today and from the dates that are announced."""

from collections import defaultdict
from datetime import datetime
from uuid import UUID

from django.db import connection

from licensing.models import PartnerPricing, Price, PriceBook, PriceDeviation, PriceVolume
from licensing.rules.prices import Book, BookPrice, Discount, Payer, UnitPrice, Validity, unit_price
from licensing.selectors.price_function import COLUMNS
from partners.models import CreditPosition, Partner
from partners.selectors.mar import mar_currency, mar_zone

_NAMES = ", ".join(f"u.{name}" for name, _kind in COLUMNS)


def price_for(partner_id: UUID, product_id: int, quantity: int, at: datetime) -> UnitPrice | None:
    """Return what each licence of an order would cost the partner, None without a price."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT {_NAMES} FROM licensing_unit_price(%s, %s, %s, %s) u",
            [partner_id, product_id, quantity, at],
        )
        row = cursor.fetchone()
    return UnitPrice(*row) if row else None


def prices_for(partner_id: UUID, product_ids: list[int], at: datetime) -> dict[int, UnitPrice]:
    """Return what one licence of each product costs the partner; a product without a price is left out."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""SELECT p.id, {_NAMES} FROM unnest(%s::bigint[]) AS p(id)
            CROSS JOIN LATERAL licensing_unit_price(%s, p.id, 1, %s) u""",
            [product_ids, partner_id, at],
        )
        return {row[0]: UnitPrice(*row[1:]) for row in cursor.fetchall()}


def price_by_rule(partner_id: UUID, product_id: int, quantity: int, at: datetime) -> UnitPrice | None:
    """Return the same as ``price_for``, worked out by the written rule: for the check of parity."""
    return unit_price(
        _payer(partner_id),
        _books(partner_id, product_id, at.astimezone(mar_zone()).year),
        _discounts(partner_id, product_id),
        quantity=quantity,
        at=at,
    )


def _payer(partner_id: UUID) -> Payer:
    return Payer(
        currency_of(partner_id),
        Partner.objects.values_list("tier", flat=True).get(pk=partner_id),
        [
            (pricing.book.code, Validity(pricing.valid_from, pricing.valid_before))
            for pricing in PartnerPricing.objects.filter(
                partner_id=partner_id, approved_at__isnull=False
            ).select_related("book")
        ],
    )


def _books(partner_id: UUID, product_id: int, year: int) -> list[Book]:
    volumes = dict(
        PriceVolume.objects.filter(partner_id=partner_id, year=year).values_list("book_id", "quantity")
    )
    prices = defaultdict(list)
    published = Price.objects.filter(announced_at__isnull=False, withdrawn_at__isnull=True)
    for price in published.filter(product_id=product_id):
        validity = Validity(price.valid_from, price.valid_before)
        prices[price.book_id].append(BookPrice(price.pk, price.amount, price.min_quantity, validity))
    return [
        Book(
            book.code,
            book.route,
            book.tier,
            book.currency,
            Validity(book.valid_from, book.valid_before),
            volumes.get(book.pk, 0),
            prices[book.pk],
        )
        for book in PriceBook.objects.all()
    ]


def _discounts(partner_id: UUID, product_id: int) -> list[Discount]:
    found = PriceDeviation.objects.filter(
        partner_id=partner_id, product_id=product_id, approved_at__isnull=False
    )
    return [
        Discount(
            each.pk,
            each.amount,
            each.currency,
            each.quantity - each.used_quantity,
            Validity(each.valid_from, each.valid_before),
        )
        for each in found
    ]


def currency_of(partner_id: UUID) -> str:
    """Return the currency in which a partner pays: that of his credit, else the MAR's."""
    found = CreditPosition.objects.filter(partner_id=partner_id).values_list("currency", flat=True).first()
    return found or mar_currency()
