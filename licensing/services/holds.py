"""Put keys under a hold and take it off again. Putting is easy; taking off leaves a proof the database asks for."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from django.db import transaction

from core import audit
from core.actor import Actor
from core.tenancy import acting_as
from licensing.locks import lock_keys
from licensing.models import HoldLift, ProductKey
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.services.custody import Also, Step, change_hold, move_keys
from licensing.services.stock_arrival import announce_free_stock


@transaction.atomic
def put_on_hold(
    key_ids: Sequence[int], *, hold: Hold, reason: str, by: Actor, at: datetime, object_id: Any = ""
) -> None:
    """Hold all the keys, or none: nothing takes, claims, shows or reports them from this moment.

    A partner may do it to his own keys, as lost, stolen or disputed; the database refuses the rest.

    :raises KeyCannotMove: when any key is held already, or is back at Microsoft.
    """
    ids = sorted(set(key_ids))
    lock_keys(ids)
    change_hold(ids, before=Hold.NONE, after=hold, step=Step(f"hold.{hold}", object_id, by, at))
    _audit("held", ids, hold, reason, by, at)


@transaction.atomic
def lift_hold(
    key_ids: Sequence[int],
    *,
    hold: Hold,
    reason: str,
    by: Actor,
    at: datetime,
    asked_by: str = "",
    object_id: Any = "",
) -> None:
    """Take a hold off all the keys, or none, in the MAR's scope.

    ``asked_by`` is the label of the first person; out of quarantine it must be another than ``by``. A key
    that was ever decrypted and lies in stock falls into quarantine instead of becoming free.

    :raises KeyCannotMove: when any key is not under this hold.
    """
    ids = sorted(set(key_ids))
    lock_keys(ids)
    seen = set(
        ProductKey.objects.filter(pk__in=ids, is_disclosed=True, state=KeyState.FULFILLED).values_list(
            "pk", flat=True
        )
    )
    prove_lift(ids, hold=hold, reason=reason, asked_by=asked_by, by=by, at=at)
    step = Step("hold.lifted", object_id, by, at)
    for chosen, after in (
        ([key_id for key_id in ids if key_id not in seen], Hold.NONE),
        (sorted(seen), Hold.QUARANTINED),
    ):
        if chosen:
            change_hold(chosen, before=hold, after=after, step=step)
    _announce([key_id for key_id in ids if key_id not in seen], at)
    _audit("hold_lifted", ids, hold, reason, by, at)


def prove_lift(
    ids: Sequence[int], *, hold: Hold, reason: str, asked_by: str, by: Actor, at: datetime
) -> None:
    """Append the rows without which the database keeps the keys under their hold."""
    with acting_as(by.user_id):
        HoldLift.objects.bulk_create(
            HoldLift(
                key_id=key_id,
                hold=hold,
                reason=mask_keys(reason)[:300],
                asked_by=(asked_by or by.label)[:200],
                lifted_by=by.label[:200],
                lifted_at=at,
            )
            for key_id in ids
        )


def give_back(key_id: int, *, reason: str, asked_by: str, by: Actor, at: datetime, object_id: Any) -> None:
    """Take a called-back key out of quarantine to the partner and the PC it was handed over for.

    Nobody else has seen it, so nobody else may get it. Runs in the caller's transaction, in the MAR's scope.
    """
    lock_keys([key_id])
    prove_lift([key_id], hold=Hold.QUARANTINED, reason=reason, asked_by=asked_by, by=by, at=at)
    step = Step("key.given_back", object_id, by, at)
    move_keys(
        [key_id],
        to=KeyState.ASSIGNED,
        sources=(KeyState.FULFILLED,),
        also=(Also.FREE, Also.LAST_OWNER),
        step=step,
    )
    move_keys([key_id], to=KeyState.RETRIEVED, sources=(KeyState.ASSIGNED,), is_disclosed=True, step=step)


def _announce(ids: Sequence[int], at: datetime) -> None:
    """Let who waits have what lies free in stock now."""
    free = ProductKey.objects.filter(pk__in=ids, state=KeyState.FULFILLED, hold=Hold.NONE)
    for product_id in sorted(set(free.values_list("product_id", flat=True))):
        announce_free_stock(product_id, at=at)


def _audit(act: str, ids: Sequence[int], hold: Hold, reason: str, by: Actor, at: datetime) -> None:
    for key in ProductKey.objects.filter(pk__in=ids).only("product_key_id", "partner_id"):
        audit.record(
            f"licensing.key.{act}",
            by=by,
            at=at,
            object_type="key",
            object_id=key.product_key_id,
            partner_id=key.partner_id,
            facts={"hold": hold.value, "reason": mask_keys(reason)[:200]},
        )
