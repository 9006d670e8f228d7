"""An application's way: submitted by a visitor, reviewed by one person, decided by another."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from core.actor import Actor
from core.errors import NotFound
from core.tenancy import guest_scope, mar_scope
from licensing.models import FamilyGrant, OrderLimit
from licensing.services.onboarding import open_account
from partners.models import Application, CreditPosition, Invitation, Partner
from partners.services.applications import (
    ApplicationCannotMove,
    SamePersonDecides,
    VatIdWrong,
    approve_application,
    reject_application,
    review_application,
    submit_application,
)
from tests.factories import AT, actor_for, make_member, make_partner
from tests.partners.samples import (
    FACTS,
    VISITOR,
    audited,
    make_application,
    make_reviewed_application,
    queued,
)

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


def _approve(application, user):
    with mar_scope():
        return approve_application(
            application.pk, credit_limit=Decimal("5000"), currency="EUR", by=actor_for(user), at=LATER
        )


def _stored(application):
    with mar_scope():
        return Application.objects.get(pk=application.pk)


def test_submitting_stores_normalised_facts_and_queues_the_mails():
    application = submit_application(
        replace(
            FACTS,
            company="  Kreislauf   PC GmbH ",
            vat_id="de 123.456-789",
            contact_email="Eva@Kreislauf.example",
        ),
        by=VISITOR,
        at=AT,
    )
    stored = _stored(application)
    assert (stored.company, stored.vat_id, stored.contact_email) == (
        "Kreislauf PC GmbH",
        "DE123456789",
        "eva@kreislauf.example",
    )
    assert stored.state == "submitted"
    assert len(stored.reference) == 8
    assert stored.reference.startswith("A-")
    assert queued("partners.send_application_received") == [{"application_id": str(application.pk)}]
    assert audited("partners.application.submitted") == 1


def test_a_visitor_reads_the_application_he_opened_and_no_other():
    mine, _other = make_application(), make_application()
    assert Application.objects.count() == 0
    with guest_scope(mine.pk):
        assert list(Application.objects.values_list("pk", flat=True)) == [mine.pk]


def test_a_wrong_vat_id_is_refused_with_the_expected_form():
    with pytest.raises(VatIdWrong) as caught:
        submit_application(replace(FACTS, vat_id="DE12"), by=VISITOR, at=AT)
    assert caught.value.refusals[0].facts["example"] == "DE123456789"
    with mar_scope():
        assert Application.objects.count() == 0


def test_a_taken_reference_is_drawn_again(monkeypatch):
    drawn = iter("AAAAAA" + "AAAAAA" + "BBBBBB")
    monkeypatch.setattr("partners.services.applications.secrets.choice", lambda _symbols: next(drawn))
    assert make_application().reference == "A-AAAAAA"
    assert make_application().reference == "A-BBBBBB"


def test_a_review_moves_the_application_once():
    application = make_reviewed_application()
    assert (application.state, application.review_note) == ("recommended", "Register checked.")
    other = make_member("mar_admin")
    with mar_scope(), pytest.raises(ApplicationCannotMove) as caught:
        review_application(application.pk, note="again", by=actor_for(other), at=LATER)
    assert caught.value.code == "application_already_reviewed"
    assert _stored(application).review_note == "Register checked."
    assert audited("partners.application.reviewed") == 1


def test_an_unknown_application_is_not_found():
    with mar_scope(), pytest.raises(NotFound):
        review_application(uuid4(), note="", by=actor_for(make_member("mar_admin")), at=AT)


def test_a_machine_never_reviews():
    application = make_application()
    with mar_scope(), pytest.raises(ApplicationCannotMove) as caught:
        review_application(application.pk, note="", by=Actor.system("robot"), at=AT)
    assert caught.value.code == "needs_a_person"
    assert _stored(application).state == "submitted"


def test_approval_makes_the_partner_his_credit_and_the_owners_invitation():
    application = make_reviewed_application()
    approver = make_member("mar_approver")
    partner = _approve(application, approver)
    with mar_scope():
        stored = Application.objects.get(pk=application.pk)
        assert (stored.state, stored.partner_id, stored.decided_by_id) == (
            "approved",
            partner.pk,
            approver.pk,
        )
        assert (partner.state, partner.vat_id, partner.name) == (
            "agreement_pending",
            "DE123456789",
            FACTS.company,
        )
        assert CreditPosition.objects.get(partner=partner).limit == Decimal("5000")
        invitation = Invitation.objects.get(partner=partner)
        assert (invitation.role, invitation.email) == ("tpr_owner", FACTS.contact_email)
    assert queued("partners.send_invitation") == [{"invitation_id": str(invitation.pk)}]
    assert audited("partners.application.approved") == 1


def test_codes_count_on_from_the_highest():
    make_partner(code="TPR-0041")
    make_partner(code="KEEP")
    assert _approve(make_reviewed_application(), make_member("mar_approver")).code == "TPR-0042"


def test_an_application_without_a_review_is_not_decided():
    application = make_application()
    with pytest.raises(ApplicationCannotMove) as caught:
        _approve(application, make_member("mar_approver"))
    assert caught.value.code == "application_not_reviewed"
    assert _stored(application).state == "submitted"


def test_the_reviewer_may_not_decide():
    application = make_reviewed_application()
    with pytest.raises(SamePersonDecides):
        _approve(application, application.reviewed_by)
    with mar_scope(), pytest.raises(SamePersonDecides):
        reject_application(application.pk, reason="no", by=actor_for(application.reviewed_by), at=LATER)
    with mar_scope():
        assert (_stored(application).state, Partner.objects.count(), Invitation.objects.count()) == (
            "recommended",
            0,
            0,
        )


def test_the_second_approver_sees_who_was_first():
    application = make_reviewed_application()
    _approve(application, make_member("mar_approver", name="Jonas Weber"))
    with pytest.raises(ApplicationCannotMove) as caught:
        _approve(application, make_member("mar_approver"))
    assert caught.value.refusals[0].facts["By"] == "Jonas Weber"
    with mar_scope():
        assert Partner.objects.count() == 1


def test_a_refusal_stores_the_reason_and_queues_the_mail():
    application = make_reviewed_application()
    with mar_scope():
        reject_application(
            application.pk, reason="No wiping records.", by=actor_for(make_member("mar_approver")), at=LATER
        )
    stored = _stored(application)
    assert (stored.state, stored.decision_reason, stored.partner_id) == (
        "rejected",
        "No wiping records.",
        None,
    )
    assert queued("partners.send_application_rejected") == [{"application_id": str(application.pk)}]


def test_an_approval_rolls_back_as_a_whole_when_the_contact_has_an_account():
    application = make_reviewed_application()
    make_member("mar_stock", email=FACTS.contact_email)
    with pytest.raises(Exception, match="email_taken"):
        _approve(application, make_member("mar_approver"))
    with mar_scope():
        assert (_stored(application).state, Partner.objects.count()) == ("recommended", 0)


def test_the_database_refuses_one_person_in_both_chairs():
    application = make_reviewed_application()
    with mar_scope():
        partner = Partner.objects.create(
            id=application.pk, code="X", name="X", country="DE", state="active", state_since=AT, created_at=AT
        )
        with pytest.raises(IntegrityError, match="application_two_different_people"), transaction.atomic():
            Application.objects.filter(pk=application.pk).update(
                state="approved", partner=partner, decided_by=application.reviewed_by_id
            )


def test_the_database_refuses_a_partner_of_another_application():
    application = make_reviewed_application()
    partner = make_partner()
    with (
        mar_scope(),
        pytest.raises(IntegrityError, match="application_becomes_one_partner"),
        transaction.atomic(),
    ):
        Application.objects.filter(pk=application.pk).update(partner=partner)


def test_opening_the_account_grants_limit_and_families():
    partner = _approve(make_reviewed_application(), make_member("mar_approver"))
    with mar_scope():
        open_account(
            partner.pk, monthly_quantity=300, families=["commercial", "commercial"], by=VISITOR, at=LATER
        )
        assert OrderLimit.objects.get(partner=partner).monthly_quantity == 300
        assert list(FamilyGrant.objects.values_list("partner_id", "family", "valid_from")) == [
            (partner.pk, "commercial", LATER)
        ]
