"""First come: which partner an organisation belongs to, and what the MAR decides when two claim it.

A partner's transaction sees his own rows only, so the comparison steps into the MAR's scope for a
moment. Nothing of the other side leaves this module but the word "conflict".
"""

from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from core.queue import enqueue
from core.tenancy import mar_scope
from partners import locks
from partners.models import Recipient, RecipientConflict
from partners.models.recipients import Claim
from partners.rules.personal_data import personal_refusals
from partners.rules.recipients import claim_after, is_protection_over, likeness
from partners.selectors.recipients import identity_of, neighbours_of

Outcome = RecipientConflict.Outcome


class ConflictRefused(DomainError):
    """The conflict cannot be decided so."""


def claim_recipient(recipient: Recipient, *, by: Actor, at: datetime) -> str:
    """Take an organisation for its partner if nobody was first, else note the conflict; return which.

    The caller holds ``lock_registrations`` of the country; the unique indexes say the same for exactly
    equal registrations. A protection that lapsed is taken over.
    """
    with mar_scope():
        own = Recipient.objects.get(pk=recipient.pk)
        rivals, has_lapsed = [], False
        for other in neighbours_of(own):
            like = likeness(identity_of(own), identity_of(other))
            if like and _has_lapsed(other, at):
                _give_up(other, to=Claim.LOST, why="lapsed", by=by, at=at)
                _tell(other, "lapsed", at)
                has_lapsed = True
            elif like:
                rivals.append((other, like))
        for other, like in rivals:
            known = RecipientConflict.objects.filter(first=other, second=own).exclude(outcome=Outcome.LAPSED)
            if not known.exists():
                RecipientConflict.objects.create(first=other, second=own, likeness=like, found_at=at)
        _set_claim(own, by=by, at=at)
        if has_lapsed:
            _tell(own, "taken_over", at)
    recipient.claim = own.claim
    return own.claim


def release_claim(recipient: Recipient, *, by: Actor, at: datetime) -> None:
    """Let go of an organisation: the protection ends, and whoever waited behind it comes first.

    The caller holds ``lock_registrations`` of the country.
    """
    with mar_scope():
        own = Recipient.objects.get(pk=recipient.pk)
        _give_up(own, to=Claim.NONE, why="released", by=by, at=at)
        open_ = RecipientConflict.objects.filter(
            Q(first=own) | Q(second=own), outcome=Outcome.OPEN
        ).select_related("second")
        for conflict in open_.order_by("found_at"):
            conflict.outcome, conflict.decided_at = Outcome.LAPSED, at
            conflict.save(update_fields=["outcome", "decided_at"])
            if conflict.second_id != own.pk:
                claim_recipient(conflict.second, by=by, at=at)
                _tell(conflict.second, "released", at)


@transaction.atomic
def settle_conflict(
    conflict_id: UUID, *, outcome: str, reason: str, by: Actor, at: datetime
) -> RecipientConflict:
    """Decide whose an organisation is: kept by the first, shared, or passed to the second.

    Both partners are told how their own registration stands, never of the other. In the MAR's scope.

    :raises ConflictRefused: when it is decided, or no reason is given.
    """
    if by.user_id is None or outcome not in (Outcome.KEPT, Outcome.SHARED, Outcome.TRANSFERRED):
        raise ConflictRefused(_needs_decision())
    if found := personal_refusals({_("Reason"): reason}):
        raise Invalid(*found)
    conflict = _locked(conflict_id)
    if conflict.outcome != Outcome.OPEN:
        raise ConflictRefused(_already(conflict))
    if not reason.strip():
        raise ConflictRefused(_needs_decision())
    conflict.outcome, conflict.reason = outcome, reason.strip()[:600]
    conflict.decided_by_id, conflict.decided_at = by.user_id, at
    conflict.save(update_fields=["outcome", "reason", "decided_by", "decided_at"])
    first, second = conflict.first, conflict.second
    if outcome == Outcome.TRANSFERRED:
        _give_up(first, to=Claim.LOST, why="transferred", by=by, at=at)
        _tell(first, "transferred", at)
    _set_claim(second, by=by, at=at)
    _tell(second, "decided", at)
    audit.record(
        "partners.recipient.conflict_settled",
        by=by,
        at=at,
        object_type="recipient_conflict",
        object_id=conflict.pk,
        facts={"outcome": str(outcome), "first": str(first.pk), "second": str(second.pk)},
    )
    return conflict


def _locked(conflict_id: UUID) -> RecipientConflict:
    known = RecipientConflict.objects.filter(pk=conflict_id).values_list("second__country", flat=True).first()
    if known is None:
        raise NotFound(_("There is no such conflict."))
    locks.lock_registrations(known)
    conflict = locks.lock_recipient_conflict(conflict_id)
    if conflict is None:
        raise NotFound(_("There is no such conflict."))
    return conflict


def _set_claim(own: Recipient, *, by: Actor, at: datetime) -> None:
    """Write how a registration stands after all of its conflicts."""
    outcomes = RecipientConflict.objects.filter(second=own).exclude(outcome=Outcome.LAPSED)
    own.claim = claim_after(list(outcomes.values_list("outcome", flat=True)))
    own.is_protected = own.claim == Claim.FIRST
    own.claimed_at = own.claimed_at or (at if own.is_protected else None)
    own.save(update_fields=["claim", "is_protected", "claimed_at"])
    _audit(own, own.claim, by=by, at=at)


def _give_up(recipient: Recipient, *, to: Claim, why: str, by: Actor, at: datetime) -> None:
    recipient.claim, recipient.is_protected, recipient.claimed_at = to, False, None
    recipient.save(update_fields=["claim", "is_protected", "claimed_at"])
    _audit(recipient, why, by=by, at=at)


def _tell(recipient: Recipient, why: str, at: datetime) -> None:
    enqueue("partners.send_recipient_claim", at=at, recipient_id=recipient.pk, why=why, since=at.isoformat())


def _has_lapsed(recipient: Recipient, at: datetime) -> bool:
    since = recipient.claimed_at or recipient.created_at
    return is_protection_over(since, recipient.last_order_at, at, settings.RECIPIENT_PROTECTION_DAYS)


def _audit(recipient: Recipient, how: str, *, by: Actor, at: datetime) -> None:
    audit.record(
        "partners.recipient.claim",
        by=by,
        at=at,
        object_type="recipient",
        object_id=recipient.pk,
        partner_id=recipient.partner_id,
        facts={"claim": str(how)},
    )


def _needs_decision() -> Refusal:
    return refuse(
        "conflict_reason",
        _("A person decides, with a reason."),
        rule="P-REC-4",
        next_step=_("Choose who may supply the organisation, and write why."),
        lifted_by=_("You"),
    )


def _already(conflict: RecipientConflict) -> Refusal:
    return refuse(
        "conflict_decided",
        _("Somebody else was first: this conflict is decided."),
        rule="P-REC-4",
        facts={
            _("Outcome"): conflict.get_outcome_display(),
            _("By"): str(conflict.decided_by or "–"),
            _("Time"): conflict.decided_at,
        },
        next_step=_("Open the conflict again to see how it stands."),
    )
