"""Suspend a partner, lift the suspension, and keep what upper apps say about him."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound, refuse
from core.queue import enqueue
from partners import locks
from partners.models import CreditPosition, OrderBlock, Partner
from partners.models.partner import PartnerState
from partners.rules.partner_states import may_move


class PartnerCannotMove(DomainError):
    """The partner is not in a state that allows the step."""


@transaction.atomic
def suspend_partner(partner_id: UUID, *, reason: str, by: Actor, at: datetime) -> Partner:
    """Stop a partner's orders and hand-overs; reporting stays open. His owners are told the reason.

    :raises PartnerCannotMove: when he is not active or restricted.
    """
    return _move(partner_id, PartnerState.SUSPENDED, reason=reason, by=by, at=at)


@transaction.atomic
def lift_suspension(partner_id: UUID, *, reason: str, by: Actor, at: datetime) -> Partner:
    """Let a suspended partner order and take keys again. His owners are told.

    :raises PartnerCannotMove: when he is not suspended.
    """
    partner = _locked(partner_id)
    if partner.state != PartnerState.SUSPENDED:
        raise _cannot_move(partner)
    return _move(partner_id, PartnerState.ACTIVE, reason=reason, by=by, at=at)


@transaction.atomic
def set_credit_limit(partner_id: UUID, *, limit: Decimal, by: Actor, at: datetime) -> CreditPosition:
    """Set how much a partner may owe, in the currency of his account.

    :raises NotFound: when he has no account.
    """
    _locked(partner_id)
    credit = CreditPosition.objects.filter(pk=partner_id).first()
    if credit is None:
        raise NotFound(_("This partner has no credit account."))
    before, credit.limit = credit.limit, limit
    credit.save(update_fields=["limit"])
    _audit("partners.credit.limit_set", partner_id, by=by, at=at, before=str(before), after=str(limit))
    return credit


@transaction.atomic
def block_orders(
    partner_id: UUID,
    *,
    kind: OrderBlock.Kind,
    rule: str,
    reason: str,
    next_step: str,
    by: Actor,
    at: datetime,
    facts: dict[str, Any] | None = None,
    until: datetime | None = None,
) -> OrderBlock:
    """Write a reason against a partner's orders or hand-overs, until a time or until it is lifted.

    Called by billing and compliance; licensing only reads it.
    """
    block = OrderBlock.objects.create(
        partner_id=partner_id,
        kind=kind,
        rule=rule,
        reason=reason,
        facts=facts or {},
        next_step=next_step,
        since=at,
        until=until,
    )
    _audit("partners.block.set", partner_id, by=by, at=at, rule=rule, kind=kind.value)
    return block


@transaction.atomic
def lift_order_block(block_id: UUID, *, by: Actor, at: datetime) -> OrderBlock:
    """End a reason against orders now; one that has ended stays as it is.

    :raises NotFound: when there is no such block.
    """
    block = locks.lock_order_block(block_id)
    if block is None:
        raise NotFound(_("There is no such block."))
    if block.until is None or block.until > at:
        block.until = at
        block.save(update_fields=["until"])
        _audit("partners.block.lifted", block.partner_id, by=by, at=at, rule=block.rule)
    return block


def _move(partner_id: UUID, state: PartnerState, *, reason: str, by: Actor, at: datetime) -> Partner:
    partner = _locked(partner_id)
    if not may_move(partner.state, state):
        raise _cannot_move(partner)
    before = partner.state
    partner.state, partner.state_since, partner.state_reason = state, at, reason.strip()
    partner.save(update_fields=["state", "state_since", "state_reason"])
    action = "suspended" if state == PartnerState.SUSPENDED else "reinstated"
    _audit(f"partners.partner.{action}", partner_id, by=by, at=at, before=before, reason=partner.state_reason)
    enqueue(
        "partners.send_partner_state", at=at, partner_id=partner_id, state=state.value, since=at.isoformat()
    )
    return partner


def _locked(partner_id: UUID) -> Partner:
    partner = locks.lock_partner(partner_id)
    if partner is None:
        raise NotFound(_("There is no such partner."))
    return partner


def _cannot_move(partner: Partner) -> PartnerCannotMove:
    return PartnerCannotMove(
        refuse(
            "partner_cannot_move",
            _("The partner is not in a state that allows this step."),
            rule="P-STATE-1",
            facts={_("State"): PartnerState(partner.state).label, _("Since"): partner.state_since},
            next_step=_("Open the partner's page again to see how it stands."),
        )
    )


def _audit(action: str, partner_id: UUID, *, by: Actor, at: datetime, **facts: str) -> None:
    audit.record(
        action, by=by, at=at, object_type="partner", object_id=partner_id, partner_id=partner_id, facts=facts
    )
