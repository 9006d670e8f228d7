"""From the link in a mail to the first page: password, second factor, terms."""

import re
import time
from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from django.utils import timezone

from core.models import User
from core.tenancy import mar_scope, partner_scope
from partners.models import Invitation, Membership, Partner
from partners.services.invitations import invite_person
from partners.services.tokens import invitation_token
from partners.tasks import send_invitation
from tests.factories import actor_for, make_mar, make_member, make_partner, make_terms
from tests.partners.samples import queued
from tests.web import sign_in

pytestmark = pytest.mark.django_db
PASSWORD = "vier lose Worte im Regen"
ANSWERS = {"name": "Nele Neu", "password": PASSWORD, "again": PASSWORD}


@pytest.fixture
def invitation() -> Invitation:
    """Return an owner's invitation to a partner whose terms are pending."""
    make_mar()
    make_terms()
    partner = make_partner(accepts_terms=False, state="agreement_pending")
    with mar_scope():
        return invite_person(
            partner_id=partner.pk, email="nele@firma.example", name="Nele", role="tpr_owner", at=timezone.now(),
            by=actor_for(make_member("mar_admin")),
        )  # fmt: skip


def _path(invitation: Invitation) -> str:
    return f"/join/{invitation_token(invitation.pk)}/"


def _code(secret: str, *, steps: int = 0) -> str:
    return format_hotp_value(hotp_value(secret, int(time.time()) // 30 + steps))


def _activate(client: Client) -> str:
    """Set up the authenticator app and return its secret."""
    client.get("/accounts/2fa/totp/activate/")
    secret = client.session["mfa.totp.secret"]
    response = client.post("/accounts/2fa/totp/activate/", {"code": _code(secret)})
    assert response["Location"] == "/accounts/2fa/recovery-codes/"
    return secret


def test_the_whole_way_from_the_mail_to_an_active_partner(
    client: Client, invitation, mailoutbox, monkeypatch
):
    send_invitation(**queued("partners.send_invitation")[0])
    path = re.search(r"/join/[\w-]+/", mailoutbox[0].body).group()
    assert "nele@firma.example" in client.get(path).text
    assert client.post(path, ANSWERS)["Location"] == "/start/"
    assert client.get("/start/")["Location"] == "/accounts/2fa/totp/activate/"
    secret = _activate(client)
    assert client.get("/accounts/2fa/recovery-codes/").status_code == 200
    assert client.get("/start/")["Location"] == "/terms/"
    form = client.get("/terms/").context["form"].initial
    accepted = client.post("/terms/accept/", {**form, "agreed": "on"})
    assert accepted["Location"] == "/start/"
    assert client.get("/start/")["Location"] == "/tpr/"
    with mar_scope():
        assert Partner.objects.get(pk=invitation.partner_id).state == "active"

    client.post("/accounts/logout/")
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + 60)  # a code opens once
    assert client.post("/accounts/login/", {"login": "nele@firma.example", "password": PASSWORD})[
        "Location"
    ] == ("/accounts/2fa/authenticate/")
    assert client.post("/accounts/2fa/authenticate/", {"code": _code(secret)})["Location"] == "/start/"


def test_joining_makes_a_confirmed_account_with_one_membership(client: Client, invitation):
    client.post(_path(invitation), ANSWERS)
    user = User.objects.get(email="nele@firma.example")
    assert EmailAddress.objects.get(user=user).verified
    assert not Authenticator.objects.filter(user=user).exists()
    with mar_scope():
        assert Membership.objects.get(user=user).role == "tpr_owner"


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"password": "short", "again": "short"}, "too short"),
        ({"password": "nele@firma.example", "again": "nele@firma.example"}, "too similar"),
        ({"again": "something else entirely"}, "The two passwords differ"),
        ({"name": ""}, "This field is required"),
    ],
)
def test_a_weak_password_is_refused_and_the_link_stays_open(client: Client, invitation, change, words):
    response = client.post(_path(invitation), ANSWERS | change)
    assert response.status_code == 422
    assert words in response.text
    assert not User.objects.filter(email="nele@firma.example").exists()
    with mar_scope():
        assert Invitation.objects.get().accepted_at is None


def test_a_used_link_says_so(client: Client, invitation):
    client.post(_path(invitation), ANSWERS)
    other = Client()
    assert "It has been used" in other.get(_path(invitation)).text
    response = other.post(_path(invitation), ANSWERS)
    assert response.status_code == 409
    assert "This invitation has been used" in response.text


def test_an_old_link_says_whom_to_ask(client: Client, invitation):
    with mar_scope():
        Invitation.objects.update(expires_at=timezone.now() - timedelta(minutes=1))
    assert "It was valid for seven days" in client.get(_path(invitation)).text
    assert client.post(_path(invitation), ANSWERS).status_code == 409


def test_an_unknown_link_is_not_found(client: Client):
    assert client.get("/join/nothing/").status_code == 404
    assert client.post("/join/nothing/", ANSWERS).status_code == 404


def test_somebody_signed_in_signs_out_first(client: Client, invitation):
    sign_in(client, make_member("mar_admin"))
    assert "Someone is signed in here" in client.get(_path(invitation)).text
    assert client.post(_path(invitation) + "leave/")["Location"] == _path(invitation)
    assert "nele@firma.example" in client.get(_path(invitation)).text


def test_a_mars_invitation_names_the_programme_office(client: Client):
    with mar_scope():
        invited = invite_person(
            partner_id=None, email="x@mar.example", name="X", role="auditor", at=timezone.now(),
            by=actor_for(make_member("mar_admin")),
        )  # fmt: skip
    assert "programme office" in client.get(_path(invited)).text


def test_a_person_without_a_place_is_told(client: Client, invitation):
    client.post(_path(invitation), ANSWERS)
    _activate(client)
    with partner_scope(invitation.partner_id):
        Membership.objects.update(is_active=False)
    response = client.get("/start/")
    assert response.status_code == 403
    assert "You belong to no company here" in response.text
