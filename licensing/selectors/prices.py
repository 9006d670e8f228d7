"""What a partner pays, today and from the dates that are announced."""

from collections import defaultdict
from collections.abc import Sequence
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


def prices_by_rule(
    partner_ids: Sequence[UUID], product_id: int, quantity: int, at: datetime
) -> dict[UUID, UnitPrice | None]:
    """Return the same as ``price_for`` for each partner, worked out by the written rule: the check of parity."""
    volumes: dict[UUID, dict[int, int]] = defaultdict(dict)
    year = at.astimezone(mar_zone()).year
    counted = PriceVolume.objects.filter(partner_id__in=partner_ids, year=year)
    for partner_id, book_id, ordered in counted.values_list("partner_id", "book_id", "quantity"):
        volumes[partner_id][book_id] = ordered
    books, prices = list(PriceBook.objects.all()), _published(product_id)
    payers, discounts = _payers(partner_ids), _discounts(partner_ids, product_id)
    return {
        partner_id: unit_price(
            payers[partner_id],
            [_book(book, volumes[partner_id].get(book.pk, 0), prices[book.pk]) for book in books],
            discounts[partner_id],
            quantity=quantity,
            at=at,
        )
        for partner_id in partner_ids
    }


def _payers(partner_ids: Sequence[UUID]) -> dict[UUID, Payer]:
    places: dict[UUID, list[tuple[str, Validity]]] = defaultdict(list)
    pricings = PartnerPricing.objects.filter(partner_id__in=partner_ids, approved_at__isnull=False)
    for pricing in pricings.select_related("book"):
        validity = Validity(pricing.valid_from, pricing.valid_before)
        places[pricing.partner_id].append((pricing.book.code, validity))
    currency = mar_currency()
    partners = Partner.objects.filter(pk__in=partner_ids).values_list("pk", "tier", "credit__currency")
    return {pk: Payer(own or currency, tier, places[pk]) for pk, tier, own in partners}


def _published(product_id: int) -> dict[int, list[BookPrice]]:
    prices = defaultdict(list)
    published = Price.objects.filter(announced_at__isnull=False, withdrawn_at__isnull=True)
    for price in published.filter(product_id=product_id):
        validity = Validity(price.valid_from, price.valid_before)
        prices[price.book_id].append(BookPrice(price.pk, price.amount, price.min_quantity, validity))
    return prices


def _book(book: PriceBook, year_quantity: int, prices: Sequence[BookPrice]) -> Book:
    validity = Validity(book.valid_from, book.valid_before)
    return Book(book.code, book.route, book.tier, book.currency, validity, year_quantity, prices)


def _discounts(partner_ids: Sequence[UUID], product_id: int) -> dict[UUID, list[Discount]]:
    found = defaultdict(list)
    approved = PriceDeviation.objects.filter(
        partner_id__in=partner_ids, product_id=product_id, approved_at__isnull=False
    )
    for each in approved:
        validity = Validity(each.valid_from, each.valid_before)
        left = each.quantity - each.used_quantity
        found[each.partner_id].append(Discount(each.pk, each.amount, each.currency, left, validity))
    return found


def currency_of(partner_id: UUID) -> str:
    """Return the currency in which a partner pays: that of his credit, else the MAR's."""
    found = CreditPosition.objects.filter(partner_id=partner_id).values_list("currency", flat=True).first()
    return found or mar_currency()


def partners_who_pay_by(price: Price) -> list[UUID]:
    """Return the partners who may order the product and pay by the price's book on its day. In the MAR's scope."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT p.id FROM partners_partner p
            CROSS JOIN LATERAL licensing_unit_price(p.id, %(product)s, %(quantity)s, %(at)s) u
            WHERE p.state <> 'terminated' AND u.book = %(book)s AND EXISTS (
              SELECT 1 FROM licensing_familygrant g JOIN licensing_product r ON r.family = g.family
              WHERE g.partner_id = p.id AND r.id = %(product)s
                AND (g.valid_before IS NULL OR g.valid_before > %(at)s))
            ORDER BY p.code""",
            {
                "product": price.product_id,
                "quantity": price.min_quantity,
                "at": price.valid_from,
                "book": price.book.code,
            },
        )
        return [row[0] for row in cursor.fetchall()]
