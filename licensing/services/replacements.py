"""Give a key in another one's place: a swap before the report, a replacement after it.

One PC is never charged twice for one licence: what was taken back is not charged, or is credited at once.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from core.tenancy import mar_scope
from licensing.locks import lock_credit, lock_freeing, lock_keys, lock_queues
from licensing.models import (
    KeyAssignment,
    KeyReplacement,
    KeySettlement,
    Order,
    OrderState,
    PartnerReturn,
    Product,
    ProductKey,
)
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.rules.replacements import REPLACEABLE, Terms
from licensing.selectors.replacements import Plan, open_assignment, plan_for
from licensing.services.custody import Step, move_keys, record_assignment
from licensing.services.orders import OrderRequest, place_order
from licensing.services.recall import take_back
from licensing.services.stock_arrival import announce_free_stock

MIN_REASON = 5


class ReplacementRefused(DomainError):
    """No other key is given in this one's place; the refusal says why and what to do."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """Why another key is needed, and of which product; None for the same one."""

    reason: str
    product_id: int | None = None


@transaction.atomic
def swap_key(
    *, partner_id: UUID, product_key_id: str, wanted: Wanted, by: Actor, at: datetime
) -> KeyReplacement:
    """Take a key back that no PC was reported with, and give the right one for it at once.

    A key of the same product comes on the same order line at the same price, so the balance is 0; one of
    another product is ordered through every gate at its own price, and the old one is not charged.

    :raises NotFound: for a key that is not the partner's.
    :raises ReplacementRefused: when the PC was reported already, or the key is held.
    :raises OrderRefused: when the other product cannot be ordered.
    """
    if len(wanted.reason.strip()) < MIN_REASON:
        raise Invalid(_reason_missing())
    with mar_scope(acting_for=partner_id):
        lock_credit(partner_id)
        _hold_off_a_stop(partner_id, product_key_id, wanted)
        key = _lock_key(partner_id, product_key_id)
        plan = plan_for(key, at)
        if plan.stop or plan.terms is not Terms.SWAP:
            raise ReplacementRefused(_not_swapped(plan))
        old = _assignment(key)
        new = _give(old, wanted, by, at)
        _take_back(key, new, by, at)
        if old.billed_at is not None:
            _credit(old, key, at)
        return _link(plan, KeyReplacement.Kind.SWAP, old, new, wanted.reason, by, at)


@transaction.atomic
def replace_key(
    *, request: PartnerReturn, key_id: int, wanted: Wanted, by: Actor, at: datetime
) -> KeyReplacement:
    """Give a key in the place of one that its PC was reported with and that now goes back. MAR's scope.

    The terms are those of the moment the partner asked. At no charge the old key's price is credited at
    once; Microsoft's credit for it is the MAR's then.

    :raises ReplacementRefused: when the key is not answered by Microsoft, or held.
    """
    with mar_scope(acting_for=request.partner_id):
        lock_credit(request.partner_id)
        lock_keys([key_id])
        key = ProductKey.objects.select_related("product").get(pk=key_id)
        if key.partner_id != request.partner_id or key.state not in REPLACEABLE or key.hold != Hold.NONE:
            raise ReplacementRefused(_not_replaced(key))
        old = _assignment(key)
        asked = plan_for(key, request.requested_at)
        is_free = asked.terms is Terms.GOODWILL
        new = _give(old, wanted, by, at, is_charged=not is_free)
        if is_free:
            _credit(old, key, at)
        kind = KeyReplacement.Kind.GOODWILL if is_free else KeyReplacement.Kind.CHARGED
        return _link(asked, kind, old, new, wanted.reason, by, at, request)


def _give(
    old: KeyAssignment, wanted: Wanted, by: Actor, at: datetime, *, is_charged: bool = False
) -> KeyAssignment:
    """Give one key of the wanted product; what is charged anew is ordered at the price of today."""
    product_id = wanted.product_id or old.order_line.product_id
    if product_id == old.order_line.product_id and not is_charged:
        return _same_line(old, by, at)
    _require_same_family(old.order_line.product, product_id)
    placed = place_order(
        partner_id=old.partner_id,
        request=OrderRequest(
            product_id, 1, _("Instead of a key of %(order)s") % {"order": old.order_line.order},
            recipient_id=old.order_line.order.recipient_id,
            details=old.order_line.details if product_id == old.order_line.product_id else {},
            # Given now or not at all: what stands against it is said, instead of an order that waits.
            may_wait=False,
        ),
        idempotency_key=f"replacement:{old.pk}",
        by=by,
        at=at,
    )  # fmt: skip
    if Order.objects.get(pk=placed.order_id).state != OrderState.ALLOCATED:
        raise ReplacementRefused(_no_key())
    return KeyAssignment.objects.get(order_line__order_id=placed.order_id)


def _same_line(old: KeyAssignment, by: Actor, at: datetime) -> KeyAssignment:
    with connection.cursor() as cursor:
        cursor.execute("SELECT licensing_replace(%s, %s)", [old.pk, at])
        key_id = cursor.fetchone()[0]
    if key_id is None:
        raise ReplacementRefused(_no_key())
    record_assignment(
        [key_id],
        product_id=old.order_line.product_id,
        partner_id=old.partner_id,
        step=Step("key.given_instead", old.order_line_id, by, at),
    )
    return KeyAssignment.objects.get(key_id=key_id, ended_at__isnull=True)


def _take_back(key: ProductKey, new: KeyAssignment, by: Actor, at: datetime) -> None:
    step = Step("key.swapped", new.order_line_id, by, at)
    if key.state == KeyState.CONSUMED:
        move_keys([key.pk], to=KeyState.RETRIEVED, sources=(KeyState.CONSUMED,), step=step)
    take_back([key.pk], sources=(KeyState.ASSIGNED, KeyState.RETRIEVED), step=step)
    # One that nobody has seen lies free again; somebody may wait for it.
    if ProductKey.objects.filter(pk=key.pk, hold=Hold.NONE).exists():
        announce_free_stock(key.product_id, at=at)


def _credit(old: KeyAssignment, key: ProductKey, at: datetime) -> None:
    KeySettlement.objects.create(
        partner_id=old.partner_id, key=key, assignment=old, product_key_id=key.product_key_id,
        cause=KeySettlement.Cause.SWAP, credit_due=old.unit_price, currency=old.currency, settled_at=at,
    )  # fmt: skip


def _link(
    plan: Plan,
    kind: str,
    old: KeyAssignment,
    new: KeyAssignment,
    reason: str,
    by: Actor,
    at: datetime,
    request: PartnerReturn | None = None,
) -> KeyReplacement:
    made = KeyReplacement.objects.create(
        partner_id=old.partner_id, kind=kind, old_assignment=old, new_assignment=new,
        old_product_key_id=plan.key.product_key_id,
        new_product_key_id=ProductKey.objects.values_list("product_key_id", flat=True).get(pk=new.key_id),
        is_same_line=old.order_line_id == new.order_line_id, device_id=plan.device_id, request=request,
        reason=mask_keys(reason.strip())[:200], made_by=by.label[:200], made_at=at,
    )  # fmt: skip
    facts: dict[str, Any] = {"kind": str(kind), "instead_of": made.old_product_key_id}
    audit.record(
        "licensing.key.replaced",
        by=by,
        at=at,
        object_type="key",
        object_id=made.new_product_key_id,
        partner_id=old.partner_id,
        facts=facts,
    )
    return made


def _hold_off_a_stop(partner_id: UUID, product_key_id: str, wanted: Wanted) -> None:
    """Let no stop of the old key's delivery begin between the key that is taken and the one that is freed."""
    keys = ProductKey.objects.filter(partner_id=partner_id, product_key_id=product_key_id)
    for product_id, batch_id in keys.values_list("product_id", "batch_id"):
        lock_queues([product_id, wanted.product_id or product_id])
        lock_freeing(batch_id)


def _lock_key(partner_id: UUID, product_key_id: str) -> ProductKey:
    found = ProductKey.objects.filter(partner_id=partner_id, product_key_id=product_key_id)
    ids = list(found.values_list("pk", flat=True))
    lock_keys(ids)
    key = found.select_related("product").first() if ids else None
    if key is None:
        raise NotFound(_("This key is not one of yours."))
    return key


def _assignment(key: ProductKey) -> KeyAssignment:
    found = open_assignment(key.pk)
    if found is None:
        raise NotFound(_("This key is not one of yours."))
    return found


def _require_same_family(before: Product, product_id: int) -> None:
    after = Product.objects.filter(pk=product_id).first()
    if after is not None and after.family == before.family:
        return
    raise ReplacementRefused(
        refuse(
            "other_family",
            _("A key of another licence family is never swapped in."),
            rule="RET-17",
            facts={
                _("Yours"): before.get_family_display(),
                _("Wanted"): after.get_family_display() if after else "–",
            },
            next_step=_("Give the key back and order the other licence with its own conditions."),
            lifted_by=_("Nobody: the families have different conditions"),
            fix_path="/tpr/returns/new/",
        )
    )


def _not_swapped(plan: Plan) -> Refusal:
    return refuse(
        "not_swapped",
        plan.stop or _("The PC with this key was reported: the key is replaced, not swapped."),
        rule="RET-17",
        facts={_("State"): KeyState(plan.key.state).microsoft_name},
        next_step=_("Open the key's page: it says what is possible now."),
        lifted_by=_("You"),
        fix_path=f"/tpr/keys/{plan.key.product_key_id}/",
    )


def _not_replaced(key: ProductKey) -> Refusal:
    return refuse(
        "not_replaced",
        _("No other key is given for this one as it stands now."),
        rule="RET-17",
        facts={_("State"): KeyState(key.state).microsoft_name, _("Hold"): key.hold},
        next_step=_(
            "Refuse the return, or approve it when Microsoft has answered the report and no hold is left."
        ),
        lifted_by=_("Microsoft's answer, or compliance for a hold"),
    )


def _no_key() -> Refusal:
    return refuse(
        "no_key_for_swap",
        _("No key of this product is free just now."),
        rule="RET-17",
        next_step=_("Nothing has changed: the old key is still yours. Try again when stock has arrived."),
        lifted_by=_("The MAR, with a delivery"),
    )


def _reason_missing() -> Refusal:
    return refuse(
        "reason_missing",
        _("A short reason is missing."),
        rule="RET-12",
        facts={_("At least"): _("%(count)s characters") % {"count": MIN_REASON}},
        next_step=_("Say in a few words what was wrong with the key."),
        lifted_by=_("You"),
    )
