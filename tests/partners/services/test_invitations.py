"""An invitation opens once, within seven days, for the one who holds the link."""

from datetime import timedelta

import pytest
from django.core import mail

from core.errors import NotFound
from core.models import User
from core.tenancy import mar_scope, partner_scope
from partners.models import Invitation, Membership
from partners.services.invitations import (
    EmailTaken,
    InvitationClosed,
    RoleNotOfHouse,
    accept_invitation,
    invite_person,
)
from partners.services.tokens import invitation_token, token_of
from partners.tasks import send_invitation
from tests.factories import AT, actor_for, make_mar, make_member, make_partner
from tests.partners.samples import VISITOR, audited, queued

pytestmark = pytest.mark.django_db
PASSWORD = "a calm river in May"


def _invite(partner, **changes):
    details = {"email": "Neu@firma.example", "name": "Nele Neu", "role": "tpr_buyer"} | changes
    owner = make_member("tpr_owner", partner=partner, name="Olga Owner")
    with partner_scope(partner.pk):
        return invite_person(partner_id=partner.pk, by=actor_for(owner, partner=partner), at=AT, **details)


def _accept(invitation, *, at=AT + timedelta(hours=1)):
    return accept_invitation(
        invitation_token(invitation.pk), name="Nele Neu", password=PASSWORD, by=VISITOR, at=at
    )


def test_an_owner_invites_and_only_the_hash_of_the_token_is_stored():
    partner = make_partner()
    invitation = _invite(partner)
    with mar_scope():
        stored = Invitation.objects.get(pk=invitation.pk)
    token = invitation_token(invitation.pk)
    assert token.encode() not in bytes(stored.token_hash)
    assert token_of(stored.pk, token_hash=bytes(stored.token_hash)) == token
    assert queued("partners.send_invitation") == [{"invitation_id": str(invitation.pk)}]
    assert (stored.email, stored.expires_at) == ("neu@firma.example", AT + timedelta(days=7))


def test_the_mail_holds_the_link_and_a_message_id_that_stays_the_same():
    invitation = _invite(make_partner(name="Kreislauf PC"))
    send_invitation(invitation_id=str(invitation.pk))
    send_invitation(invitation_id=str(invitation.pk))
    first, again = mail.outbox
    assert f"/join/{invitation_token(invitation.pk)}/" in first.body
    assert first.extra_headers["Message-ID"] == again.extra_headers["Message-ID"]
    assert "Olga Owner invites you to join Kreislauf PC in the role Buyer" in first.body


def test_a_token_made_under_an_earlier_secret_key_is_found(settings):
    invitation = _invite(make_partner())
    token_hash = bytes(invitation.token_hash)
    earlier, settings.SECRET_KEY = settings.SECRET_KEY, "another-secret-key-of-fifty-characters-and-more-000"
    with pytest.raises(LookupError):
        token_of(invitation.pk, token_hash=token_hash)
    settings.SECRET_KEY_FALLBACKS = [earlier]
    assert token_of(invitation.pk, token_hash=token_hash)


def test_accepting_makes_the_account_and_the_membership():
    partner = make_partner()
    user = _accept(_invite(partner))
    assert user.check_password(PASSWORD)
    with mar_scope():
        membership = Membership.objects.get(user=user)
    assert (membership.partner_id, membership.role, membership.is_active) == (partner.pk, "tpr_buyer", True)
    assert audited("partners.invitation.accepted") == 1


def test_the_mar_invites_its_own_people():
    make_mar()
    admin = make_member("mar_admin")
    with mar_scope():
        invitation = invite_person(
            partner_id=None, email="x@mar.example", name="Xaver", role="auditor", by=actor_for(admin), at=AT
        )
    assert Membership.objects.filter(user=_accept(invitation), partner=None, role="auditor").exists()


def test_a_link_opens_once():
    invitation = _invite(make_partner())
    _accept(invitation)
    with pytest.raises(InvitationClosed) as caught:
        _accept(invitation)
    assert caught.value.code == "invitation_used"
    assert User.objects.filter(email="neu@firma.example").count() == 1


def test_a_link_is_too_old_after_seven_days():
    invitation = _invite(make_partner())
    with pytest.raises(InvitationClosed) as caught:
        _accept(invitation, at=AT + timedelta(days=7))
    assert caught.value.code == "invitation_expired"
    assert not User.objects.filter(email="neu@firma.example").exists()


def test_an_unknown_token_is_not_found():
    with pytest.raises(NotFound):
        accept_invitation("no-such-token", name="X", password=PASSWORD, by=VISITOR, at=AT)


@pytest.mark.parametrize("role", ["mar_admin", "auditor", "king"])
def test_a_partner_cannot_invite_into_the_other_house(role):
    with pytest.raises(RoleNotOfHouse):
        _invite(make_partner(), role=role)
    with mar_scope():
        assert Invitation.objects.count() == 0


def test_an_address_in_use_is_refused():
    make_member("tpr_buyer", partner=make_partner(), email="neu@firma.example")
    with pytest.raises(EmailTaken):
        _invite(make_partner())


def test_two_invitations_of_one_address_make_one_account():
    partner = make_partner()
    first, second = _invite(partner), _invite(partner, role="tpr_technician")
    _accept(first)
    with pytest.raises(EmailTaken):
        _accept(second)
    with mar_scope():
        assert Invitation.objects.get(pk=second.pk).accepted_at is None
