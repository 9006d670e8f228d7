"""Cancel an order whose keys nobody has touched."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import NotFound, refuse
from core.periods import Period
from core.queue import enqueue
from core.tenancy import mar_scope
from licensing.locks import lock_credit, lock_order
from licensing.models import KeyAssignment, Order, OrderEvent, OrderState, ProductKey
from licensing.models.catalogue import LicenceFamily
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.rules.order_product import pair_needed
from licensing.rules.order_states import WAITING
from licensing.rules.quota import WINDOWS, kind_of
from licensing.selectors.citizenship import citizenship_facts
from licensing.selectors.order_facts import pair_facts
from licensing.selectors.products import versions_at
from licensing.services.order_release import end_wait
from licensing.services.order_rows import add_event
from licensing.services.orders import OrderRefused
from licensing.services.recall import unassign_keys
from licensing.services.stock_arrival import announce_free_stock
from partners.selectors.mar import mar_zone


@transaction.atomic
def cancel_order(
    order_id: UUID, *, reason: str, by: Actor, at: datetime, partner_leaves: bool = False
) -> None:
    """Put all keys of an order back into stock and end it. Runs in the MAR's scope.

    Of a leaving partner every untouched key goes back, so Office does not hold his Windows. Whose order another
    cancels is told why.

    :raises NotFound: for an unknown order.
    :raises OrderRefused: when it is not open, or one of its keys was handed over.
    """
    partner_id = Order.objects.filter(pk=order_id).values_list("partner_id", flat=True).first()
    if partner_id is None:
        raise NotFound(_("There is no such order."))
    with mar_scope(acting_for=partner_id):
        # The credit position of the order's partner, then the order, as every order does.
        lock_credit(partner_id)
        order = lock_order(order_id)
        if order.state in WAITING:
            end_wait(
                order, OrderState.CANCELLED, OrderEvent.Kind.CANCELLED, by=by, at=at, note=mask_keys(reason)
            )  # fmt: skip
        else:
            _cancel_allocated(order, reason=reason, by=by, at=at, partner_leaves=partner_leaves)
        if by.partner_id != partner_id and not partner_leaves:
            enqueue("licensing.tell_order_ended", at=at, partner_id=partner_id, order_id=order.pk)


@transaction.atomic
def cancel_own_order(order_id: UUID, *, partner_id: UUID, reason: str, by: Actor, at: datetime) -> None:
    """Cancel an order of the partner's own. Its keys are stock again, which is the MAR's to write.

    :raises NotFound: for an order that is not his.
    :raises OrderRefused: when one of its keys was handed over, or it is over.
    """
    if not Order.objects.filter(pk=order_id, partner_id=partner_id).exists():
        raise NotFound(_("There is no such order."))
    with mar_scope():
        cancel_order(order_id, reason=reason, by=by, at=at)


def _cancel_allocated(order: Order, *, reason: str, by: Actor, at: datetime, partner_leaves: bool) -> None:
    keys = dict(ProductKey.objects.filter(order_line__order=order).values_list("id", "state"))
    used = sum(state != KeyState.ASSIGNED for state in keys.values())
    if order.state != OrderState.ALLOCATED or used:
        raise OrderRefused(
            refuse(
                "order_in_use",
                _("This order can no longer be cancelled."),
                rule="ORD-9",
                facts={_("State"): order.get_state_display(), _("Keys already taken"): used},
                next_step=_("Keys that were taken but not used can be called back one by one."),
                lifted_by=_("Nobody: a key that someone has seen is never sold again"),
            )
        )
    if not partner_leaves:
        _require_windows_for_office(order)
        _require_pairs(order, len(keys), at)
    unassign_keys(list(keys), order_id=order.pk, by=by, at=at)
    before = order.state
    order.state, order.cancelled_at = OrderState.CANCELLED, at
    order.save(update_fields=["state", "cancelled_at"])
    add_event(order, OrderEvent.Kind.CANCELLED, before=before, by=by, at=at, note=reason)
    audit.record(
        "licensing.order.cancelled",
        by=by,
        at=at,
        object_type="order",
        object_id=order.pk,
        partner_id=order.partner_id,
        facts={"keys": len(keys), "reason": mask_keys(reason)[:200]},
    )
    # What nobody has seen lies free again, unless its delivery was stopped meanwhile; somebody may wait for it.
    if ProductKey.objects.filter(pk__in=keys, hold=Hold.NONE).exists():
        announce_free_stock(order.lines.get().product_id, at=at)


def _require_windows_for_office(order: Order) -> None:
    """Refuse to take Citizenship Windows away from under the Office licences of the same month."""
    zone = mar_zone()
    windows = _counted_windows(order, Period.containing(order.placed_at, zone).ends_before(zone))
    if not windows:
        return
    quota = citizenship_facts(
        partner_id=order.partner_id,
        product_id=None,
        kind=WINDOWS,
        recipient_id=None,
        at=order.placed_at,
        zone=zone,
    ).quota
    if quota.office and (quota.windows - windows) * quota.office_percent // 100 < quota.office:
        raise OrderRefused(
            refuse(
                "office_needs_windows",
                _("Office licences of the same month rest on these Windows licences."),
                rule="CIT-10",
                rule_version=quota.share_version,
                rule_since=quota.share_since,
                facts={
                    _("Windows of the month"): quota.windows,
                    _("Office of the month"): quota.office,
                    _("Windows in this order"): windows,
                },
                next_step=_("Cancel the Office order first, or leave this one."),
                lifted_by=_("Nobody: in no month is there more Office than Windows"),
            )
        )


def _require_pairs(order: Order, keys: int, at: datetime) -> None:
    """Refuse to take licences away from under products that are ordered only beside them."""
    product = order.lines.select_related("product").get().product
    for version in versions_at(at).values():
        if version.pairs_with_id != product.pk or version.product is None:
            continue
        held, beside = pair_facts(order.partner_id, version.product.pk, product.pk)
        if held and held > beside - keys:
            raise OrderRefused(
                pair_needed(version.product.name, product.name, held=held, beside=beside, keys=keys)
            )


def _counted_windows(order: Order, month_end: datetime) -> int:
    """Count the order's Citizenship Windows as the month counts them: keys called back in it are out."""
    lines = [
        line.pk
        for line in order.lines.select_related("product")
        if line.product.family == LicenceFamily.CITIZENSHIP and kind_of(line.product.generation) == WINDOWS
    ]
    if not lines:
        return 0
    counted = Q(ended_at__isnull=True) | Q(ended_at__gte=month_end)
    swapped = KeyAssignment.objects.filter(order_line_id__in=lines, replaced_by__is_same_line=True)
    found = KeyAssignment.objects.filter(counted, order_line_id__in=lines)
    return found.exclude(pk__in=swapped.values("pk")).count()
