"""Suspension, credit and blocks: what stands for and against a partner."""

from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core import mail

from core.errors import NotFound
from core.tenancy import mar_scope, partner_scope
from partners.models import Membership, OrderBlock, Partner
from partners.selectors.standing import partner_standing
from partners.services.partners import set_credit_limit, start_wind_down, terminate_partner, withdraw_offer
from partners.services.standing import lift_restriction, lift_suspension, restrict_partner, suspend_partner
from partners.services.standing_state import PartnerCannotMove
from partners.tasks import send_partner_state
from tests.factories import AT, actor_for, make_member, make_partner
from tests.factories.limits import agree_to_raise
from tests.partners.samples import audited, queued

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin():
    return actor_for(make_member("mar_admin"))


def _state(partner) -> str:
    with mar_scope():
        return Partner.objects.get(pk=partner.pk).state


def test_a_suspension_stops_and_lifting_it_lets_go_on(admin):
    partner = make_partner()
    with mar_scope():
        suspend_partner(partner.pk, reason="Reports are late.", by=admin, at=AT)
        assert _state(partner) == "suspended"
        lift_suspension(partner.pk, reason="Reports are in.", by=admin, at=AT + timedelta(days=1))
    assert _state(partner) == "active"
    assert (audited("partners.partner.suspended"), audited("partners.partner.reinstated")) == (1, 1)
    assert len(queued("partners.send_partner_state")) == 2


def test_the_owners_are_told_of_the_state_that_still_holds(admin):
    partner = make_partner()
    with mar_scope():
        suspend_partner(partner.pk, reason="Reports are late.", by=admin, at=AT)
        lift_suspension(partner.pk, reason="", by=admin, at=AT + timedelta(days=1))
    for work in queued("partners.send_partner_state"):
        send_partner_state(**work)
    assert [message.subject for message in mail.outbox] == [f"{partner.name} is active again"]


def test_only_an_active_or_restricted_partner_is_suspended(admin):
    partner = make_partner(state="agreement_pending")
    with mar_scope(), pytest.raises(PartnerCannotMove):
        suspend_partner(partner.pk, reason="x", by=admin, at=AT)
    assert _state(partner) == "agreement_pending"


@pytest.mark.parametrize("state", ["active", "restricted", "winding_down"])
def test_only_a_suspension_is_lifted(admin, state):
    partner = make_partner(state=state)
    with mar_scope(), pytest.raises(PartnerCannotMove):
        lift_suspension(partner.pk, reason="x", by=admin, at=AT)
    assert _state(partner) == state


def test_an_unknown_partner_is_not_found(admin):
    with mar_scope(), pytest.raises(NotFound):
        suspend_partner(uuid4(), reason="x", by=admin, at=AT)


def test_standing_shows_the_blocks_in_force_and_the_credit(admin):
    partner = make_partner(credit="250.00")
    with mar_scope():
        for rule, until in (("R-30", None), ("OLD", AT), ("SOON", AT + timedelta(days=2))):
            restrict_partner(
                partner.pk, kind=OrderBlock.Kind.ORDERS, rule=rule, reason="r", next_step="n", until=until,
                by=admin, at=AT - timedelta(days=1),
            )  # fmt: skip
        agree_to_raise(partner, Decimal(300))
        set_credit_limit(partner.pk, limit=Decimal("300"), by=admin, at=AT)
    with partner_scope(partner.pk):
        standing = partner_standing(partner.pk, AT)
    assert [block.rule for block in standing.blocks] == ["R-30", "SOON"]
    assert (standing.partner, standing.credit.limit) == (partner, Decimal("300.00"))


def test_a_lifted_block_no_longer_stands(admin):
    partner = make_partner()
    with mar_scope():
        block = restrict_partner(
            partner.pk, kind=OrderBlock.Kind.ORDERS, rule="R", reason="r", next_step="n", by=admin, at=AT
        )
        lift_restriction(block.pk, by=admin, at=AT + timedelta(hours=1))
        lift_restriction(block.pk, by=admin, at=AT + timedelta(hours=2))
        assert partner_standing(partner.pk, AT + timedelta(hours=1)).blocks == []
    assert audited("partners.block.lifted") == 1


def test_a_stranger_sees_no_standing():
    partner = make_partner()
    with partner_scope(make_partner().pk), pytest.raises(Partner.DoesNotExist):
        partner_standing(partner.pk, AT)


def test_an_offer_is_taken_back_with_all_access_and_told():
    partner = make_partner(state="agreement_pending", accepts_terms=False, contact_email="new@firm.example")
    owner = make_member("tpr_owner", partner=partner)
    admin = actor_for(make_member("mar_admin"))
    with mar_scope():
        withdraw_offer(partner.pk, reason="No answer.", by=admin, at=AT)
        stored = Partner.objects.get(pk=partner.pk)
        assert (stored.state, stored.access_ends_at, stored.state_reason) == ("terminated", AT, "No answer.")
        assert not Membership.objects.get(user=owner).is_active
        assert send_partner_state(partner_id=str(partner.pk), state="terminated", since=AT.isoformat()) == 1
        with pytest.raises(PartnerCannotMove):
            withdraw_offer(partner.pk, reason="Again.", by=admin, at=AT)
    assert [message.to for message in mail.outbox] == [["new@firm.example"]]
    assert audited("partners.partner.terminated") == 1


def test_a_wind_down_leads_out_of_an_offer_too():
    partner = make_partner(state="agreement_pending", accepts_terms=False)
    first, second = (actor_for(make_member("mar_admin")) for _person in range(2))
    with mar_scope():
        start_wind_down(partner.pk, reason="No answer.", by=first, at=AT)
        assert terminate_partner(partner.pk, reason="No answer.", by=second, at=AT).state == "terminated"
