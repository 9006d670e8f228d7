"""What a partner will pay: every change that is announced, with what it means for his last 90 days; thresholds."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import connection

from licensing.selectors.prices import currency_of
from partners.selectors.mar import mar_zone

LOOK_BACK = timedelta(days=90)
LOOK_AHEAD = timedelta(days=730)

# A price can only change where one of these begins or ends, or where the year's count starts again. Asked for one
# licence and for as many as each threshold names; a change that a smaller order sees too is told once.
_AHEAD = """
WITH instants AS (
  SELECT %(at)s::timestamptz AS at
  UNION SELECT x.valid_from FROM licensing_price x WHERE x.announced_at IS NOT NULL AND x.withdrawn_at IS NULL
  UNION SELECT b.valid_from FROM licensing_pricebook b UNION SELECT b.valid_before FROM licensing_pricebook b
  UNION SELECT unnest(ARRAY[g.valid_from, g.valid_before]) FROM licensing_partnerpricing g
    WHERE g.partner_id = %(partner)s AND g.approved_at IS NOT NULL
  UNION SELECT unnest(ARRAY[d.valid_from, d.valid_before]) FROM licensing_pricedeviation d
    WHERE d.partner_id = %(partner)s AND d.approved_at IS NOT NULL
  UNION SELECT %(new_year)s::timestamptz),
levels AS (
  SELECT id AS product_id, 1 AS quantity FROM licensing_product
  UNION SELECT x.product_id, x.min_quantity FROM licensing_price x
    WHERE x.announced_at IS NOT NULL AND x.withdrawn_at IS NULL
      AND (x.valid_before IS NULL OR x.valid_before > %(at)s)),
paid AS (
  SELECT p.id, p.code, p.name, v.quantity, i.at, u.amount, u.book,
    lag(u.amount) OVER w AS before, row_number() OVER w AS place
  FROM licensing_product p JOIN levels v ON v.product_id = p.id
  CROSS JOIN (SELECT at FROM instants WHERE at >= %(at)s AND at < %(horizon)s) i
  LEFT JOIN LATERAL licensing_unit_price(%(partner)s, p.id, v.quantity, i.at) u ON true
  WHERE p.order_from <= %(at)s AND (p.order_before IS NULL OR p.order_before > i.at)
    AND (%(product)s IS NULL OR p.id = %(product)s)
  WINDOW w AS (PARTITION BY p.id, v.quantity ORDER BY i.at))
SELECT a.id, a.code, a.name, a.at, a.before, a.amount, a.book, a.quantity,
  coalesce((SELECT sum(l.quantity) FROM licensing_order o JOIN licensing_orderline l ON l.order_id = o.id
    WHERE o.partner_id = %(partner)s AND l.product_id = a.id AND o.placed_at >= %(since)s AND o.placed_at <= %(at)s
      AND o.state NOT IN ('cancelled', 'expired')), 0)
FROM paid a WHERE a.place > 1 AND a.amount IS DISTINCT FROM a.before
  AND NOT EXISTS (SELECT 1 FROM paid o WHERE o.id = a.id AND o.at = a.at AND o.quantity < a.quantity
    AND o.before IS NOT DISTINCT FROM a.before AND o.amount IS NOT DISTINCT FROM a.amount)
ORDER BY a.at, a.code, a.quantity
"""
_LADDER = """
SELECT p.id, x.min_quantity, x.amount, u.basis - 1, u.min_quantity, u.currency
FROM unnest(%(products)s::bigint[]) AS p(id)
CROSS JOIN LATERAL licensing_unit_price(%(partner)s, p.id, 1, %(at)s) u
JOIN licensing_pricebook b ON b.code = u.book
JOIN licensing_price x ON x.book_id = b.id AND x.product_id = p.id AND x.announced_at IS NOT NULL
  AND x.withdrawn_at IS NULL AND x.valid_from <= %(at)s AND (x.valid_before IS NULL OR x.valid_before > %(at)s)
ORDER BY p.id, x.min_quantity
"""


@dataclass(frozen=True, slots=True)
class PriceAhead:
    """A change of what one licence costs the partner; ``after`` is None where the product loses its price.

    ``quantity`` is the size of the order that it is told for: one, or a threshold he has not reached. Of one
    ``effect`` is what the licences he ordered in the last 90 days would cost more (or less) by it.
    """

    product_id: int
    code: str
    name: str
    at: datetime
    before: Decimal | None
    after: Decimal | None
    currency: str
    book: str
    ordered: int
    quantity: int = 1

    @property
    def difference(self) -> Decimal | None:
        """Return the change of one licence's price, None where there is no price on one side."""
        return None if self.before is None or self.after is None else self.after - self.before

    @property
    def effect(self) -> Decimal | None:
        """Return what the licences of the last 90 days would cost more, None of a threshold's price."""
        return None if self.difference is None or self.quantity > 1 else self.difference * self.ordered


@dataclass(frozen=True, slots=True)
class Step:
    """A threshold of the partner's book: from so many licences a year on, one costs so much."""

    min_quantity: int
    amount: Decimal
    currency: str
    is_reached: bool
    missing: int


def prices_ahead(partner_id: UUID, at: datetime, *, product_id: int | None = None) -> list[PriceAhead]:
    """Return every announced change of what the partner pays in the next two years, the nearest first."""
    zone = mar_zone()
    new_year = datetime(at.astimezone(zone).year + 1, 1, 1, tzinfo=zone)
    with connection.cursor() as cursor:
        cursor.execute(
            _AHEAD,
            {
                "partner": partner_id,
                "product": product_id,
                "at": at,
                "new_year": new_year,
                "horizon": at + LOOK_AHEAD,
                "since": at - LOOK_BACK,
            },
        )
        rows = cursor.fetchall()
    currency = currency_of(partner_id) if rows else ""
    return [
        PriceAhead(
            product_id=row[0], code=row[1], name=row[2], at=row[3], before=row[4], after=row[5], book=row[6] or "",
            quantity=row[7], currency=currency, ordered=int(row[8]),
        )
        for row in rows
    ]  # fmt: skip


def next_changes(partner_id: UUID, at: datetime) -> dict[int, PriceAhead]:
    """Return the nearest announced change of one licence's price, of each product that has one."""
    nearest: dict[int, PriceAhead] = {}
    for change in prices_ahead(partner_id, at):
        if change.quantity == 1:
            nearest.setdefault(change.product_id, change)
    return nearest


def ladders(partner_id: UUID, product_ids: Sequence[int], at: datetime) -> dict[int, list[Step]]:
    """Return, for each product with more than one, the thresholds of the book by which the partner pays."""
    with connection.cursor() as cursor:
        cursor.execute(_LADDER, {"partner": partner_id, "products": list(product_ids), "at": at})
        rows = cursor.fetchall()
    found: dict[int, list[Step]] = defaultdict(list)
    for product_id, least, amount, ordered, reached, currency in rows:
        step = Step(least, amount, currency, is_reached=least <= reached, missing=max(least - ordered, 0))
        found[product_id].append(step)
    return {product_id: steps for product_id, steps in found.items() if len(steps) > 1}
