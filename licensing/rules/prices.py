"""Which price a partner pays, as one pure rule: PRC-1 to PRC-4 of docs/domain-rules.md.

The database answers the same question in licensing/selectors/price_function.py, for orders under lock;
a test holds the two equal.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

# Orders in these states take no part in the year's count: they ended without keys. A reservation (draft) counts.
UNCOUNTED_STATES = ("cancelled", "expired")

# In this order the books are asked; the first that has a price for the product and the quantity wins.
OWN_BOOK, TIER_BOOK, STANDARD_BOOK = 1, 2, 3


@dataclass(frozen=True, slots=True)
class Validity:
    """A time from an instant to an exclusive end, open when None."""

    valid_from: datetime
    valid_before: datetime | None = None

    def holds(self, at: datetime) -> bool:
        """Return whether the instant lies in it."""
        return self.valid_from <= at and (self.valid_before is None or at < self.valid_before)


@dataclass(frozen=True, slots=True)
class BookPrice:
    """A published price of the product in a book, from ``min_quantity`` licences a year on."""

    price_id: int
    amount: Decimal
    min_quantity: int
    validity: Validity


@dataclass(frozen=True, slots=True)
class Book:
    """A book with its prices of one product; ``year_quantity`` was ordered by it in the year before."""

    code: str
    route: str
    tier: str
    currency: str
    validity: Validity
    year_quantity: int
    prices: Sequence[BookPrice]


@dataclass(frozen=True, slots=True)
class Discount:
    """An approved manual discount for the partner and product; ``left`` licences may still take it."""

    deviation_id: int
    amount: Decimal
    currency: str
    left: int
    validity: Validity


@dataclass(frozen=True, slots=True)
class Payer:
    """Whom the question is about: his currency, tier, and the books he was put on, by code."""

    currency: str
    tier: str
    pricings: Sequence[tuple[str, Validity]] = ()


@dataclass(frozen=True, slots=True)
class UnitPrice:
    """What one licence costs, net, and why.

    ``list_amount`` is the book's price, above ``amount`` only by a manual discount. ``basis`` is the year's
    quantity with this order, by which ``min_quantity`` was reached.
    """

    amount: Decimal
    currency: str
    price_id: int
    book: str
    deviation_id: int | None
    list_amount: Decimal
    basis: int
    min_quantity: int


def unit_price(
    payer: Payer, books: Iterable[Book], discounts: Iterable[Discount], *, quantity: int, at: datetime
) -> UnitPrice | None:
    """Return the price of each licence of an order, None when no book has one.

    PRC-1: the partner's own book, else his tier's, else the standard book; only books of his currency. PRC-2:
    in it the price of the highest quantity that the year's licences reach, this order included. PRC-4: a
    manual discount applies where it is lower and has licences left for the whole order; of several the
    lowest, then the older.
    """
    own = {code for code, validity in payer.pricings if validity.holds(at)}
    ranked = sorted(
        (rank, book.code, book)
        for book in books
        if book.currency == payer.currency
        and book.validity.holds(at)
        and (rank := _rank(book, own, payer.tier))
    )
    for *_order, book in ranked:
        found = _price_in(book, quantity, at)
        if found is not None:
            return _discounted(found, discounts, quantity, at)
    return None


def _rank(book: Book, own: set[str], tier: str) -> int:
    if book.code in own:
        return OWN_BOOK
    if book.route == "tier" and book.tier == tier:
        return TIER_BOOK
    return STANDARD_BOOK if book.route == "standard" else 0


def _price_in(book: Book, quantity: int, at: datetime) -> UnitPrice | None:
    basis = book.year_quantity + quantity
    reached = [price for price in book.prices if price.min_quantity <= basis and price.validity.holds(at)]
    if not reached:
        return None
    price = max(reached, key=lambda each: each.min_quantity)
    return UnitPrice(
        price.amount, book.currency, price.price_id, book.code, None, price.amount, basis, price.min_quantity
    )


def _discounted(found: UnitPrice, discounts: Iterable[Discount], quantity: int, at: datetime) -> UnitPrice:
    fitting = [
        discount
        for discount in discounts
        if discount.validity.holds(at)
        and discount.currency == found.currency
        and discount.left >= quantity
        and discount.amount < found.list_amount
    ]
    if not fitting:
        return found
    best = min(fitting, key=lambda each: (each.amount, each.deviation_id))
    return UnitPrice(
        best.amount, found.currency, found.price_id, found.book, best.deviation_id, found.list_amount,
        found.basis, found.min_quantity,
    )  # fmt: skip
