"""The first administrator of an empty portal is invited by a command, and only the first."""

import pytest
from django.core.management import CommandError, call_command

from core.tenancy import mar_scope
from partners.models import Invitation
from tests.factories import make_member
from tests.partners.samples import queued

pytestmark = pytest.mark.django_db


def test_the_first_administrator_is_invited(capsys):
    call_command("first_admin", "Marta@Example.test", "--name", "Marta")
    with mar_scope():
        invited = Invitation.objects.get()
    assert (invited.email, invited.role, invited.partner_id) == ("marta@example.test", "mar_admin", None)
    assert queued("partners.send_invitation") == [{"invitation_id": str(invited.pk)}]
    assert "marta@example.test" in capsys.readouterr().out


@pytest.mark.parametrize("email", ["no address", ""])
def test_a_wrong_address_invites_nobody(email):
    with pytest.raises(CommandError, match="not an e-mail address"):
        call_command("first_admin", email)
    with mar_scope():
        assert Invitation.objects.count() == 0


def test_with_an_administrator_the_command_refuses():
    make_member("mar_admin")
    with pytest.raises(CommandError, match="administrator already"):
        call_command("first_admin", "late@example.test")
    with mar_scope():
        assert Invitation.objects.count() == 0
