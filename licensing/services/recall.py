"""Take keys back into the MAR's stock: untouched ones to be ordered again, disclosed ones never."""

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import NotFound
from core.queue import enqueue
from licensing.locks import lock_keys
from licensing.models import KeyAssignment, ProductKey
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.services.custody import Also, Step, move_keys


@transaction.atomic
def unassign_keys(key_ids: Sequence[int], *, order_id: object, by: Actor, at: datetime) -> None:
    """Put assigned keys of a cancelled order back into stock, all or none, in the MAR's scope.

    A key that was ever decrypted for someone goes back quarantined, whatever its state says.

    :raises KeyCannotMove: when any key is no longer just assigned.
    """
    take_back(key_ids, sources=(KeyState.ASSIGNED,), step=Step("order.cancelled", order_id, by, at))


def take_back(key_ids: Sequence[int], *, sources: Sequence[KeyState], step: Step) -> None:
    """Put keys back into the MAR's stock, all or none: what anybody has seen goes into quarantine.

    :raises KeyCannotMove: when any key is not in one of the states.
    """
    ids = sorted(set(key_ids))
    lock_keys(ids)
    disclosed = set(ProductKey.objects.filter(pk__in=ids, is_disclosed=True).values_list("pk", flat=True))
    for chosen, hold in (
        ([key_id for key_id in ids if key_id not in disclosed], ()),
        (sorted(disclosed), (Also.QUARANTINE,)),
    ):
        if chosen:
            move_keys(
                chosen, to=KeyState.FULFILLED, sources=sources, also=(Also.CLEAR_OWNER, *hold), step=step
            )
    _end_assignments(ids, step.at)


@transaction.atomic
def recall_key(key_id: int, *, reason: str, by: Actor, at: datetime, tells_partner: bool = True) -> None:
    """Take a handed-over, unused key back: into stock, but quarantined for good.

    Somebody has seen it, so it leaves only by a return to Microsoft, or by two people with a reason.
    Runs in the MAR's scope. The partner is told by mail; not so where many keys go at once and he is told of
    all together.

    :raises NotFound: for an unknown key.
    :raises KeyCannotMove: when it is on a PC already, or held.
    """
    lock_keys([key_id])
    key = ProductKey.objects.filter(pk=key_id).first()
    if key is None:
        raise NotFound(_("There is no such key."))
    move_keys(
        [key_id],
        to=KeyState.FULFILLED,
        sources=(KeyState.RETRIEVED,),
        also=(Also.CLEAR_OWNER, Also.QUARANTINE),
        step=Step("key.recalled", key.product_key_id, by, at),
    )
    _end_assignments([key_id], at)
    audit.record(
        "licensing.key.recalled",
        by=by,
        at=at,
        object_type="key",
        object_id=key.product_key_id,
        partner_id=key.partner_id,
        facts={"reason": mask_keys(reason)[:200], "hold": Hold.QUARANTINED.value},
    )
    if tells_partner:
        enqueue(
            "licensing.tell_recall",
            at=at,
            partner_id=key.partner_id,
            product_key_id=key.product_key_id,
            reason=mask_keys(reason)[:200],
        )


def _end_assignments(key_ids: Sequence[int], at: datetime) -> None:
    KeyAssignment.objects.filter(key_id__in=key_ids, ended_at__isnull=True).update(ended_at=at)
