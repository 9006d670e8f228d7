"""Move a released import into stock: keys, ciphertexts, fulfilments and ledger in one transaction."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, connection, transaction

from core import audit
from core.actor import Actor, ActorKind
from core.queue import enqueue
from licensing.exchange.refusals import ErrorList
from licensing.models import Fulfilment, KeyBatch
from licensing.models.key_batch import KeyBatchState
from licensing.rules.key_states import KeyState
from licensing.services.call_offs import settle_call_offs
from licensing.services.decoys import mark_decoys, plant_decoys, step_aside
from licensing.services.import_check import STALE_AFTER
from licensing.services.import_errors import to_stored
from licensing.services.import_staging import add_known_fulfilments, add_known_keys, discard, joins_for
from licensing.services.stock_arrival import announce_free_stock
from partners.models import Mar

NEVER_SENT_AFTER = timedelta(minutes=2)
UNIQUE_VIOLATION = "23505"

_FULFILMENTS = """
INSERT INTO licensing_fulfilment (number, batch_id, product_id, sold_to_id, quantity, received_at)
SELECT fulfilment_number, %(batch)s, min(product_id), %(sold_to)s, count(*), %(at)s
FROM licensing_stagedkey WHERE batch_id = %(batch)s GROUP BY fulfilment_number ORDER BY min(row_number)
"""
_CALL_OFFS = """
UPDATE licensing_fulfilment f SET call_off_reference = part ->> 'call_off'
FROM licensing_keybatch b, jsonb_array_elements(b.contents) AS part
WHERE b.id = %(batch)s AND f.batch_id = b.id AND f.number = part ->> 'fulfilment'
  AND coalesce(part ->> 'call_off', '') <> ''
"""
# Stock leaves first in, first out: by the moment of release, then by the row in the file.
_KEYS = f"""
WITH staged AS (
  SELECT * FROM licensing_stagedkey WHERE batch_id = %(batch)s
), keys AS (
  INSERT INTO licensing_productkey (product_key_id, last5, product_id, batch_id, fulfilment_id, state,
     state_since, hold, is_disclosed, position)
  SELECT s.product_key_id, s.last5, s.product_id, s.batch_id, f.id,
    {KeyState.FULFILLED:d}, %(at)s, 'none', false,
    (extract(epoch FROM %(at)s::timestamptz) * 1000)::bigint * 1000000
      + row_number() OVER (ORDER BY s.row_number, s.id)
  FROM staged s JOIN licensing_fulfilment f ON f.number = s.fulfilment_number AND f.undone_at IS NULL
  ORDER BY s.row_number, s.id
  RETURNING id, product_key_id, product_id
), secrets AS (
  INSERT INTO licensing_keysecret (key_id, sealed, blind_index)
  SELECT k.id, s.sealed, s.blind_index FROM keys k JOIN staged s ON s.product_key_id = k.product_key_id
)
INSERT INTO licensing_ledgerentry (key_id, product_id, from_state, to_state, hold, reason, object_id,
  actor_kind, actor_id, actor_label, request_id, recorded_at)
SELECT id, product_id, NULL, {KeyState.FULFILLED:d}, 'none', 'fulfilment.released', %(batch_text)s,
  %(actor_kind)s, %(actor_id)s, %(actor_label)s, '', %(at)s FROM keys
"""
_BEGIN = "UPDATE licensing_keybatch SET claimed_at = clock_timestamp() WHERE id = %s AND state = 'releasing'"
_DROPPED = """
SELECT id, state FROM licensing_keybatch
WHERE (state = 'received' AND uploaded_at < %(before)s)
   OR (state = 'validating' AND claimed_at < clock_timestamp() - %(stale)s * interval '1 second')
   OR (state = 'releasing' AND released_at < %(before)s)
"""


def complete_release(batch_id: UUID, *, at: datetime) -> bool:
    """Move all keys of a batch whose release was decided into stock, or none; return whether they moved.

    Runs in the MAR's scope, in one transaction. The update of the batch's row makes a second worker wait,
    which then finds nothing to do. A key that a rival import brought in meanwhile refuses the whole batch.
    """
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN, [batch_id])
        if not cursor.rowcount:
            return False
    batch = KeyBatch.objects.select_related("released_by").get(id=batch_id)
    by = _releaser(batch)
    try:
        with transaction.atomic():
            keys = _move(batch, by=by, at=at)
    except IntegrityError as error:
        if getattr(error.__cause__, "pgcode", "") != UNIQUE_VIOLATION:
            raise
        _refuse(batch, at=at)
        return False
    _audit("released", batch_id, by=by, at=at, facts={"keys": keys})
    arrived = list(Fulfilment.objects.filter(batch=batch).values_list("product_id", flat=True).distinct())
    settle_call_offs(arrived, by=by, at=at)
    for product_id in arrived:
        announce_free_stock(product_id, at=at)
    return True


def sweep_imports(*, at: datetime) -> int:
    """Send again what was dropped: uploads nobody checked, checks and releases that broke off."""
    with connection.cursor() as cursor:
        cursor.execute(_DROPPED, {"before": at - NEVER_SENT_AFTER, "stale": STALE_AFTER.total_seconds()})
        dropped = cursor.fetchall()
    for batch_id, state in dropped:
        act = "release" if state == KeyBatchState.RELEASING else "validate"
        enqueue(f"licensing.{act}_batch", at=at, batch_id=batch_id)
    return len(dropped)


def _move(batch: KeyBatch, *, by: Actor, at: datetime) -> int:
    facts: dict[str, Any] = {
        "batch": batch.id,
        "batch_text": str(batch.id),
        "sold_to": Mar.objects.get().sold_to_id,
        "at": at,
        "actor_kind": by.kind.value,
        "actor_id": by.id,
        "actor_label": by.label[:200],
    }
    with joins_for(batch.keys_total), connection.cursor() as cursor:
        cursor.execute(_FULFILMENTS, facts)
        step_aside(batch.id)
        planted = plant_decoys(batch.id, keys=batch.keys_total)
        cursor.execute(_CALL_OFFS, facts)
        cursor.execute(_KEYS, facts)
        moved = int(cursor.rowcount) - len(planted.product_key_ids)
        mark_decoys(planted, at=at)
        cursor.execute("DELETE FROM licensing_stagedkey WHERE batch_id = %s", [batch.id])
    if moved != batch.keys_total:
        raise RuntimeError(f"{moved} keys were staged where {batch.keys_total} were checked")
    KeyBatch.objects.filter(id=batch.id).update(state=KeyBatchState.RELEASED, released_at=at)
    return moved


def _refuse(batch: KeyBatch, *, at: datetime) -> None:
    errors = ErrorList()
    with joins_for(batch.keys_total):
        add_known_keys(batch.id, errors)
        add_known_fulfilments(batch.id, errors)
    if not errors.count:
        errors.add(0, "", "release_collided")
    KeyBatch.objects.filter(id=batch.id).update(
        state=KeyBatchState.REFUSED,
        released_by=None,
        released_at=None,
        errors=to_stored(errors),
        error_count=errors.count,
        contents=[],
        checked_at=at,
    )
    discard(batch.id)
    _audit("refused", batch.id, by=Actor.system("import release"), at=at, facts={"errors": errors.count})


def _releaser(batch: KeyBatch) -> Actor:
    person = batch.released_by
    if person is None:
        raise RuntimeError("a batch is being released, but nobody decided it")
    return Actor(ActorKind.USER, str(person.pk), str(person), user_id=person.pk)


def _audit(act: str, batch_id: UUID, *, by: Actor, at: datetime, facts: dict[str, Any]) -> None:
    audit.record(
        f"licensing.batch.{act}", by=by, at=at, object_type="key_batch", object_id=batch_id, facts=facts
    )
