"""Move keys from state to state: the only code that does, and it writes the ledger in the same breath."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

from django.db import connection
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import DomainError, refuse
from licensing.rules.key_states import Hold, KeyState, sources_of

_MOVE = """
WITH before AS (
  SELECT id, product_id, partner_id, state, hold FROM licensing_productkey
  WHERE id = ANY(%(ids)s) AND state = ANY(%(sources)s) AND hold <> ALL(%(stopping_holds)s)
    AND (state <> 1 OR %(to_state)s = 100 OR NOT licensing_is_decoy(id))
  ORDER BY id FOR UPDATE
), moved AS (
  UPDATE licensing_productkey k
  SET state = %(to_state)s, state_since = %(at)s {extra}
  FROM before b WHERE k.id = b.id
  RETURNING k.id, k.product_id, coalesce(b.partner_id, k.partner_id) AS partner_id, b.state AS from_state, k.hold
)
INSERT INTO licensing_ledgerentry (key_id, product_id, partner_id, from_state, to_state, hold, reason,
  object_id, actor_kind, actor_id, actor_label, request_id, recorded_at)
SELECT id, product_id, partner_id, from_state, %(to_state)s, hold, %(reason)s,
  {object_id}, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(request_id)s, %(at)s
FROM moved {named} ORDER BY id
RETURNING key_id
"""
_NAMED = "JOIN unnest(%(ids)s, %(object_ids)s) AS named(id, object_id) USING (id)"
# A step that changes the hold and leaves the state; such a key is not in anyone's way, so no source is named.
_HOLD = """
WITH before AS (
  SELECT id FROM licensing_productkey WHERE id = ANY(%(ids)s) AND hold = %(from_hold)s AND state <> ALL(%(ended)s)
    AND (state <> 1 OR 'quarantined' IN (%(from_hold)s, %(to_hold)s) OR NOT licensing_is_decoy(id))
  ORDER BY id FOR NO KEY UPDATE
), held AS (
  UPDATE licensing_productkey k SET hold = %(to_hold)s FROM before b WHERE k.id = b.id
  RETURNING k.id, k.product_id, k.partner_id, k.state, k.hold
)
INSERT INTO licensing_ledgerentry (key_id, product_id, partner_id, from_state, to_state, hold, reason,
  object_id, actor_kind, actor_id, actor_label, request_id, recorded_at)
SELECT id, product_id, partner_id, state, state, hold, %(reason)s, %(object_id)s, %(actor_kind)s, %(actor_id)s,
  %(actor_label)s, %(request_id)s, %(at)s FROM held ORDER BY id
RETURNING key_id
"""
# Written when a database function has already moved the keys (the allocation).
_RECORD = """
INSERT INTO licensing_ledgerentry (key_id, product_id, partner_id, from_state, to_state, hold, reason,
  object_id, actor_kind, actor_id, actor_label, request_id, recorded_at)
SELECT id, %(product_id)s, %(partner_id)s, %(from_state)s, %(to_state)s, %(hold)s, %(reason)s,
  %(object_id)s, %(actor_kind)s, %(actor_id)s, %(actor_label)s, %(request_id)s, %(at)s
FROM unnest(%(ids)s) AS moved(id)
"""


class Also(StrEnum):
    """What may change on a key in the very statement that moves it, because a constraint asks for both."""

    REMEMBER_STATE = ", previous_state = b.state"
    FORGET_STATE = ", previous_state = NULL"
    CLEAR_OWNER = ", partner_id = NULL, order_line_id = NULL"
    QUARANTINE = ", hold = 'quarantined'"
    FREE = ", hold = 'none'"
    # Its own name is free for the same key, delivered again; what it is called now nobody else can be.
    NAMELESS = ", pool = 0, product_key_id = 'U' || lpad(k.id::text, 12, '0')"
    LAST_OWNER = (
        ", (partner_id, order_line_id) = (SELECT a.partner_id, a.order_line_id FROM licensing_keyassignment a"
        " WHERE a.key_id = b.id ORDER BY a.id DESC LIMIT 1)"
    )


class KeyCannotMove(DomainError):
    """At least one of the keys is not in a state, or is under a hold, that allows the step."""


@dataclass(frozen=True, slots=True)
class Step:
    """What is written beside each move: the act, the object it belongs to, who, when."""

    reason: str
    object_id: Any
    by: Actor
    at: datetime

    def parameters(self) -> dict[str, Any]:
        """Return the step as bound parameters."""
        return {
            "reason": self.reason,
            "object_id": str(self.object_id),
            "actor_kind": self.by.kind.value,
            "actor_id": self.by.id,
            "actor_label": self.by.label[:200],
            "request_id": self.by.request_id,
            "at": self.at,
        }


def move_keys(
    ids: Sequence[int],
    *,
    to: KeyState,
    step: Step,
    sources: Collection[KeyState] | None = None,
    is_disclosed: bool | None = None,
    stopping_holds: Collection[Hold] = (Hold.LOST_OR_STOLEN, Hold.DISPUTED),
    also: Collection[Also] = (),
    object_ids: Sequence[Any] | None = None,
) -> None:
    """Move all the keys, or none, and append one ledger row each.

    ``sources`` narrows the states they may come from; by default every state the table allows. ``also``
    names what changes on the key together with its state. ``object_ids``, one for each id, stand in the
    ledger rows instead of the step's object.

    :raises KeyCannotMove: when any key is elsewhere or held; nothing is changed then.
    """
    extra = "" if is_disclosed is None else ", is_disclosed = %(is_disclosed)s"
    is_named = object_ids is not None
    moved = _execute(
        _MOVE.format(
            extra=extra + "".join(also),
            object_id="named.object_id" if is_named else "%(object_id)s",
            named=_NAMED if is_named else "",
        ),
        {
            "ids": list(ids),
            "object_ids": [str(object_id) for object_id in object_ids or ()],
            "sources": [state.value for state in (sources or sources_of(to))],
            "stopping_holds": [hold.value for hold in stopping_holds],
            "to_state": to.value,
            "is_disclosed": is_disclosed,
            **step.parameters(),
        },
    )
    require_all(moved, ids, to=to)


def change_hold(ids: Sequence[int], *, before: Hold, after: Hold, step: Step) -> None:
    """Put all the keys from one hold under another, or none, and append one ledger row each.

    :raises KeyCannotMove: when any key stands under another hold, or is back at Microsoft.
    """
    held = _execute(
        _HOLD,
        {
            "ids": list(ids),
            "from_hold": before.value,
            "to_hold": after.value,
            "ended": [KeyState.RETURNED.value, KeyState.UNDONE.value],
            **step.parameters(),
        },
    )
    if len(held) != len(set(ids)):
        raise KeyCannotMove(
            refuse(
                "hold_cannot_change",
                _("The key is held in another way already, or it is back at Microsoft."),
                rule="KEY-HOLD",
                # Never how many could: who mixes them well would learn which keys are guarded.
                facts={_("Keys"): len(set(ids)), _("Hold asked for"): after.value},
                next_step=_("Open the key's page to see what holds it."),
                lifted_by=_("The MAR's compliance officer"),
            )
        )


def record_assignment(ids: Sequence[int], *, product_id: int, partner_id: UUID, step: Step) -> None:
    """Append the ledger rows of keys that the allocation has just assigned."""
    _record(ids, product_id, partner_id, to=KeyState.ASSIGNED, hold=Hold.NONE, step=step)


def record_hold_in_stock(
    ids: Sequence[int], *, product_id: int, partner_id: UUID | None, hold: Hold, step: Step
) -> None:
    """Append the ledger rows of keys in stock that were just kept for an order line, let go of, or pooled."""
    _record(ids, product_id, partner_id, to=KeyState.FULFILLED, hold=hold, step=step)


def _record(
    ids: Sequence[int], product_id: int, partner_id: UUID | None, *, to: KeyState, hold: Hold, step: Step
) -> None:
    if not ids:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            _RECORD,
            {
                "ids": list(ids),
                "product_id": product_id,
                "partner_id": partner_id,
                "from_state": KeyState.FULFILLED.value,
                "to_state": to.value,
                "hold": hold.value,
                **step.parameters(),
            },
        )


def require_all(moved: Collection[int], wanted: Sequence[int], *, to: KeyState) -> None:
    """Raise unless every wanted key moved; the caller's transaction then rolls back.

    :raises KeyCannotMove: never naming how many did not: who mixes keys well would learn which are guarded.
    """
    if len(moved) == len(set(wanted)):
        return
    raise KeyCannotMove(
        refuse(
            "key_cannot_move",
            _("The key is not in a state that allows this step."),
            rule="KEY-STATES",
            facts={_("Keys"): len(set(wanted)), _("Wanted"): to.microsoft_name},
            next_step=_("Open the key's page to see where it is now."),
            lifted_by=_("The MAR"),
        )
    )


def _execute(statement: str, parameters: dict[str, Any]) -> list[int]:
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters)
        return [int(row[0]) for row in cursor.fetchall()]
