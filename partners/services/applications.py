"""From the public form to a partner: one person reviews, another decides."""

import secrets
from datetime import datetime
from decimal import Decimal
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from core.queue import enqueue
from core.tenancy import guest_scope
from partners import locks
from partners.models import Application, CreditPosition, Partner
from partners.models.application import ApplicationState
from partners.models.membership import Role
from partners.models.partner import PartnerState
from partners.rules.applications import (
    REFERENCE_LENGTH,
    REFERENCE_SYMBOLS,
    ApplicationFacts,
    format_reference,
    may_move,
    normalise,
)
from partners.rules.countries import country_name
from partners.rules.vat_ids import FORMS, fits_country
from partners.selectors.partner_codes import next_partner_code
from partners.services.invitations import invite_person

REFERENCE_TRIES = 3


class VatIdWrong(Invalid):
    """The VAT id does not have the form of its country."""


class ApplicationCannotMove(DomainError):
    """The application is not in a state that allows the step."""


class SamePersonDecides(DomainError):
    """The reviewer may not decide as well."""


@transaction.atomic
def submit_application(facts: ApplicationFacts, *, by: Actor, at: datetime) -> Application:
    """Store a refurbisher's application and tell him and the MAR's administrators by mail.

    Runs as an anonymous visitor, who may add an application but read none.

    :raises VatIdWrong: naming the form the country's ids have.
    """
    facts = normalise(facts)
    _require_vat_form(facts)
    application_id = uuid4()
    with guest_scope(application_id):
        application = _insert(application_id, facts, at=at)
        application.state, application.submitted_at = ApplicationState.SUBMITTED, at
        application.save(update_fields=["state", "submitted_at"])
    audit.record(
        "partners.application.submitted",
        by=by,
        at=at,
        object_type="application",
        object_id=application.pk,
        facts={"reference": application.reference, "country": facts.country},
    )
    enqueue("partners.send_application_received", at=at, application_id=application.pk)
    return application


@transaction.atomic
def review_application(application_id: UUID, *, note: str, by: Actor, at: datetime) -> Application:
    """Record that one person checked the facts; from now on another one may decide.

    :raises ApplicationCannotMove: when it was reviewed or decided before.
    """
    application = _locked(application_id)
    if application.state == ApplicationState.RECOMMENDED:
        raise ApplicationCannotMove(_already_done(application))
    _require_move(application, ApplicationState.IN_REVIEW)
    application.state = ApplicationState.IN_REVIEW
    application.save(update_fields=["state"])
    application.state = ApplicationState.RECOMMENDED
    application.recommendation = Application.Recommendation.APPROVE
    application.reviewed_by_id = _person(by)
    application.reviewed_at = at
    application.review_note = note.strip()
    application.save(update_fields=["state", "recommendation", "reviewed_by", "reviewed_at", "review_note"])
    _audit("partners.application.reviewed", application, by=by, at=at)
    return application


@transaction.atomic
def approve_application(
    application_id: UUID, *, credit_limit: Decimal, currency: str, by: Actor, at: datetime
) -> Partner:
    """Make the applicant a partner with a credit limit, and invite his contact as owner.

    The partner carries the application's id, so that the database refuses a second one.

    :raises ApplicationCannotMove: when it is not reviewed yet, or another person decided first.
    :raises SamePersonDecides: when the reviewer tries to decide as well.
    """
    application = _locked(application_id)
    _require_decision(application, ApplicationState.APPROVED, by=by)
    partner = _make_partner(application, at=at)
    CreditPosition.objects.create(partner=partner, limit=credit_limit, currency=currency)
    _decide(application, ApplicationState.APPROVED, reason="", partner=partner, by=by, at=at)
    _audit("partners.application.approved", application, by=by, at=at, credit_limit=str(credit_limit))
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
def reject_application(application_id: UUID, *, reason: str, by: Actor, at: datetime) -> Application:
    """Refuse an application and tell the applicant the reason by mail.

    :raises ApplicationCannotMove: when it is not reviewed yet, or another person decided first.
    :raises SamePersonDecides: when the reviewer tries to decide as well.
    """
    application = _locked(application_id)
    _require_decision(application, ApplicationState.REJECTED, by=by)
    _decide(application, ApplicationState.REJECTED, reason=reason.strip(), partner=None, by=by, at=at)
    _audit("partners.application.rejected", application, by=by, at=at)
    enqueue("partners.send_application_rejected", at=at, application_id=application.pk)
    return application


def _require_vat_form(facts: ApplicationFacts) -> None:
    if fits_country(facts.vat_id, country=facts.country):
        return
    form = FORMS.get(facts.country)
    raise VatIdWrong(
        refuse(
            "vat_id_wrong",
            _("The VAT id does not have the form of its country."),
            rule="P-APP-2",
            facts={"country": country_name(facts.country), "example": form.example if form else ""},
            next_step=_("Copy the VAT id from an invoice of yours."),
            lifted_by=_("You, with a correct VAT id"),
        )
    )


def _insert(application_id: UUID, facts: ApplicationFacts, *, at: datetime) -> Application:
    """Add the row under a fresh reference; a reference already taken is drawn again."""
    for tries_left in reversed(range(REFERENCE_TRIES)):
        symbols = "".join(secrets.choice(REFERENCE_SYMBOLS) for _n in range(REFERENCE_LENGTH))
        try:
            with transaction.atomic():
                return Application.objects.create(
                    id=application_id,
                    reference=format_reference(symbols),
                    company=facts.company,
                    vat_id=facts.vat_id,
                    country=facts.country,
                    contact_name=facts.contact_name,
                    contact_email=facts.contact_email,
                    wiping_standard=facts.wiping_standard,
                    expected_volume=facts.expected_volume,
                    note=facts.note,
                    state=ApplicationState.DRAFT,
                    started_at=at,
                    saved_at=at,
                )
        except IntegrityError:
            if not tries_left:
                raise
    raise AssertionError("unreachable: the last try returns or raises")


def _locked(application_id: UUID) -> Application:
    application = locks.lock_application(application_id)
    if application is None:
        raise NotFound(_("There is no such application."))
    return application


def _person(by: Actor) -> UUID:
    """Return the acting person's id; a machine never reviews or decides."""
    if by.user_id is None:
        raise ApplicationCannotMove(
            refuse(
                "needs_a_person",
                _("Only a person can review or decide an application."),
                rule="P-APP-3",
                next_step=_("Sign in and do it in the browser."),
            )
        )
    return by.user_id


def _require_decision(application: Application, state: ApplicationState, *, by: Actor) -> None:
    _require_move(application, state)
    if application.reviewed_by_id == _person(by):
        raise SamePersonDecides(
            refuse(
                "same_person_decides",
                _("You reviewed this application, so another person has to decide on it."),
                rule="P-APP-3",
                facts={
                    _("Reviewed by"): str(application.reviewed_by),
                    _("Reviewed"): application.reviewed_at,
                },
                next_step=_("Ask a colleague with the role MAR approver to open this page."),
                lifted_by=_("A MAR approver who is another person"),
            )
        )


def _require_move(application: Application, state: ApplicationState) -> None:
    if may_move(application.state, state):
        return
    if application.state == ApplicationState.SUBMITTED:
        raise ApplicationCannotMove(
            refuse(
                "application_not_reviewed",
                _("Nobody has reviewed this application yet."),
                rule="P-APP-1",
                facts={_("Application"): application.reference},
                next_step=_("A MAR administrator reviews it first."),
                lifted_by=_("A MAR administrator"),
            )
        )
    raise ApplicationCannotMove(_already_done(application))


def _already_done(application: Application) -> Refusal:
    """Say who was first, and when."""
    is_decided = application.decided_by_id is not None
    who = application.decided_by if is_decided else application.reviewed_by
    return refuse(
        "application_already_decided" if is_decided else "application_already_reviewed",
        _("Somebody else was first: this application is decided.")
        if is_decided
        else _("Somebody else was first: this application is reviewed."),
        rule="P-APP-1",
        facts={
            _("Application"): application.reference,
            _("State"): ApplicationState(application.state).label,
            _("By"): str(who),
            _("Time"): application.decided_at if is_decided else application.reviewed_at,
        },
        next_step=_("Open the application again to see how it stands."),
    )


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
        wiping_standard=application.wiping_standard,
        expected_volume=application.expected_volume,
        state=PartnerState.AGREEMENT_PENDING,
        state_since=at,
        created_at=at,
    )


def _decide(
    application: Application,
    state: ApplicationState,
    *,
    reason: str,
    partner: Partner | None,
    by: Actor,
    at: datetime,
) -> None:
    application.state = state
    application.decided_by_id = _person(by)
    application.decided_at = at
    application.decision_reason = reason
    application.partner = partner
    application.save(update_fields=["state", "decided_by", "decided_at", "decision_reason", "partner"])


def _audit(action: str, application: Application, *, by: Actor, at: datetime, **facts: str) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="application",
        object_id=application.pk,
        partner_id=application.partner_id,
        facts={"reference": application.reference, **facts},
    )
