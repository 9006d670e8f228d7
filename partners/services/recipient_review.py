"""The MAR's side of recipients: one person checks the evidence, another decides; evidence ends by itself."""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from core.queue import enqueue
from partners import locks
from partners.models import Recipient
from partners.models.recipients import Claim, RecipientState
from partners.rules import recipients as rules
from partners.rules.personal_data import personal_refusals
from partners.selectors.mar import mar_zone
from partners.selectors.recipients import class_in_force
from partners.services.recipient_claims import release_claim


class RecipientNotDecidable(DomainError):
    """The recipient is not where this step begins, or this person may not take it."""


@transaction.atomic
def review_recipient(
    recipient_id: UUID, *, note: str, evidence_until: date, by: Actor, at: datetime
) -> Recipient:
    """Record that one person checked the evidence, and the last day on which it holds.

    :raises RecipientNotDecidable: when it does not wait for a review, or the evidence is over already.
    """
    _require_no_person(note)
    recipient = _locked(recipient_id)
    _require_move(recipient, RecipientState.REVIEWED)
    _require_future(evidence_until, at)
    recipient.state, recipient.reviewed_by_id, recipient.reviewed_at = (
        RecipientState.REVIEWED,
        _person(by),
        at,
    )
    recipient.review_note, recipient.evidence_until = note.strip()[:600], evidence_until
    # A decision of an earlier round stays in the audit log; this round begins without one.
    recipient.decided_by, recipient.decided_at, recipient.decision_reason = None, None, ""
    recipient.save(
        update_fields=[
            "state", "reviewed_by", "reviewed_at", "review_note", "evidence_until", "decided_by", "decided_at",
            "decision_reason",
        ]
    )  # fmt: skip
    _audit("partners.recipient.reviewed", recipient, by=by, at=at, until=evidence_until.isoformat())
    return recipient


@transaction.atomic
def send_recipient_back(recipient_id: UUID, *, reason: str, by: Actor, at: datetime) -> Recipient:
    """Give a submitted recipient back to the partner with what is missing; he is told by mail.

    :raises RecipientNotDecidable: when it does not wait for a review.
    """
    _require_no_person(reason)
    recipient = _locked(recipient_id)
    _require_move(recipient, RecipientState.DRAFT)
    _person(by)
    recipient.state, recipient.decision_reason = RecipientState.DRAFT, _said(reason)
    recipient.save(update_fields=["state", "decision_reason"])
    _audit("partners.recipient.sent_back", recipient, by=by, at=at)
    _tell(recipient, at)
    return recipient


@transaction.atomic
def return_to_reviewer(recipient_id: UUID, *, reason: str, by: Actor, at: datetime) -> Recipient:
    """Let the second person ask for another look.

    :raises RecipientNotDecidable: when it does not wait for a decision.
    """
    _require_no_person(reason)
    recipient = _locked(recipient_id)
    _require_move(recipient, RecipientState.SUBMITTED)
    _require_other(recipient, by)
    recipient.state, recipient.decision_reason = RecipientState.SUBMITTED, _said(reason)
    recipient.save(update_fields=["state", "decision_reason"])
    _audit("partners.recipient.returned_to_reviewer", recipient, by=by, at=at)
    return recipient


@transaction.atomic
def approve_recipient(recipient_id: UUID, *, by: Actor, at: datetime) -> Recipient:
    """Open an organisation for Citizenship orders until its evidence ends. The partner is told.

    :raises RecipientNotDecidable: without a review, by the reviewer himself, while another partner's
        claim is open, when the class is out of force or the evidence is over.
    """
    recipient = _locked(recipient_id)
    _require_move(recipient, RecipientState.APPROVED)
    person = _require_other(recipient, by)
    _require_claim(recipient)
    _require_future(recipient.evidence_until, at)
    if class_in_force(recipient.class_code, at) is None:
        raise RecipientNotDecidable(_class_over(recipient))
    _decide(recipient, RecipientState.APPROVED, person=person, reason="", by=by, at=at)
    return recipient


@transaction.atomic
def refuse_recipient(recipient_id: UUID, *, reason: str, by: Actor, at: datetime) -> Recipient:
    """Refuse an organisation with a reason the partner reads; its protection ends.

    :raises RecipientNotDecidable: without a review, or by the reviewer himself.
    """
    _require_no_person(reason)
    known = Recipient.objects.filter(pk=recipient_id).values_list("country", flat=True).first()
    locks.lock_registrations(known or "")
    recipient = _locked(recipient_id)
    _require_move(recipient, RecipientState.REFUSED)
    person = _require_other(recipient, by)
    _decide(recipient, RecipientState.REFUSED, person=person, reason=_said(reason), by=by, at=at)
    release_claim(recipient, by=by, at=at)
    return recipient


@transaction.atomic
def expire_recipients(*, by: Actor, at: datetime) -> int:
    """Mark recipients whose evidence's last day is over, tell their partners, and return how many.

    Orders stop at midnight by the gate itself; this only makes it visible. Runs in the MAR's scope.
    """
    today = at.astimezone(mar_zone()).date()
    over = Recipient.objects.select_for_update(skip_locked=True).filter(
        state=RecipientState.APPROVED, evidence_until__lt=today
    )
    found = list(over.order_by("pk"))
    for recipient in found:
        recipient.state = RecipientState.EXPIRED
        recipient.save(update_fields=["state"])
        _audit("partners.recipient.expired", recipient, by=by, at=at)
        _tell(recipient, at)
    return len(found)


def _decide(
    recipient: Recipient, state: RecipientState, *, person: UUID, reason: str, by: Actor, at: datetime
) -> None:
    recipient.state, recipient.decided_by_id, recipient.decided_at = state, person, at
    recipient.decision_reason = reason
    recipient.save(update_fields=["state", "decided_by", "decided_at", "decision_reason"])
    _audit(f"partners.recipient.{state.value}", recipient, by=by, at=at)
    _tell(recipient, at)


def _tell(recipient: Recipient, at: datetime) -> None:
    enqueue(
        "partners.send_recipient_state",
        at=at,
        recipient_id=recipient.pk,
        state=recipient.state,
        since=at.isoformat(),
    )


def _require_no_person(text: str) -> None:
    if found := personal_refusals({_("Text"): text}):
        raise Invalid(*found)


def _said(reason: str) -> str:
    if not reason.strip():
        raise Invalid(
            refuse(
                "reason_needed",
                _("Say why; the partner reads it."),
                rule="P-REC-1",
                facts={_("Field"): _("Reason")},
                next_step=_("Write what is missing, in one or two sentences."),
                lifted_by=_("You"),
            )
        )
    return reason.strip()[:600]


def _locked(recipient_id: UUID) -> Recipient:
    recipient = locks.lock_recipient(recipient_id)
    if recipient is None:
        raise NotFound(_("There is no such recipient."))
    return recipient


def _require_move(recipient: Recipient, state: RecipientState) -> None:
    if rules.may_move(recipient.state, state):
        return
    who = recipient.decided_by or recipient.reviewed_by
    raise RecipientNotDecidable(
        refuse(
            "recipient_cannot_move",
            _("The recipient does not stand where this step begins; somebody may have been first."),
            rule="P-REC-1",
            facts={
                _("Organisation"): recipient.name,
                _("State"): recipient.get_state_display(),
                _("By"): str(who or "–"),
                _("Time"): recipient.decided_at or recipient.reviewed_at or recipient.submitted_at,
            },
            next_step=_("Open the recipient again to see how it stands."),
        )
    )


def _person(by: Actor) -> UUID:
    if by.user_id is None:
        raise RecipientNotDecidable(_same(_("Only a person reviews and decides."), None))
    return by.user_id


def _require_other(recipient: Recipient, by: Actor) -> UUID:
    person = _person(by)
    if person == recipient.reviewed_by_id:
        raise RecipientNotDecidable(
            _same(_("You reviewed this recipient, so another person has to decide."), recipient)
        )
    return person


def _same(what: str, recipient: Recipient | None) -> Refusal:
    facts = (
        {_("Reviewed by"): str(recipient.reviewed_by), _("Reviewed"): recipient.reviewed_at}
        if recipient
        else {}
    )
    return refuse(
        "same_person_decides",
        what,
        rule="P-REC-3",
        facts=facts,
        next_step=_("Ask a colleague with the role MAR approver to open this page."),
        lifted_by=_("A MAR approver who is another person"),
    )


def _require_claim(recipient: Recipient) -> None:
    if recipient.claim in (Claim.FIRST, Claim.SHARED):
        return
    raise RecipientNotDecidable(
        refuse(
            "recipient_conflict",
            _("Another partner registered this organisation first."),
            rule="P-REC-4",
            facts={_("Organisation"): recipient.name, _("First come"): recipient.get_claim_display()},
            next_step=_("Decide the conflict first, or refuse the recipient."),
            lifted_by=_("Whoever decides the conflict"),
            fix_path="/mar/recipients/conflicts/",
        )
    )


def _require_future(until: date | None, at: datetime) -> None:
    if rules.is_evidence_in_force(until, at, mar_zone()):
        return
    raise RecipientNotDecidable(
        refuse(
            "evidence_over",
            _("The evidence does not hold today any more."),
            rule="P-REC-2",
            facts={_("Valid until"): until or "–"},
            next_step=_("Send the recipient back and ask for new evidence."),
            lifted_by=_("The partner, with new evidence"),
        )
    )


def _class_over(recipient: Recipient) -> Refusal:
    return refuse(
        "class_over",
        _("The programme knows this class no longer."),
        rule="P-REC-2",
        facts={_("Class"): recipient.class_code},
        next_step=_("Refuse the recipient, or send it back to be registered in another class."),
        lifted_by=_("Nobody: the programme says so"),
    )


def _audit(action: str, recipient: Recipient, *, by: Actor, at: datetime, **facts: str) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="recipient",
        object_id=recipient.pk,
        partner_id=recipient.partner_id,
        facts={"class": recipient.class_code, **facts},
    )
