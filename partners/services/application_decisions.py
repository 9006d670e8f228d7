"""Two people: one recommends, another approves, refuses, or sends back. Every step adds a row to the history."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import DomainError, Invalid, Refusal, refuse
from core.queue import enqueue
from partners import locks
from partners.models import Application, ApplicationDecision, CreditPosition, Document, Partner
from partners.models.application import ApplicationState
from partners.models.membership import Role
from partners.models.partner import PartnerState
from partners.rules.applications import round_of
from partners.rules.company_identity import iban_norm
from partners.rules.reason_codes import refusal_reason
from partners.selectors.partner_codes import next_partner_code
from partners.services.application_carry_over import require_carry_over
from partners.services.application_case import (
    locked,
    note_step,
    person,
    require_another_person,
    require_claimed_by,
    require_move,
)
from partners.services.application_questions import close_all_questions
from partners.services.invitations import invite_person

Proposal = Application.Recommendation
Step = ApplicationDecision.Step


class ProposalNotDecidable(DomainError):
    """An approval needs two people who are for it."""


class ReasonMissing(Invalid):
    """A refusal, or a case sent back, says why."""


@transaction.atomic
def recommend(
    application_id: UUID,
    *,
    recommendation: str,
    note: str,
    reason_code: str = "",
    by: Actor,
    at: datetime,
) -> Application:
    """Pass a reviewed case on to a second person, with what was checked and what is proposed.

    :raises ApplicationCannotMove: when the case is not in review.
    :raises ClaimedByAnother: when it is a colleague's case.
    :raises ReasonMissing: without a note, or when a refusal is proposed without its reason.
    """
    application, user_id = locked(application_id), person(by)
    require_move(application, ApplicationState.RECOMMENDED)
    require_claimed_by(application, user_id)
    proposal = Proposal.REJECT if recommendation == Proposal.REJECT else Proposal.APPROVE
    _require_words(note)
    code = _known_code(reason_code) if proposal == Proposal.REJECT else ""
    close_all_questions(application, at=at)
    application.recommendation = proposal
    application.reviewed_by_id, application.reviewed_at = user_id, at
    application.review_note = note.strip()[:1000]
    _add(application, Step.RECOMMENDED, note=note, reason_code=code, by=user_id, at=at)
    application.state = ApplicationState.RECOMMENDED
    application.save(update_fields=["state", "recommendation", "reviewed_by", "reviewed_at", "review_note"])
    note_step("reviewed", application, by=by, at=at, recommendation=proposal.value)
    return application


@transaction.atomic
def send_back(application_id: UUID, *, reason: str, by: Actor, at: datetime) -> Application:
    """Give a case back to its reviewer, as the second person, with the reason.

    :raises ApplicationCannotMove: when no recommendation waits.
    :raises SamePersonDecides: when the reviewer tries to.
    :raises ReasonMissing: without a reason.
    """
    application, user_id = _second_look(application_id, ApplicationState.IN_REVIEW, by=by)
    _require_words(reason)
    _add(application, Step.SENT_BACK, note=reason, by=user_id, at=at)
    application.state = ApplicationState.IN_REVIEW
    application.save(update_fields=["state"])
    note_step("sent_back", application, by=by, at=at)
    return application


@transaction.atomic
def approve_application(
    application_id: UUID, *, credit_limit: Decimal, currency: str, by: Actor, at: datetime
) -> Partner:
    """Make the applicant a partner with a credit limit, and invite his contact as owner.

    The partner carries the application's id, so that the database refuses a second one.

    :raises ApplicationCannotMove: when it is not recommended yet, or another person decided first.
    :raises SamePersonDecides: when the reviewer tries to decide as well.
    :raises ProposalNotDecidable: when the reviewer proposes a refusal.
    :raises CarryOverOpen: while something brought along from another MAR is not ticked off.
    """
    application, user_id = _second_look(application_id, ApplicationState.APPROVED, by=by)
    if application.recommendation != Proposal.APPROVE:
        raise ProposalNotDecidable(_needs_two_for_it(application))
    require_carry_over(application)
    _add(application, Step.APPROVED, by=user_id, at=at)
    partner = _make_partner(application, at=at)
    CreditPosition.objects.create(partner=partner, limit=credit_limit, currency=currency)
    _take_papers_along(application, partner)
    application.partner = partner
    application.decision_code, application.decision_reason = "", ""
    _decide(application, ApplicationState.APPROVED, user_id=user_id, at=at)
    note_step("approved", application, by=by, at=at, credit_limit=str(credit_limit))
    enqueue("partners.send_application_approved", at=at, application_id=application.pk)
    invite_person(
        partner_id=partner.pk,
        email=application.contact_email,
        name=application.contact_name,
        role=Role.TPR_OWNER,
        by=by,
        at=at,
    )
    return partner


@transaction.atomic
def reject_application(
    application_id: UUID, *, reason_code: str, reason: str = "", by: Actor, at: datetime
) -> Application:
    """Refuse an application; the applicant gets the reason, the next step and his right of appeal by mail.

    An empty reason takes the words of its code in the applicant's language.

    :raises ApplicationCannotMove: when it is not recommended yet, or another person decided first.
    :raises SamePersonDecides: when the reviewer tries to decide as well.
    :raises ReasonMissing: without a known code, or without words for it.
    """
    application, user_id = _second_look(application_id, ApplicationState.REJECTED, by=by)
    code = _known_code(reason_code)
    known = refusal_reason(code)
    words = reason.strip() or (known.text(application.language) if known else "")
    _require_words(words)
    _add(application, Step.REJECTED, note=words, reason_code=code, by=user_id, at=at)
    application.decision_code, application.decision_reason = code, words[:1000]
    _decide(application, ApplicationState.REJECTED, user_id=user_id, at=at)
    note_step("rejected", application, by=by, at=at, reason_code=code)
    enqueue(
        "partners.send_application_rejected", at=at, application_id=application.pk, round=_round(application)
    )
    return application


def _second_look(application_id: UUID, state: ApplicationState, *, by: Actor) -> tuple[Application, UUID]:
    application, user_id = locked(application_id), person(by)
    if application.state != ApplicationState.RECOMMENDED:
        # From other states the table may know the step too, but it is not the second person's.
        require_move(application, ApplicationState.APPROVED)
    require_move(application, state)
    require_another_person(application, user_id)
    return application, user_id


def _round(application: Application) -> int:
    return round_of(application.appealed_at)


def _known_code(code: str) -> str:
    if refusal_reason(code) is not None:
        return code
    raise ReasonMissing(
        refuse(
            "reason_unknown",
            _("A refusal names its reason."),
            rule="P-REV-6",
            next_step=_("Choose one of the reasons, or “another” and say it in your own words."),
        )
    )


def _require_words(text: str) -> None:
    if text.strip():
        return
    raise ReasonMissing(
        refuse(
            "reason_missing",
            _("Say why, or what you checked."),
            rule="P-REV-6",
            next_step=_("Write one or two sentences."),
        )
    )


def _needs_two_for_it(application: Application) -> Refusal:
    return refuse(
        "approval_needs_two",
        _("The reviewer proposes a refusal. An approval needs two people who are for it."),
        rule="P-REV-4",
        facts={_("Reviewed by"): str(application.reviewed_by), _("Proposal"): str(Proposal.REJECT.label)},
        next_step=_("Send the case back with your reason, or refuse it."),
        lifted_by=_("The reviewer, with a new recommendation"),
    )


def _take_papers_along(application: Application, partner: Partner) -> None:
    """Let the papers of the application be the partner's: he renews them, and they count as his evidence."""
    papers = Document.objects.filter(application=application, partner__isnull=True, removed_at__isnull=True)
    papers.update(partner=partner)


def _make_partner(application: Application, *, at: datetime) -> Partner:
    locks.lock_partner_codes()
    return Partner.objects.create(
        id=application.pk,
        code=next_partner_code(),
        name=application.company,
        country=application.country,
        vat_id=application.vat_id,
        contact_name=application.contact_name,
        contact_email=application.contact_email,
        phone=application.phone,
        website=application.website,
        iban=iban_norm(application.iban),
        wiping_standard=application.wiping_standard,
        expected_volume=application.expected_volume,
        state=PartnerState.AGREEMENT_PENDING,
        state_since=at,
        created_at=at,
    )


def _add(
    application: Application, step: str, *, by: UUID, at: datetime, note: str = "", reason_code: str = ""
) -> None:
    """Add a row to the history; the database holds it against the case before the case moves."""
    ApplicationDecision.objects.create(
        application=application,
        round=_round(application),
        step=step,
        person_id=by,
        at=at,
        reviewer_id=None if step == Step.RECOMMENDED else application.reviewed_by_id,
        recommendation=application.recommendation,
        reason_code=reason_code,
        note=note.strip()[:1000],
    )


def _decide(application: Application, state: ApplicationState, *, user_id: UUID, at: datetime) -> None:
    application.state = state
    application.decided_by_id, application.decided_at = user_id, at
    application.save(
        update_fields=["state", "decided_by", "decided_at", "decision_code", "decision_reason", "partner"]
    )
