"""Every row lock of licensing, in the one order in which they may be taken.

Lock order: credit position of the partner → product keys by id → builds by id → computer build
reports. A service that needs several takes them in this order, so no two can wait for each other.
The allocation locks product keys by SKIP LOCKED (licensing/guards.py).
"""

from uuid import UUID

from django.db import connection


def lock_credit(partner_id: UUID) -> None:
    """Serialise the partner's orders: hold his credit row until the transaction ends."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT 1 FROM partners_creditposition WHERE partner_id = %s FOR NO KEY UPDATE", [partner_id]
        )
