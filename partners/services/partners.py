"""What is known of a partner as a whole: his credit, his tier, and the way out."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import DomainError, NotFound, refuse
from core.services.sessions import end_sessions
from partners import locks
from partners.models import ApiKey, CreditPosition, Invitation, Membership, Partner
from partners.models.partner import PartnerState
from partners.services.standing_state import (
    cannot_move,
    locked_partner,
    move,
    note,
    release_orders,
)


class EndsByAnother(DomainError):
    """Whoever began a wind-down does not end it."""


@transaction.atomic
def start_wind_down(partner_id: UUID, *, reason: str, by: Actor, at: datetime) -> Partner:
    """Begin the end of a partner's contract: no new orders; what is open is taken, reported, returned and paid.

    :raises PartnerCannotMove: from a state that does not lead there.
    """
    partner = locked_partner(partner_id)
    move(partner, PartnerState.WINDING_DOWN, reason=reason, by=by, at=at)
    return partner


@transaction.atomic
def terminate_partner(partner_id: UUID, *, reason: str, by: Actor, at: datetime) -> Partner:
    """End a partner's contract, as another person than the one who began the wind-down.

    Open items are the exit's concern; this only takes the last step.

    :raises PartnerCannotMove: when he is not winding down.
    :raises EndsByAnother: by whoever began the wind-down. The database refuses it too.
    """
    partner = locked_partner(partner_id)
    if partner.state == PartnerState.WINDING_DOWN and partner.state_set_by_id == by.id:
        raise EndsByAnother(
            refuse(
                "ends_by_another",
                _("You began this wind-down, so somebody else ends it."),
                rule="P-STATE-6",
                facts={_("Began"): partner.state_since},
                next_step=_("Ask a second person of the MAR to take the last step."),
                lifted_by=_("Another MAR administrator or approver"),
            )
        )
    move(partner, PartnerState.TERMINATED, reason=reason, by=by, at=at)
    return partner


@transaction.atomic
def withdraw_offer(partner_id: UUID, *, reason: str, by: Actor, at: datetime) -> Partner:
    """Take back an offer that was never accepted: the contract ends before it began, and all access with it.

    Source: P-STATE-8.

    :raises PartnerCannotMove: when he has accepted, or is gone already.
    """
    partner = locked_partner(partner_id)
    if partner.state != PartnerState.AGREEMENT_PENDING:
        raise cannot_move(partner)
    move(partner, PartnerState.TERMINATED, reason=reason, by=by, at=at)
    set_end_of_access(partner_id, ends_at=at, by=by, at=at)
    end_access(partner_id, by=by, at=at)
    return partner


@transaction.atomic
def set_end_of_access(partner_id: UUID, *, ends_at: datetime, by: Actor, at: datetime) -> Partner:
    """Say when a leaving partner's people and stations stop being let in; the exit calls it.

    :raises NotFound: for an unknown partner.
    """
    partner = locked_partner(partner_id)
    partner.access_ends_at = ends_at
    partner.save(update_fields=["access_ends_at"])
    note("partners.partner.access_ends_set", partner_id, by=by, at=at, ends_at=ends_at.isoformat())
    return partner


@transaction.atomic
def end_access(partner_id: UUID, *, by: Actor, at: datetime) -> tuple[int, int]:
    """Revoke all of a partner's credentials, end his people's memberships, sign-ins and open invitations.

    Returns how many credentials and people. Nobody is let in any more since ``access_ends_at``; this
    tidies up what that instant has closed. Safe to run twice.
    """
    locked_partner(partner_id)
    members = locks.lock_people(partner_id)
    keys = ApiKey.objects.filter(partner_id=partner_id, revoked_at__isnull=True).update(revoked_at=at)
    people = Membership.objects.filter(partner_id=partner_id, is_active=True).update(is_active=False)
    sessions = sum(end_sessions(member.user_id, at=at) for member in members)
    Invitation.objects.filter(
        partner_id=partner_id, accepted_at__isnull=True, cancelled_at__isnull=True
    ).update(cancelled_at=at)
    facts = {"credentials": keys, "people": people, "sessions": sessions}
    note("partners.partner.access_ended", partner_id, by=by, at=at, **facts)
    return keys, people


@transaction.atomic
def set_credit_limit(partner_id: UUID, *, limit: Decimal, by: Actor, at: datetime) -> CreditPosition:
    """Set how much a partner may owe, in the currency of his account.

    :raises NotFound: when he has no account.
    """
    credit = _credit_of(partner_id)
    before, credit.limit = credit.limit, limit
    credit.save(update_fields=["limit"])
    note("partners.credit.limit_set", partner_id, by=by, at=at, before=str(before), after=str(limit))
    if limit > before:
        release_orders(partner_id, "credit", at=at)
    return credit


@transaction.atomic
def record_unpaid(partner_id: UUID, *, unpaid: Decimal, by: Actor, at: datetime) -> CreditPosition:
    """Write what a partner owes now, as billing counts it, in the currency of his account.

    :raises NotFound: when he has no account.
    """
    credit = _credit_of(partner_id)
    before, credit.unpaid = credit.unpaid, unpaid
    credit.save(update_fields=["unpaid"])
    note("partners.credit.unpaid_recorded", partner_id, by=by, at=at, before=str(before), after=str(unpaid))
    if unpaid < before:
        release_orders(partner_id, "payment", at=at)
    return credit


@transaction.atomic
def set_tier(partner_id: UUID, *, tier: str, by: Actor, at: datetime) -> Partner:
    """Write a partner's tier, as compliance decided it."""
    partner = locked_partner(partner_id)
    before, partner.tier = partner.tier, tier
    partner.save(update_fields=["tier"])
    note("partners.partner.tier_set", partner_id, by=by, at=at, before=before, after=tier)
    return partner


def _credit_of(partner_id: UUID) -> CreditPosition:
    locked_partner(partner_id)
    credit = CreditPosition.objects.filter(pk=partner_id).first()
    if credit is None:
        raise NotFound(_("This partner has no credit account."))
    return credit
