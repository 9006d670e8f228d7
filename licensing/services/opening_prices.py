"""Set the first price of a product, when the portal is opened and no two people are there yet."""

from datetime import UTC, datetime
from decimal import Decimal

from django.db import transaction

from core import audit
from core.actor import Actor
from licensing.models import Price, PriceBook, Product

# The standard book has always been in force; its prices say from when.
ALWAYS = datetime(2000, 1, 1, tzinfo=UTC)


@transaction.atomic
def open_price(product: Product, *, amount: Decimal, currency: str, by: Actor, at: datetime) -> Price:
    """Set a product's first price in the standard book of the currency, in force from ``at``.

    Every later price is written and announced by two people.

    :raises django.db.IntegrityError: when the product had a price there before.
    """
    book, _made = PriceBook.objects.get_or_create(
        route=PriceBook.Route.STANDARD,
        currency=currency,
        defaults={"code": f"STANDARD-{currency}", "name": f"Standard {currency}", "valid_from": ALWAYS},
    )
    price = Price.objects.create(
        book=book,
        product=product,
        amount=amount,
        valid_from=at,
        written_at=at,
        announced_at=at,
        is_opening=True,
    )
    audit.record(
        "licensing.price.opened",
        by=by,
        at=at,
        object_type="price",
        object_id=price.pk,
        facts={"product": product.code, "book": book.code, "amount": str(amount)},
    )
    return price
