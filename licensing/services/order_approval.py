"""The special lane: a person of the MAR decides about an order, with all facts before him and a reason."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import DomainError, NotFound, Refusal, refuse
from core.queue import enqueue
from core.tenancy import mar_scope
from licensing.locks import lock_credit, lock_order
from licensing.models import Order, OrderEvent, OrderState
from licensing.rules.key_syntax import mask_keys
from licensing.services.order_release import end_wait
from licensing.services.order_rows import add_event
from licensing.services.order_settle import settle_order


class NotDecided(DomainError):
    """This order is not decided by this person, or no longer."""


@transaction.atomic
def approve_order(order_id: UUID, *, reason: str, by: Actor, at: datetime) -> OrderState:
    """Approve an order of the special lane: it gets its keys now, or waits for what is left.

    Runs in the MAR's scope. Return where it stands.

    :raises NotDecided: when it waits for no approval, or by the person who placed it.
    """
    partner_id = _partner_of(order_id)
    with mar_scope(acting_for=partner_id):
        order = _locked(order_id, partner_id, by)
        _note_decision(order, reason, by, at)
        add_event(
            order, OrderEvent.Kind.APPROVED, before=order.state, by=by, at=at, note=order.decision_reason
        )  # fmt: skip
        return settle_order(order, by=by, at=at)


@transaction.atomic
def refuse_order(order_id: UUID, *, reason: str, by: Actor, at: datetime) -> None:
    """Refuse an order of the special lane: it ends as cancelled, and the buyer reads the reason.

    :raises NotDecided: when it waits for no approval, or by the person who placed it.
    """
    partner_id = _partner_of(order_id)
    with mar_scope(acting_for=partner_id):
        order = _locked(order_id, partner_id, by)
        _note_decision(order, reason, by, at)
        end_wait(
            order, OrderState.CANCELLED, OrderEvent.Kind.REFUSED, by=by, at=at, note=order.decision_reason
        )  # fmt: skip
        enqueue("licensing.tell_order_ended", at=at, partner_id=partner_id, order_id=order.pk)


def _partner_of(order_id: UUID) -> UUID:
    partner_id: UUID | None = Order.objects.filter(pk=order_id).values_list("partner_id", flat=True).first()
    if partner_id is None:
        raise NotFound(_("There is no such order."))
    return partner_id


def _locked(order_id: UUID, partner_id: UUID, by: Actor) -> Order:
    lock_credit(partner_id)
    order = lock_order(order_id)
    if order.state != OrderState.NEEDS_APPROVAL or order.placed_by_id == by.id:
        raise NotDecided(_not_by_you(order))
    return order


def _note_decision(order: Order, reason: str, by: Actor, at: datetime) -> None:
    order.decided_by, order.decided_by_id, order.decided_at = by.label[:200], by.id, at
    order.decision_reason = mask_keys(reason.strip())[:300]
    order.save(update_fields=["decided_by", "decided_by_id", "decided_at", "decision_reason"])


def _not_by_you(order: Order) -> Refusal:
    return refuse(
        "order_not_decided",
        _("You cannot decide about this order, or no longer."),
        rule="ORD-14",
        facts={_("State"): order.get_state_display(), _("Placed by"): order.placed_by},
        missing={_("Decision"): _("by another person, while it waits for approval")},
        next_step=_(
            "An order that waits for approval is decided by somebody else than the one who placed it."
        ),
        lifted_by=_("Another MAR approver"),
    )
