"""The application from the public form; the steps of the case after it, gathered for whoever calls them."""

import secrets
from datetime import datetime
from uuid import UUID, uuid4

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import Invalid, refuse
from core.queue import enqueue
from core.tenancy import guest_scope
from partners.models import Application
from partners.models.application import ApplicationState
from partners.rules.applications import (
    REFERENCE_LENGTH,
    REFERENCE_SYMBOLS,
    ApplicationFacts,
    format_reference,
    normalise,
)
from partners.rules.countries import country_name
from partners.rules.vat_ids import FORMS, fits_country
from partners.services.application_carry_over import CarryOverOpen, settle_carry_over
from partners.services.application_case import ApplicationCannotMove, ClaimedByAnother, SamePersonDecides
from partners.services.application_claims import AppealNeedsFreshEyes, claim_application, let_go
from partners.services.application_decisions import (
    ProposalNotDecidable,
    ReasonMissing,
    approve_application,
    recommend,
    reject_application,
    send_back,
)
from partners.services.application_questions import QuestionWrong, ask_back, close_question

__all__ = [
    "AppealNeedsFreshEyes",
    "ApplicationCannotMove",
    "CarryOverOpen",
    "ClaimedByAnother",
    "ProposalNotDecidable",
    "QuestionWrong",
    "ReasonMissing",
    "SamePersonDecides",
    "VatIdWrong",
    "approve_application",
    "ask_back",
    "claim_application",
    "close_question",
    "let_go",
    "recommend",
    "reject_application",
    "send_back",
    "settle_carry_over",
    "submit_application",
]

REFERENCE_TRIES = 3


class VatIdWrong(Invalid):
    """The VAT id does not have the form of its country."""


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
