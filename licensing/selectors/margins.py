"""A partner's own price less what the licence costs him, now and from each announced change. His people's alone."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from licensing.models import Product, ResalePrice
from licensing.selectors.catalogue import products_on_sale
from licensing.selectors.prices import currency_of, prices_for
from licensing.selectors.prices_ahead import PriceAhead, next_changes


@dataclass(frozen=True, slots=True)
class Margin:
    """One product: its cost now and next, the partner's own price, and what is left; net, in ``currency``."""

    product: Product
    currency: str
    cost: Decimal | None
    own: Decimal | None
    ahead: PriceAhead | None

    @property
    def left(self) -> Decimal | None:
        """Return own price less cost."""
        return None if self.own is None or self.cost is None else self.own - self.cost

    @property
    def share(self) -> Decimal | None:
        """Return the margin as a share of the own price, None for an own price of nought."""
        return self.left / self.own if self.left is not None and self.own else None

    @property
    def left_ahead(self) -> Decimal | None:
        """Return own price less the next announced cost."""
        if self.own is None or self.ahead is None or self.ahead.after is None:
            return None
        return self.own - self.ahead.after


def margins_of(partner_id: UUID, at: datetime) -> list[Margin]:
    """Return the margin of each product on sale. Inside the partner's scope: no other reads the own price."""
    products = list(products_on_sale(at))
    costs = prices_for(partner_id, [product.pk for product in products], at)
    own = dict(
        ResalePrice.objects.filter(partner_id=partner_id, currency=currency_of(partner_id)).values_list(
            "product_id", "amount"
        )
    )
    ahead = next_changes(partner_id, at)
    currency = currency_of(partner_id)
    return [
        Margin(
            product,
            currency,
            costs[product.pk].amount if product.pk in costs else None,
            own.get(product.pk),
            ahead.get(product.pk),
        )
        for product in products
    ]
