"""Roles change and access ends, but one keeper always remains."""

from uuid import uuid4

import pytest

from core.errors import NotFound
from core.tenancy import mar_scope, partner_scope
from partners.models import Membership
from partners.selectors.people import membership_of, open_invitations_of, people_of
from partners.services.invitations import RoleNotOfHouse
from partners.services.people import LastKeeper, change_role, remove_person
from tests.factories import AT, actor_for, make_member, make_partner
from tests.partners.samples import audited

pytestmark = pytest.mark.django_db


@pytest.fixture
def house():
    """Return a partner, his only owner and a buyer."""
    partner = make_partner(accepts_terms=False)
    return (
        partner,
        make_member("tpr_owner", partner=partner, name="Olga"),
        make_member("tpr_buyer", partner=partner, name="Ben"),
    )


def _membership(user) -> Membership:
    with mar_scope():
        return Membership.objects.get(user=user)


def test_removing_a_colleague_ends_his_access(house):
    partner, owner, buyer = house
    with partner_scope(partner.pk):
        remove_person(
            _membership(buyer).pk, partner_id=partner.pk, by=actor_for(owner, partner=partner), at=AT
        )
        assert [each.user.name for each in people_of(partner.pk)] == ["Olga"]
    assert membership_of(buyer) is None
    assert audited("partners.person.removed") == 1


def test_the_last_owner_cannot_be_removed_or_changed(house):
    partner, owner, _buyer = house
    by = actor_for(owner, partner=partner)
    with partner_scope(partner.pk):
        with pytest.raises(LastKeeper):
            remove_person(_membership(owner).pk, partner_id=partner.pk, by=by, at=AT)
        with pytest.raises(LastKeeper):
            change_role(_membership(owner).pk, partner_id=partner.pk, role="tpr_buyer", by=by, at=AT)
    assert (_membership(owner).role, _membership(owner).is_active) == ("tpr_owner", True)


def test_with_a_second_owner_the_first_may_go(house):
    partner, owner, buyer = house
    by = actor_for(owner, partner=partner)
    with partner_scope(partner.pk):
        change_role(_membership(buyer).pk, partner_id=partner.pk, role="tpr_owner", by=by, at=AT)
        remove_person(_membership(owner).pk, partner_id=partner.pk, by=by, at=AT)
    assert _membership(buyer).role == "tpr_owner"
    assert not _membership(owner).is_active
    assert audited("partners.person.role_changed") == 1


def test_the_mars_last_administrator_stays():
    admin = make_member("mar_admin")
    with mar_scope(), pytest.raises(LastKeeper):
        remove_person(_membership(admin).pk, partner_id=None, by=actor_for(admin), at=AT)


def test_a_role_of_the_other_house_is_refused(house):
    partner, owner, buyer = house
    with partner_scope(partner.pk), pytest.raises(RoleNotOfHouse):
        change_role(
            _membership(buyer).pk,
            partner_id=partner.pk,
            role="mar_admin",
            by=actor_for(owner, partner=partner),
            at=AT,
        )
    assert _membership(buyer).role == "tpr_buyer"


def test_a_strangers_person_is_not_found(house):
    _partner, _owner, buyer = house
    stranger = make_partner()
    with partner_scope(stranger.pk):
        for membership_id in (_membership(buyer).pk, uuid4()):
            with pytest.raises(NotFound):
                remove_person(membership_id, partner_id=stranger.pk, by=actor_for(buyer), at=AT)
    assert _membership(buyer).is_active


def test_a_partner_sees_only_his_own_people(house):
    partner, _owner, buyer = house
    with partner_scope(make_partner().pk):
        assert list(people_of(partner.pk)) == []
        assert list(open_invitations_of(partner.pk, at=AT)) == []
    assert _membership(buyer).is_active
