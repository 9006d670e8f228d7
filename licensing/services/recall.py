"""Take keys back into the MAR's stock: untouched ones to be ordered again, disclosed ones never."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound, refuse
from core.queue import enqueue
from licensing.locks import lock_keys
from licensing.models import KeyAssignment, ProductKey
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.selectors.partner_returns import open_return_of
from licensing.services.custody import Also, Step, move_keys

STOPPING_HOLDS = (Hold.LOST_OR_STOLEN, Hold.DISPUTED)


class KeyInReturn(DomainError):
    """A key is on its way back by its partner's own return, and goes no other way meanwhile."""


@transaction.atomic
def unassign_keys(key_ids: Sequence[int], *, order_id: object, by: Actor, at: datetime) -> None:
    """Put assigned keys of a cancelled order back into stock, all or none, in the MAR's scope.

    A key that was ever decrypted for someone goes back quarantined, whatever its state says.

    :raises KeyCannotMove: when any key is no longer just assigned.
    :raises KeyInReturn: when any key stands in a return that is not answered.
    """
    require_in_no_return(key_ids)
    take_back(key_ids, sources=(KeyState.ASSIGNED,), step=Step("order.cancelled", order_id, by, at))


def take_back(
    key_ids: Sequence[int],
    *,
    sources: Sequence[KeyState],
    step: Step,
    stopping_holds: Collection[Hold] = STOPPING_HOLDS,
) -> None:
    """Put keys back into the MAR's stock, all or none: what anybody has seen goes into quarantine.

    A key that keeps another hold, a lost one for instance, keeps it in stock too.

    :raises KeyCannotMove: when any key is not in one of the states, or under a stopping hold.
    """
    ids = sorted(set(key_ids))
    lock_keys(ids)
    seen = ProductKey.objects.filter(pk__in=ids, is_disclosed=True, hold=Hold.NONE)
    disclosed = set(seen.values_list("pk", flat=True))
    for chosen, hold in (
        ([key_id for key_id in ids if key_id not in disclosed], ()),
        (sorted(disclosed), (Also.QUARANTINE,)),
    ):
        if chosen:
            move_keys(
                chosen, to=KeyState.FULFILLED, sources=sources, also=(Also.CLEAR_OWNER, *hold),
                stopping_holds=stopping_holds, step=step,
            )  # fmt: skip
    _end_assignments(ids, step.at)


def require_in_no_return(key_ids: Sequence[int], *, but: Collection[UUID] = ()) -> None:
    """Refuse to take keys another way while their partner's return of them is open.

    The keys are locked first: a request that names one of them comes before this look or after the caller's step.

    :raises KeyInReturn: naming the return; ``but`` names requests that are themselves on their way.
    """
    lock_keys(sorted(set(key_ids)))
    found = open_return_of(key_ids, but=but)
    if found is None:
        return
    raise KeyInReturn(
        refuse(
            "key_in_return",
            _("A key that goes back by a return goes no other way meanwhile."),
            rule="RET-21",
            facts={_("Product key id"): found.product_key_id, _("Return"): str(found.request)},
            next_step=_("Have the return withdrawn, refused or answered first."),
            lifted_by=_("The partner while nobody has decided, then the MAR"),
        )
    )


@transaction.atomic
def recall_key(key_id: int, *, reason: str, by: Actor, at: datetime, tells_partner: bool = True) -> None:
    """Take a handed-over, unused key back: into stock, but quarantined for good.

    Somebody has seen it, so it leaves only by a return to Microsoft, or by two people with a reason.
    Runs in the MAR's scope. The partner is told by mail; not so where many keys go at once and he is told of
    all together.

    :raises NotFound: for an unknown key.
    :raises KeyCannotMove: when it is on a PC already, or held.
    :raises KeyInReturn: when its partner's return of it is not answered.
    """
    require_in_no_return([key_id])
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
