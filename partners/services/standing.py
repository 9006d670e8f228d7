"""Restrict, suspend, confirm and lift. The partner's state follows from what is in force.

Every restriction carries its rule and facts, since when, what it still allows and who lifts it; the
partner's owners are told at once.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import DomainError, NotFound, Refusal, refuse
from core.queue import enqueue
from partners import locks
from partners.models import OrderBlock, Partner
from partners.models.membership import Role
from partners.models.partner import PartnerState
from partners.rules.partner_states import Extent, may_move
from partners.services.standing_state import (
    cannot_move,
    locked_partner,
    move,
    note,
    release_orders,
    settle,
)

# The emergency brake: one person may pull it, and it lets go unless a second one holds it.
CONFIRM_WITHIN = timedelta(hours=72)
# A suspension of everything is looked at again this often, for as long as it holds.
REVIEW_EVERY = timedelta(days=30)


class NeedsSuspension(DomainError):
    """What stops orders and keys together is a suspension: by two people, not by one."""


class NotLifted(DomainError):
    """This restriction is not ended by hand."""


class NotConfirmed(DomainError):
    """The suspension cannot be confirmed by this person, or no longer."""


class NotKept(DomainError):
    """There is no suspension with a day on which it is looked at again."""


def lock_standing(partner_id: UUID) -> Partner:
    """Hold a partner's standing until the caller's transaction ends.

    :raises NotFound: when there is no such partner.
    """
    return locked_partner(partner_id)


@transaction.atomic
def restrict_partner(
    partner_id: UUID,
    *,
    kind: str,
    reason: str,
    by: Actor,
    at: datetime,
    rule: str = "P-STATE-3",
    next_step: str = "",
    facts: dict[str, Any] | None = None,
    until: datetime | None = None,
    lifter_role: Role = Role.COMPLIANCE,
    is_by_rule: bool = False,
    orders_wait: bool = False,
) -> OrderBlock:
    """Stop orders, taking keys or both, until a time or until it is lifted. All else stays allowed.

    ``orders_wait``: new orders are taken and wait for its end, instead of being refused.
    ``is_by_rule``: the portal itself opens it and will end it; called so by billing and compliance.

    :raises NeedsSuspension: when a person would stop both; that is a suspension, by two people.
    """
    partner = locked_partner(partner_id)
    if kind == OrderBlock.Kind.ALL and not is_by_rule:
        raise NeedsSuspension(_both_at_once())
    block = OrderBlock.objects.create(
        partner=partner,
        kind=kind,
        is_by_rule=is_by_rule,
        orders_wait=orders_wait,
        rule=rule,
        reason=reason.strip(),
        facts=facts or {},
        next_step=next_step or _("Answer the MAR's question about your account."),
        since=at,
        until=until,
        set_by=by.label[:200],
        set_by_id=by.id,
        lifter_role=lifter_role,
    )
    note("partners.block.set", partner_id, by=by, at=at, rule=rule, kind=kind)
    settle(partner, reason=block.reason, by=by, at=at)
    enqueue("partners.send_restriction", at=at, block_id=block.pk)
    return block


@transaction.atomic
def hold_for_tax(
    partner_id: UUID, *, reason: str, next_step: str, by: Actor, at: datetime, until: datetime | None = None
) -> OrderBlock:
    """Let new orders wait while it is open how they are taxed; they are released once, by its end (TAX-1).

    Taking keys, reporting and all else go on.
    """
    partner = locked_partner(partner_id)
    return restrict_partner(
        partner_id,
        kind=OrderBlock.Kind.ORDERS,
        reason=reason,
        by=by,
        at=at,
        rule="TAX-1",
        next_step=next_step,
        facts={_("VAT number"): partner.vat_id or "–", _("Country"): partner.country},
        until=until,
        lifter_role=Role.MAR_ADMIN,
        orders_wait=True,
    )


@transaction.atomic
def suspend_partner(
    partner_id: UUID, *, reason: str, by: Actor, at: datetime, extent: str = Extent.ALL
) -> Partner:
    """Suspend a partner: orders, taking keys, or both. Reporting, returns, payment and exports stay open.

    Both together works at once and ends by itself after 72 hours unless a second person confirms it.

    :raises PartnerCannotMove: when he is not active or restricted.
    """
    partner = locked_partner(partner_id)
    if not may_move(partner.state, PartnerState.SUSPENDED):
        raise cannot_move(partner)
    OrderBlock.objects.create(
        partner=partner,
        kind=extent,
        is_suspension=True,
        rule="P-STATE-2",
        reason=reason.strip(),
        next_step=_("Answer the MAR's question about your account."),
        since=at,
        until=at + CONFIRM_WITHIN if extent == Extent.ALL else None,
        set_by=by.label[:200],
        set_by_id=by.id,
        lifter_role=Role.MAR_ADMIN,
    )
    move(partner, PartnerState.SUSPENDED, reason=reason, by=by, at=at)
    return partner


@transaction.atomic
def confirm_suspension(block_id: UUID, *, by: Actor, at: datetime) -> OrderBlock:
    """Hold a suspension of everything for as long as it takes, as the second person.

    :raises NotConfirmed: by the one who suspended, twice, or after it has ended.
    """
    found = OrderBlock.objects.filter(pk=block_id, is_suspension=True).first()
    if found is None:
        raise NotFound(_("There is no such suspension."))
    locked_partner(found.partner_id)
    block = locks.lock_order_block(block_id)
    if block is None or block.until is None or block.until <= at or block.set_by_id == by.id:
        raise NotConfirmed(_not_confirmed(block or found))
    block.until, block.review_at = None, at + REVIEW_EVERY
    block.confirmed_by, block.confirmed_by_id, block.confirmed_at = by.label[:200], by.id, at
    block.save(update_fields=["until", "review_at", "confirmed_by", "confirmed_by_id", "confirmed_at"])
    note("partners.suspension.confirmed", block.partner_id, by=by, at=at, block=str(block.pk))
    return block


@transaction.atomic
def keep_suspension(block_id: UUID, *, reason: str, by: Actor, at: datetime) -> OrderBlock:
    """Look at a confirmed suspension again and let it go on for another 30 days, with a reason.

    :raises NotKept: when it has ended, or was never confirmed.
    """
    found = OrderBlock.objects.filter(pk=block_id, is_suspension=True).first()
    if found is None:
        raise NotFound(_("There is no such suspension."))
    locked_partner(found.partner_id)
    block = locks.lock_order_block(block_id) or found
    if block.review_at is None or block.until is not None:
        raise NotKept(_not_kept(block))
    before, block.review_at = block.review_at, at + REVIEW_EVERY
    block.save(update_fields=["review_at"])
    facts = {"block": str(block.pk), "before": before.isoformat(), "reason": reason.strip()[:300]}
    note("partners.suspension.kept", block.partner_id, by=by, at=at, **facts)
    return block


@transaction.atomic
def lift_suspension(partner_id: UUID, *, reason: str, by: Actor, at: datetime) -> Partner:
    """End a suspension; restrictions beside it go on. His owners are told.

    :raises PartnerCannotMove: when he is not suspended.
    """
    partner = locked_partner(partner_id)
    if partner.state != PartnerState.SUSPENDED:
        raise cannot_move(partner)
    for block in locks.lock_open_blocks(partner_id):
        if block.is_suspension:
            _end(block, reason=reason, by=by, at=at)
    settle(partner, reason=reason, by=by, at=at)
    release_orders(partner_id, "block", at=at)
    return partner


@transaction.atomic
def lift_restriction(block_id: UUID, *, by: Actor, at: datetime, reason: str = "") -> OrderBlock:
    """End a restriction now; one that has ended stays as it is.

    :raises NotFound: when there is no such restriction.
    :raises NotLifted: by a person, when a rule opened it and its cause still stands.
    """
    found = OrderBlock.objects.filter(pk=block_id, is_suspension=False).first()
    if found is None:
        raise NotFound(_("There is no such restriction."))
    partner = locked_partner(found.partner_id)
    block = locks.lock_order_block(block_id) or found
    if block.lifted_at is not None or (block.until is not None and block.until <= at):
        return block
    if block.is_by_rule and by.user_id is not None:
        raise NotLifted(_ends_by_itself(block))
    _end(block, reason=reason, by=by, at=at)
    note("partners.block.lifted", block.partner_id, by=by, at=at, rule=block.rule)
    settle(partner, reason=reason, by=by, at=at)
    enqueue("partners.send_restriction", at=at, block_id=block.pk)
    release_orders(block.partner_id, "block", at=at)
    return block


@transaction.atomic
def settle_standing(partner_id: UUID, *, by: Actor, at: datetime) -> Partner:
    """Let a partner's state follow what is in force now: a restriction's own end, an unconfirmed suspension."""
    partner = locked_partner(partner_id)
    for block in locks.lock_open_blocks(partner_id):
        if block.until is not None and block.until <= at:
            reason = _("Nobody confirmed it.") if block.is_suspension else _("Its time was over.")
            _end(block, reason=reason, by=by, at=block.until)
    settle(partner, reason=_("What stood against the account has ended."), by=by, at=at)
    return partner


def _end(block: OrderBlock, *, reason: str, by: Actor, at: datetime) -> None:
    block.until, block.lifted_at, block.lifted_by, block.lifted_by_id = at, at, by.label[:200], by.id
    block.lift_reason = reason.strip()
    block.save(update_fields=["until", "lifted_at", "lifted_by", "lifted_by_id", "lift_reason"])


def _both_at_once() -> Refusal:
    return refuse(
        "both_is_a_suspension",
        _("Stopping orders and keys together is a suspension, which a second person confirms."),
        rule="P-STATE-2",
        next_step=_("Suspend the partner, or stop one of the two."),
        lifted_by=_("Nobody"),
    )


def _not_confirmed(block: OrderBlock) -> Refusal:
    return refuse(
        "suspension_not_confirmed",
        _("This suspension cannot be confirmed by you, or no longer."),
        rule="P-STATE-4",
        facts={
            _("Suspended by"): block.set_by,
            _("Since"): block.since,
            _("Confirmed by"): block.confirmed_by or "–",
        },
        next_step=_("Somebody else confirms it, within 72 hours; then it holds until it is lifted."),
        lifted_by=_("Another person of the MAR or of compliance"),
    )


def _not_kept(block: OrderBlock) -> Refusal:
    return refuse(
        "suspension_not_kept",
        _("This suspension has ended, or nobody has confirmed it yet."),
        rule="P-STATE-7",
        facts={_("Since"): block.since, _("Until"): block.until or "–"},
        next_step=_("Open the partner's page again to see how it stands."),
    )


def _ends_by_itself(block: OrderBlock) -> Refusal:
    return refuse(
        "restriction_ends_by_itself",
        _("A rule opened this restriction, and it ends by itself when its cause has ended."),
        rule="P-STATE-5",
        facts={_("Rule"): block.rule, _("Since"): block.since},
        next_step=_("Give the partner a grace for this rule, with a reason and an end."),
        lifted_by=_("Its cause; a grace suspends its effect"),
    )
