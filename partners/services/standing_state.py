"""Move a partner's state: the one place that writes it, from what is in force and by the table of steps."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound, refuse
from core.queue import enqueue
from core.tenancy import mar_scope
from partners import locks
from partners.models import Partner
from partners.models.partner import PartnerState
from partners.rules.partner_states import IN_STANDING, may_move, state_by_rows

_ACTIONS = {
    PartnerState.ACTIVE: "reinstated",
    PartnerState.RESTRICTED: "restricted",
    PartnerState.SUSPENDED: "suspended",
    PartnerState.WINDING_DOWN: "winding_down",
    PartnerState.TERMINATED: "terminated",
}


class PartnerCannotMove(DomainError):
    """The partner is not in a state that allows the step."""


def locked_partner(partner_id: UUID) -> Partner:
    """Lock a partner.

    :raises NotFound: when there is none.
    """
    partner = locks.lock_partner(partner_id)
    if partner is None:
        raise NotFound(_("There is no such partner."))
    return partner


def release_orders(partner_id: UUID, cause: str, *, at: datetime) -> None:
    """Let orders that were held be looked at again: what stood against them may have ended."""
    enqueue("licensing.release_orders", at=at, partner_id=partner_id, cause=cause)


def settle(partner: Partner, *, reason: str, by: Actor, at: datetime) -> None:
    """Let the state follow what is in force; the caller holds the partner's row."""
    if partner.state not in IN_STANDING:
        return
    open_ = [block for block in locks.lock_open_blocks(partner.pk) if block.until is None or block.until > at]
    wanted = state_by_rows(
        is_suspended=any(block.is_suspension for block in open_), is_restricted=bool(open_)
    )
    if wanted != partner.state:
        move(partner, wanted, reason=reason, by=by, at=at)


def activate(partner: Partner, *, by: Actor, at: datetime) -> None:
    """Take a new partner in, and at once hold him to what is in force against him; the caller holds his row.

    He accepts in his own scope, where nobody writes a state; the database asks for his acceptance.
    """
    with mar_scope():
        move(partner, PartnerState.ACTIVE, reason="", by=by, at=at)
        settle(partner, reason=_("It was set before the terms were accepted."), by=by, at=at)


def move(partner: Partner, state: PartnerState, *, reason: str, by: Actor, at: datetime) -> None:
    """Write the state with who, when and why; the caller holds the partner's row.

    :raises PartnerCannotMove: for a step that is not in the table.
    """
    if not may_move(partner.state, state):
        raise cannot_move(partner)
    before, partner.state = partner.state, state
    partner.state_since, partner.state_reason, partner.state_set_by_id = at, reason.strip()[:300], by.id
    partner.save(update_fields=["state", "state_since", "state_reason", "state_set_by_id"])
    is_new = (before, state) == (PartnerState.AGREEMENT_PENDING, PartnerState.ACTIVE)
    note(
        f"partners.partner.{'activated' if is_new else _ACTIONS[state]}",
        partner.pk,
        by=by,
        at=at,
        before=before,
        reason=partner.state_reason,
    )
    if PartnerState.SUSPENDED in (before, state) or state not in IN_STANDING:
        enqueue(
            "partners.send_partner_state",
            at=at,
            partner_id=partner.pk,
            state=state.value,
            since=at.isoformat(),
        )


def cannot_move(partner: Partner) -> PartnerCannotMove:
    """Return the refusal of a step that the partner's state does not allow."""
    return PartnerCannotMove(
        refuse(
            "partner_cannot_move",
            _("The partner is not in a state that allows this step."),
            rule="P-STATE-1",
            facts={_("State"): PartnerState(partner.state).label, _("Since"): partner.state_since},
            next_step=_("Open the partner's page again to see how it stands."),
        )
    )


def note(action: str, partner_id: UUID, *, by: Actor, at: datetime, **facts: Any) -> None:
    """Write the audit row of an act upon a partner."""
    audit.record(
        action, by=by, at=at, object_type="partner", object_id=partner_id, partner_id=partner_id, facts=facts
    )
