"""Newer evidence about an approved recipient takes over without a gap: handed in, reviewed, decided by another."""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, refuse
from core.queue import enqueue
from partners import locks
from partners.models import Recipient, RecipientEvidence, RecipientRenewal
from partners.models.recipients import RecipientState
from partners.rules import recipients as rules
from partners.rules.personal_data import personal_refusals
from partners.selectors.mar import mar_zone
from partners.selectors.recipients import class_in_force, open_renewal_of
from partners.services.documents import remove_document
from partners.services.recipients import hand_in_evidence

State = RecipientRenewal.State


class RenewalRefused(DomainError):
    """Newer evidence cannot take this step now, or not by this person."""


@transaction.atomic
def renew_evidence(
    recipient_id: UUID,
    content: bytes,
    *,
    kind: str,
    name: str,
    expires_on: date | None,
    by: Actor,
    at: datetime,
) -> RecipientRenewal:
    """Hand in newer evidence while the old one still holds; orders go on meanwhile. In the partner's scope.

    :raises RenewalRefused: when the recipient is not approved, or newer evidence waits already.
    :raises Invalid: when the paper has ended already, is no paper, or is not what the class asks for.
    """
    recipient = locks.lock_recipient(recipient_id)
    if recipient is None:
        raise NotFound(_("There is no such recipient."))
    if recipient.state != RecipientState.APPROVED or open_renewal_of(recipient_id) is not None:
        raise _refused(recipient, _("Newer evidence waits already, or this recipient is not approved now."))
    group = class_in_force(recipient.class_code, at)
    if group is None or kind not in group.evidence:
        raise _refused(recipient, _("The class does not ask for this paper."))
    if expires_on is not None and not rules.is_evidence_in_force(expires_on, at, mar_zone()):
        raise Invalid(*_refused(recipient, _("This paper has ended already.")).refusals)
    evidence = hand_in_evidence(
        recipient, content, kind=kind, name=name, title="", expires_on=expires_on, by=by, at=at
    )
    renewal = RecipientRenewal.objects.create(
        partner_id=recipient.partner_id,
        recipient=recipient,
        evidence=evidence,
        state=State.SUBMITTED,
        submitted_at=at,
    )
    _note("handed_in", renewal, by=by, at=at)
    return renewal


@transaction.atomic
def review_renewal(
    recipient_id: UUID, *, until: date, note: str, by: Actor, at: datetime
) -> RecipientRenewal:
    """Record that one person checked the newer evidence, and the last day on which it holds.

    :raises RenewalRefused: when none waits for a review, or the day is over.
    """
    recipient, renewal = _locked(recipient_id)
    if found := personal_refusals({_("Text"): note}):
        raise Invalid(*found)
    if renewal.state != State.SUBMITTED or by.user_id is None:
        raise _refused(recipient, _("This evidence does not wait for a review."))
    if not rules.is_evidence_in_force(until, at, mar_zone()):
        raise _refused(recipient, _("The last day lies behind us."))
    renewal.state, renewal.until, renewal.note = State.REVIEWED, until, note.strip()[:600]
    renewal.reviewed_by_id, renewal.reviewed_at = by.user_id, at
    renewal.save(update_fields=["state", "until", "note", "reviewed_by", "reviewed_at"])
    _note("reviewed", renewal, by=by, at=at)
    return renewal


@transaction.atomic
def approve_renewal(recipient_id: UUID, *, by: Actor, at: datetime) -> RecipientRenewal:
    """Let newer evidence take over, as the second person: to its own last day, at once and without a gap.

    Where the old one has ended meanwhile the recipient is open again from this moment.

    :raises RenewalRefused: without a review, by the reviewer himself, or when the day is over.
    """
    recipient, renewal = _locked(recipient_id)
    if renewal.state != State.REVIEWED or by.user_id in (None, renewal.reviewed_by_id):
        raise _refused(recipient, _("Another person than the reviewer decides, after the review."))
    is_open = recipient.state in (RecipientState.APPROVED, RecipientState.EXPIRED)
    if not is_open or not rules.is_evidence_in_force(renewal.until, at, mar_zone()):
        raise _refused(recipient, _("The recipient is not open any more, or the new evidence has ended."))
    _decide(renewal, State.APPROVED, "", by=by, at=at)
    recipient.state, recipient.evidence_until = RecipientState.APPROVED, renewal.until
    recipient.save(update_fields=["state", "evidence_until"])
    return renewal


@transaction.atomic
def refuse_renewal(recipient_id: UUID, *, reason: str, by: Actor, at: datetime) -> RecipientRenewal:
    """Refuse newer evidence with a reason the partner reads; what holds today goes on to its end.

    :raises RenewalRefused: when none waits, or without a reason.
    """
    recipient, renewal = _locked(recipient_id)
    if found := personal_refusals({_("Text"): reason}):
        raise Invalid(*found)
    if by.user_id is None or not reason.strip():
        raise _refused(recipient, _("A person refuses it, with a reason."))
    _decide(renewal, State.REFUSED, reason.strip()[:600], by=by, at=at)
    evidence = RecipientEvidence.objects.select_related("document").get(pk=renewal.evidence_id)
    evidence.removed_at = at
    evidence.save(update_fields=["removed_at"])
    remove_document(evidence.document, by=by, at=at)
    return renewal


def _decide(renewal: RecipientRenewal, state: str, reason: str, *, by: Actor, at: datetime) -> None:
    renewal.state, renewal.reason = state, reason
    renewal.decided_by_id, renewal.decided_at = by.user_id, at
    renewal.save(update_fields=["state", "reason", "decided_by", "decided_at"])
    _note(str(state), renewal, by=by, at=at)
    enqueue("partners.send_renewal", at=at, renewal_id=renewal.pk)


def _locked(recipient_id: UUID) -> tuple[Recipient, RecipientRenewal]:
    recipient = locks.lock_recipient(recipient_id)
    if recipient is None:
        raise NotFound(_("There is no such recipient."))
    renewal = locks.lock_renewal(recipient_id)
    if renewal is None:
        raise _refused(recipient, _("No newer evidence waits; somebody may have been first."))
    return recipient, renewal


def _refused(recipient: Recipient, what: str) -> RenewalRefused:
    return RenewalRefused(
        refuse(
            "renewal_refused",
            what,
            rule="P-REC-8",
            facts={
                _("Organisation"): recipient.name,
                _("State"): recipient.get_state_display(),
                _("Evidence valid until"): recipient.evidence_until or "–",
            },
            next_step=_("Open the recipient again to see how it stands."),
            lifted_by=_("A second person of the MAR"),
        )
    )


def _note(act: str, renewal: RecipientRenewal, *, by: Actor, at: datetime) -> None:
    audit.record(
        f"partners.recipient.renewal_{act}",
        by=by,
        at=at,
        object_type="recipient",
        object_id=renewal.recipient_id,
        partner_id=renewal.partner_id,
        facts={"until": renewal.until.isoformat() if renewal.until else ""},
    )
