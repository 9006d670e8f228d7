"""Read pools: who waits for the keys that lie in one. Everything here needs the MAR's scope."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from licensing.rules.key_states import Hold, KeyState

_SERVED_BY_POOLS = f"""
SELECT l.order_id, b.partner_id
FROM licensing_backorder b JOIN licensing_orderline l ON l.id = b.order_line_id
WHERE b.product_id = %(product)s AND b.ended_at IS NULL AND EXISTS (
  SELECT 1 FROM unnest(licensing_pools_of(b.partner_id, b.product_id, %(at)s)) AS own(pool)
  JOIN licensing_productkey k ON k.pool = own.pool AND k.pool <> 0
  WHERE k.product_id = b.product_id AND k.state = {KeyState.FULFILLED:d} AND k.hold = '{Hold.NONE}')
ORDER BY b.queued_at, b.place
"""


def waiting_for_pools(product_id: int, at: datetime) -> list[tuple[UUID, UUID]]:
    """Return order and partner of those in a product's queue for whom free keys lie in a pool, in its order."""
    with connection.cursor() as cursor:
        cursor.execute(_SERVED_BY_POOLS, {"product": product_id, "at": at})
        return list(cursor.fetchall())
