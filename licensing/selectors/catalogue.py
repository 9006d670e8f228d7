"""What a partner can order today, at which price."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from core.errors import NotFound
from licensing.models import FamilyGrant, Product
from licensing.selectors.prices import currency_of, prices_for
from licensing.selectors.prices_ahead import PriceAhead, Step, ladders, next_changes


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """A product with this partner's price; ``free`` counts the keys in stock.

    ``list_price`` is the book's, above ``price`` by a discount; ``ahead`` the next announced change; ``steps``
    the thresholds of a year.
    """

    product: Product
    price: Decimal | None
    currency: str
    free: int
    is_allowed: bool
    list_price: Decimal | None = None
    ahead: PriceAhead | None = None
    steps: Sequence[Step] = ()


def catalogue_for(*, partner_id: UUID, at: datetime) -> list[CatalogueItem]:
    """Return the products on sale for a partner, by code."""
    currency = currency_of(partner_id)
    families = allowed_families(partner_id, at)
    found = list(products_on_sale(at))
    free = free_by_product([product.id for product in found], at=at)
    ids = [product.id for product in found]
    prices, steps = prices_for(partner_id, ids, at), ladders(partner_id, ids, at)
    ahead = next_changes(partner_id, at)
    return [
        CatalogueItem(
            product=product,
            price=prices[product.id].amount if product.id in prices else None,
            currency=currency,
            free=free[product.id],
            is_allowed=product.family in families,
            list_price=prices[product.id].list_amount if product.id in prices else None,
            ahead=ahead.get(product.id),
            steps=steps.get(product.id, ()),
        )
        for product in found
    ]


def products_on_sale(at: datetime) -> QuerySet[Product]:
    """Return the products that can be ordered, by code."""
    begun = Product.objects.filter(order_from__lte=at).order_by("code")
    return begun.filter(Q(order_before__isnull=True) | Q(order_before__gt=at))


def all_products() -> QuerySet[Product]:
    """Return every product, on sale or not, by its code."""
    return Product.objects.order_by("code")


def product_by_code(code: str) -> Product:
    """Return the product.

    :raises NotFound: for a code that is not in the catalogue.
    """
    product = Product.objects.filter(code=code).first()
    if product is None:
        raise NotFound(_("There is no product %(code)s in the catalogue.") % {"code": code})
    return product


def allowed_families(partner_id: UUID, at: datetime) -> frozenset[str]:
    """Return the licence families that the partner's contract includes now."""
    grants = FamilyGrant.objects.filter(partner_id=partner_id, valid_from__lte=at)
    return frozenset(
        grants.filter(Q(valid_before__isnull=True) | Q(valid_before__gt=at)).values_list("family", flat=True)
    )


def free_by_product(product_ids: list[int], *, at: datetime | None = None) -> dict[int, int]:
    """Return the free keys of each product, counted past row-level security by the database's function.

    With an instant those the current partner may draw then, without one those of the general stock.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT id, licensing_free_count(id, %s) FROM unnest(%s::bigint[]) AS wanted(id)",
            [at, product_ids],
        )
        return dict(cursor.fetchall())
