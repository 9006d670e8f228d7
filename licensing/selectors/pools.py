"""Read pools: where they stand, what lies in them, who waits for it. Everything here needs the MAR's scope."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Count, Q, QuerySet

from licensing.models import Product, ProductKey, StockPool, StockPoolMember
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.pools import GENERAL, PoolState
from licensing.selectors.decoys import decoys_of_product

_SERVED_BY_POOLS = f"""
SELECT l.order_id, b.partner_id
FROM licensing_backorder b JOIN licensing_orderline l ON l.id = b.order_line_id
WHERE b.product_id = %(product)s AND b.ended_at IS NULL AND EXISTS (
  SELECT 1 FROM unnest(licensing_pools_of(b.partner_id, b.product_id, %(at)s)) AS own(pool)
  JOIN licensing_productkey k ON k.pool = own.pool AND k.pool <> 0
  WHERE k.product_id = b.product_id AND k.state = {KeyState.FULFILLED:d} AND k.hold = '{Hold.NONE}')
ORDER BY b.queued_at, b.place
"""


_OUTSIDE = """
SELECT count(*), coalesce(sum(b.quantity), 0)::bigint FROM licensing_backorder b
WHERE b.product_id = %s AND b.ended_at IS NULL AND NOT licensing_draws_from(b.partner_id, ARRAY[%s])
"""


def waiting_outside(pool_id: int, product_id: int) -> tuple[int, int]:
    """Return the orders, and their keys, in a product's queue whose partners may not draw from a pool."""
    with connection.cursor() as cursor:
        cursor.execute(_OUTSIDE, [product_id, pool_id])
        orders, keys = cursor.fetchone()
    return int(orders), int(keys)


def waiting_for_pools(product_id: int, at: datetime) -> list[tuple[UUID, UUID]]:
    """Return order and partner of those in a product's queue for whom free keys lie in a pool, in its order."""
    with connection.cursor() as cursor:
        cursor.execute(_SERVED_BY_POOLS, {"product": product_id, "at": at})
        return list(cursor.fetchall())


@dataclass(frozen=True, slots=True)
class PoolLine:
    """A pool and its keys: free ones, those kept for an order or on hold, and those that were drawn from it."""

    pool: StockPool
    state: PoolState
    free: int = 0
    kept: int = 0
    drawn: int = 0


@dataclass(frozen=True, slots=True)
class StockPlaces:
    """One product's keys in stock, by place: everybody's, each pool's, kept for orders, in quarantine."""

    product: Product
    general: int
    pools: Sequence[PoolLine]
    reserved: int
    quarantined: int

    @property
    def total(self) -> int:
        """Return the sum over the places."""
        return self.general + sum(line.free for line in self.pools) + self.reserved + self.quarantined


def pool_lines(at: datetime) -> list[PoolLine]:
    """Return every pool with what lies in it, those that are not over first, then by name."""
    return sorted(_lines(StockPool.objects.all(), at), key=lambda line: line.state is PoolState.ENDED)


def pool_line(code: str, at: datetime) -> PoolLine | None:
    """Return one pool with what lies in it, None when there is none."""
    return next(iter(_lines(StockPool.objects.filter(code=code), at)), None)


def _lines(pools: QuerySet[StockPool], at: datetime) -> list[PoolLine]:
    found = list(pools.select_related("product", "created_by", "opened_by").order_by("name"))
    free = Q(state=KeyState.FULFILLED, hold=Hold.NONE)
    counted = (
        ProductKey.objects.exclude(pool=GENERAL)
        .filter(pool__in=[pool.pk for pool in found])
        .values_list("pool")
        .annotate(
            free=Count("id", filter=free),
            kept=Count("id", filter=Q(state=KeyState.FULFILLED) & ~free),
            drawn=Count("id", filter=~Q(state=KeyState.FULFILLED)),
        )
        .order_by()
    )
    keys = {row[0]: row[1:] for row in counted}
    return [PoolLine(pool, pool.state_at(at), *keys.get(pool.pk, (0, 0, 0))) for pool in found]


def members_of(pool_id: int) -> QuerySet[StockPoolMember]:
    """Return the partners who may draw by name."""
    return StockPoolMember.objects.filter(pool_id=pool_id).select_related("partner").order_by("partner__name")


def places_with_pools(lines: Sequence[PoolLine]) -> list[StockPlaces]:
    """Return where the keys in stock lie, for each product that has one of these pools."""
    if not lines:
        return []
    products = {line.pool.product_id: line.pool.product for line in lines}
    counted = (
        ProductKey.objects.filter(product__in=products, state=KeyState.FULFILLED)
        .values_list("product_id")
        .annotate(
            general=Count("id", filter=Q(pool=GENERAL, hold=Hold.NONE)) - decoys_of_product("free"),
            reserved=Count("id", filter=Q(hold=Hold.RESERVED)),
            quarantined=Count("id", filter=~Q(hold__in=[Hold.NONE, Hold.RESERVED]))
            - decoys_of_product("held"),
        )
        .order_by()
    )
    found = {row[0]: row[1:] for row in counted}
    places = []
    for product_id, product in sorted(products.items(), key=lambda one: one[1].name):
        general, reserved, quarantined = found.get(product_id, (0, 0, 0))
        pools = [line for line in lines if line.pool.product_id == product_id]
        places.append(StockPlaces(product, general, pools, reserved, quarantined))
    return places
