"""A wrong delivery after its release: stop it, then undo it or give it back, by a second person.

Stopping puts everything that is still in stock into quarantine at once; one person may, because it harms
nobody. While no key of the delivery ever left the stock, a second person undoes the import: the keys leave
the stock for good, under names of their own, and the same file may be imported again. After that only the
way back is open, key by key to Microsoft or, by a second person, into the stock. Rules IMPORT-STOP and
IMPORT-UNDO; why the name is freed and not the guard: docs/adr/0012-undo-of-an-import.md.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from core.people import reference_to
from core.tenancy import acting_as
from licensing.locks import lock_batch, lock_batch_stop, lock_keys_of_batch, lock_queue, lock_stopping
from licensing.models import BatchStop, Fulfilment, KeyBatch, StoppedKey
from licensing.models.key_batch import KeyBatchState
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.selectors.batch_stops import (
    in_quarantine,
    keys_out_of_stock,
    open_stop,
    quarantined_of,
    stopped_in_stock,
)
from licensing.selectors.decoys import decoys_of_batch
from licensing.services.call_offs import settle_call_offs
from licensing.services.custody import Also, Step, change_hold, move_keys
from licensing.services.holds import prove_lift
from licensing.services.stock_arrival import announce_free_stock

_TOMBSTONES = """
INSERT INTO licensing_undonekey (key_id, stop_id, product_key_id, blind_index)
SELECT k.id, %s, k.product_key_id, s.blind_index
FROM licensing_productkey k JOIN licensing_keysecret s ON s.key_id = k.id WHERE k.id = ANY(%s)
"""
# The key itself may come again; what stands here now no other key can have.
_FREE_INDEXES = """
UPDATE licensing_keysecret SET blind_index = sha256(blind_index || convert_to(key_id::text, 'UTF8'))
WHERE key_id = ANY(%s)
"""


class StopRefused(DomainError):
    """The delivery does not allow this act, or not by this person."""


class StopInvalid(Invalid):
    """The reason is missing."""


@transaction.atomic
def stop_batch(batch_id: UUID, *, reason: str, by: Actor, at: datetime) -> BatchStop:
    """Put every key of a released delivery that is still free into quarantine, in the MAR's scope.

    Orders that are under way take their keys or find none: this waits for them.

    :raises StopInvalid: without a reason.
    :raises StopRefused: for a delivery that is not in stock, or is stopped already.
    :raises NotFound: when there is no such import.
    """
    _require_reason(reason)
    batch = lock_batch(batch_id)
    if batch is None:
        raise NotFound(_("This import does not exist."))
    if batch.state != KeyBatchState.RELEASED or open_stop(batch_id) is not None:
        raise StopRefused(_not_in_stock(batch))
    for product_id in _products(batch_id):
        lock_queue(product_id)
    lock_stopping(batch_id)
    ids = lock_keys_of_batch(batch_id, Hold.NONE)
    in_quarantine_before = in_quarantine(batch_id)
    with acting_as(by.user_id):
        stop = BatchStop.objects.create(
            batch=batch, reason=mask_keys(reason.strip())[:500], stopped_by_id=_person(by), stopped_at=at
        )
    _join(stop, ids)
    if ids:
        step = Step("delivery.stopped", stop.pk, by, at)
        change_hold(ids, before=Hold.NONE, after=Hold.QUARANTINED, step=step)
    _audit("stopped", stop, by=by, at=at, keys=in_quarantine(batch_id) - in_quarantine_before)
    return stop


@transaction.atomic
def undo_import(stop_id: UUID, *, reason: str, by: Actor, at: datetime) -> int:
    """Take a stopped delivery's keys out of the stock for good, as second person; return how many.

    :raises StopInvalid: without a reason.
    :raises StopRefused: for who stopped it, when it is decided, or when a key ever left the stock.
    """
    stop = _decidable(stop_id, reason, by)
    # What lay in quarantine before the stop, for whatever reason, was delivered wrongly too.
    ids = lock_keys_of_batch(stop.batch_id, Hold.NONE, Hold.QUARANTINED)
    out = keys_out_of_stock(stop.batch_id)
    if out:
        raise StopRefused(_left_stock(out))
    held, decoys = quarantined_of(ids), decoys_of_batch(stop.batch_id)
    _join(stop, held)
    _decide(stop, BatchStop.State.UNDONE, reason, by, at)
    prove_lift(
        held, hold=Hold.QUARANTINED, reason=reason, asked_by=reference_to(stop.stopped_by_id), by=by, at=at
    )
    with connection.cursor() as cursor:
        cursor.execute(_TOMBSTONES, [stop.pk, ids])
    move_keys(
        ids,
        to=KeyState.UNDONE,
        sources=(KeyState.FULFILLED,),
        also=(Also.FREE, Also.NAMELESS),
        step=Step("delivery.undone", stop.pk, by, at),
    )
    with connection.cursor() as cursor:
        cursor.execute(_FREE_INDEXES, [ids])
    undone = Fulfilment.objects.filter(batch_id=stop.batch_id)
    undone.update(undone_at=at)
    settle_call_offs(undone.values_list("product_id", flat=True), by=by, at=at)
    KeyBatch.objects.filter(pk=stop.batch_id).update(state=KeyBatchState.UNDONE)
    _audit("undone", stop, by=by, at=at, keys=len(ids) - decoys)
    return len(ids) - decoys


@transaction.atomic
def give_batch_back(stop_id: UUID, *, reason: str, by: Actor, at: datetime) -> int:
    """Give what a stop holds back to the stock, as second person; return how many keys.

    :raises StopInvalid: without a reason.
    :raises StopRefused: for who stopped it, or when it is decided.
    """
    stop = _decidable(stop_id, reason, by)
    lock_keys_of_batch(stop.batch_id, Hold.QUARANTINED)
    ids, before = stopped_in_stock(stop.pk), in_quarantine(stop.batch_id)
    _decide(stop, BatchStop.State.GIVEN_BACK, reason, by, at)
    if ids:
        prove_lift(
            ids, hold=Hold.QUARANTINED, reason=reason, asked_by=reference_to(stop.stopped_by_id), by=by, at=at
        )
        step = Step("delivery.given_back", stop.pk, by, at)
        change_hold(ids, before=Hold.QUARANTINED, after=Hold.NONE, step=step)
    keys = before - in_quarantine(stop.batch_id)
    _audit("given_back", stop, by=by, at=at, keys=keys)
    for product_id in _products(stop.batch_id):
        announce_free_stock(product_id, at=at)
    return keys


def _join(stop: BatchStop, ids: Sequence[int]) -> None:
    StoppedKey.objects.bulk_create(
        (StoppedKey(stop=stop, key_id=key_id) for key_id in ids), batch_size=5000, ignore_conflicts=True
    )


def _decidable(stop_id: UUID, reason: str, by: Actor) -> BatchStop:
    _require_reason(reason)
    stop = lock_batch_stop(stop_id)
    if stop is None:
        raise NotFound(_("This delivery is not stopped."))
    if stop.state != BatchStop.State.STOPPED:
        raise StopRefused(_decided(stop))
    if stop.stopped_by_id == _person(by):
        raise StopRefused(_second_person())
    return stop


def _decide(stop: BatchStop, state: BatchStop.State, reason: str, by: Actor, at: datetime) -> None:
    stop.state, stop.note = state, mask_keys(reason.strip())[:500]
    stop.decided_by_id, stop.decided_at = _person(by), at
    with acting_as(by.user_id):
        stop.save(update_fields=["state", "note", "decided_by", "decided_at"])


def _products(batch_id: UUID) -> Sequence[int]:
    found = Fulfilment.objects.filter(batch_id=batch_id).order_by("product_id")
    return list(found.values_list("product_id", flat=True).distinct())


def _require_reason(reason: str) -> None:
    if len(reason.strip()) < 3:
        raise StopInvalid(
            refuse(
                "stop_without_reason",
                _("The reason is missing."),
                rule="IMPORT-STOP",
                next_step=_("Write why, in a few words."),
                lifted_by=_("You"),
            )
        )


def _person(by: Actor) -> UUID:
    if by.user_id is None:
        raise ValueError("a delivery is stopped and undone by people")
    return by.user_id


def _not_in_stock(batch: KeyBatch) -> Refusal:
    return refuse(
        "batch_not_in_stock",
        _("Only a released delivery is stopped, and only once."),
        rule="IMPORT-STOP",
        facts={_("State"): str(KeyBatchState(batch.state).label)},
        next_step=_("Open the import to see where it stands."),
        lifted_by=_("Nobody"),
    )


def _left_stock(out: int) -> Refusal:
    return refuse(
        "batch_left_stock",
        _("Keys of this delivery have left the stock, so it cannot be undone."),
        rule="IMPORT-UNDO",
        facts={_("Keys that left or are kept for an order"): out},
        next_step=_("Keep the rest in quarantine and return it to Microsoft, or give it back to the stock."),
        lifted_by=_("Nobody: what somebody may have seen stays on the books"),
    )


def _decided(stop: BatchStop) -> Refusal:
    return refuse(
        "stop_decided",
        _("This was decided before."),
        rule="IMPORT-UNDO",
        facts={_("State"): str(BatchStop.State(stop.state).label)},
        next_step=_("Open the import to see where it stands."),
        lifted_by=_("Nobody"),
    )


def _second_person() -> Refusal:
    return refuse(
        "stop_second_person",
        _("Whoever stopped a delivery does not decide what becomes of it."),
        rule="IMPORT-UNDO",
        missing={_("Person"): _("another one of the MAR")},
        next_step=_("Ask another stock keeper or an approver."),
        lifted_by=_("A second person"),
    )


def _audit(act: str, stop: BatchStop, *, by: Actor, at: datetime, keys: int) -> None:
    audit.record(
        f"licensing.batch.{act}", by=by, at=at, object_type="key_batch", object_id=stop.batch_id,
        facts={"keys": keys, "reason": (stop.note or stop.reason)[:200]},
    )  # fmt: skip
