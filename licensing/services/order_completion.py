"""End orders whose work is done: every key has Microsoft's answer, or was returned."""

from datetime import datetime

from django.db import connection, transaction

from core import audit
from core.actor import Actor
from licensing.rules.key_states import KeyState

COMPLETION = Actor.system("Order completion")
DONE_STATES = (
    KeyState.ACTIVATION_ENABLED,
    KeyState.ACTIVATION_ENABLED_PENDING_UPDATE,
    KeyState.ACTIVATION_DENIED,
    KeyState.REPORTED_RETURN,
    KeyState.RETURNED,
)
_COMPLETE = """
UPDATE licensing_order o SET state = 'completed'
WHERE o.state = 'allocated' AND NOT EXISTS (
  SELECT 1 FROM licensing_orderline l JOIN licensing_productkey k ON k.order_line_id = l.id
  WHERE l.order_id = o.id AND k.state <> ALL(%s))
RETURNING o.id, o.partner_id
"""
_TELL = """
INSERT INTO licensing_orderevent (order_id, partner_id, kind, from_state, to_state, note, facts, by, by_id, at)
SELECT o.id, o.partner_id, 'completed', 'allocated', 'completed', '', '{}', %s, %s, %s
FROM licensing_order o WHERE o.id = ANY(%s)
"""


@transaction.atomic
def complete_orders(*, at: datetime) -> int:
    """Complete every order none of whose keys is still on its way; return how many. In the MAR's scope."""
    with connection.cursor() as cursor:
        cursor.execute(_COMPLETE, [[state.value for state in DONE_STATES]])
        done = cursor.fetchall()
        if done:
            cursor.execute(_TELL, [COMPLETION.label, COMPLETION.id, at, [order_id for order_id, _ in done]])
    for order_id, partner_id in done:
        audit.record(
            "licensing.order.completed",
            by=COMPLETION,
            at=at,
            object_type="order",
            object_id=order_id,
            partner_id=partner_id,
        )
    return len(done)
