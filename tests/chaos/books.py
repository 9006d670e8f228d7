"""Compare what the buyers were told with what the database holds, read as the owner."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from typing import Any

from licensing.rules.key_states import KeyState
from tests.chaos.buyers import Outcome

_ORDERS = """
SELECT o.id::text, o.partner_id::text, o.reference, sum(line.quantity),
  (SELECT count(*) FROM licensing_productkey k JOIN licensing_orderline l ON l.id = k.order_line_id
   WHERE l.order_id = o.id AND k.state = %s AND k.partner_id = o.partner_id),
  (SELECT count(*) FROM licensing_keyassignment a JOIN licensing_orderline l ON l.id = a.order_line_id
   WHERE l.order_id = o.id AND a.ended_at IS NULL AND a.partner_id = o.partner_id)
FROM licensing_order o JOIN licensing_orderline line ON line.order_id = o.id GROUP BY o.id
"""
_TWICE = """SELECT key_id FROM licensing_keyassignment WHERE ended_at IS NULL
GROUP BY key_id HAVING count(*) > 1"""
_REMEMBERED = """SELECT key, object_id::text FROM core_idempotencykey WHERE operation = 'order.place'"""


def faults(cursor: Any, outcomes: Sequence[Outcome]) -> list[str]:
    """Return in words everything that is not as the buyers were told, or not once."""
    cursor.execute(_ORDERS, [KeyState.ASSIGNED.value])
    rows = cursor.fetchall()
    return [
        *_broken_promises({row[0]: row for row in rows}, outcomes),
        *_not_once(rows, outcomes),
        *_memory_faults(cursor, rows),
        *_wrong_sums(cursor, rows),
    ]


def _broken_promises(orders: dict[str, Any], outcomes: Sequence[Outcome]) -> Iterator[str]:
    for outcome in outcomes:
        if not outcome.is_ordered:
            continue
        row, wish = orders.get(outcome.order_id), outcome.wish
        if row is None:
            yield f"order {outcome.order_id} was answered and does not exist"
        elif row[1] != str(wish.shop.partner.pk):
            yield f"order {outcome.order_id} belongs to somebody else"
        elif row[2] != wish.key:
            yield f"order {outcome.order_id} was made by another request"
        elif not row[3] == row[4] == row[5] == wish.quantity:
            yield f"order {outcome.order_id}: {wish.quantity} wished, {row[3:]} ordered, held, assigned"


def _not_once(rows: Sequence[Any], outcomes: Sequence[Outcome]) -> Iterator[str]:
    orders_of = defaultdict(list)
    for row in rows:
        orders_of[row[2]].append(row[0])
    for outcome in outcomes:
        found, expected = len(orders_of.pop(outcome.wish.key, [])), int(outcome.is_ordered)
        if found != expected:
            yield f"key {outcome.wish.key}: {found} orders, answered {outcome.status}"
    for key, orders in orders_of.items():
        yield f"key {key}: {len(orders)} orders that nobody was told of"


def _memory_faults(cursor: Any, rows: Sequence[Any]) -> Iterator[str]:
    cursor.execute(_REMEMBERED)
    remembered, made = sorted(cursor.fetchall()), sorted((row[2], row[0]) for row in rows)
    if remembered != made:
        yield f"{len(set(remembered) ^ set(made))} idempotency rows and orders do not match"


def _wrong_sums(cursor: Any, rows: Sequence[Any]) -> Iterator[str]:
    cursor.execute("SELECT count(*) FROM licensing_productkey WHERE state = %s", [KeyState.ASSIGNED.value])
    assigned, ordered = int(cursor.fetchone()[0]), sum(int(row[3]) for row in rows)
    if assigned != ordered:
        yield f"{ordered} keys ordered, {assigned} assigned"
    cursor.execute(_TWICE)
    for (key,) in cursor.fetchall():
        yield f"key {key} has two active assignments"
