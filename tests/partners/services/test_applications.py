"""An application's way: submitted by a visitor, reviewed by one person, decided by another."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from core.tenancy import guest_scope, mar_scope
from licensing.models import FamilyGrant, OrderLimit
from licensing.services.onboarding import open_account
from partners.models import Application, CreditPosition, Invitation, Partner
from partners.services.applications import approve_application
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


def test_a_visitor_reads_the_application_he_opened_and_no_other():
    mine, _other = make_application(), make_application()
    assert Application.objects.count() == 0
    with guest_scope(mine.pk):
        assert list(Application.objects.values_list("pk", flat=True)) == [mine.pk]


def test_a_taken_reference_is_drawn_again(monkeypatch):
    drawn = iter("AAAAAA" + "AAAAAA" + "BBBBBB")
    monkeypatch.setattr("partners.services.application_drafts.secrets.choice", lambda _symbols: next(drawn))
    assert make_application().reference == "A-AAAAAA"
    assert make_application().reference == "A-BBBBBB"


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
            FACTS.vat_id,
            FACTS.company,
        )
        assert CreditPosition.objects.get(partner=partner).limit == Decimal("5000")
        invitation = Invitation.objects.get(partner=partner)
        assert (invitation.role, invitation.email) == ("tpr_owner", FACTS.contact_email)
    assert queued("partners.send_application_approved") == [{"application_id": str(application.pk)}]
    assert queued("partners.send_invitation") == [{"invitation_id": str(invitation.pk)}]
    assert audited("partners.application.approved") == 1


def test_codes_count_on_from_the_highest():
    make_partner(code="TPR-0041")
    make_partner(code="KEEP")
    assert _approve(make_reviewed_application(), make_member("mar_approver")).code == "TPR-0042"


def test_an_approval_rolls_back_as_a_whole_when_the_contact_has_an_account():
    application = make_reviewed_application()
    make_member("mar_stock", email=FACTS.contact_email)
    with pytest.raises(Exception, match="email_taken"):
        _approve(application, make_member("mar_approver"))
    with mar_scope():
        assert (_stored(application).state, Partner.objects.count()) == ("recommended", 0)


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
