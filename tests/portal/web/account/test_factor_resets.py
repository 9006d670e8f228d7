"""A colleague's lost second step: reset by somebody else, set up anew by a link and the password."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.db import IntegrityError, connection, transaction
from django.test import Client

from core.models import AuditEvent, User
from core.tenancy import mar_scope
from partners.models import FactorReset, Membership
from partners.services.factor_resets import OwnFactors, ReasonMissing, reset_factors
from partners.services.tokens import reset_token
from partners.tasks import send_factor_reset, send_mar_role_given, send_security_notice
from tests.factories import AT, actor_for, make_member, make_partner
from tests.partners.samples import queued
from tests.web import sign_in

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
REASON = "Phone lost, called back on the number in the file"


@pytest.fixture
def house() -> tuple[User, User, Membership]:
    """Return an owner, a colleague with an app, and the colleague's membership."""
    partner = make_partner()
    owner = make_member("tpr_owner", partner=partner, name="Olivia Owner")
    colleague = make_member("tpr_technician", partner=partner, name="Tom Technician")
    TOTP.activate(colleague, "JBSWY3DPEHPK3PXP")
    with mar_scope():
        return owner, colleague, Membership.objects.get(user=colleague)


def _reset_by_page(owner: User, membership: Membership, reason: str = REASON) -> object:
    return sign_in(Client(), owner).post(f"/people/{membership.pk}/reset-factors/", {"reason": reason})


def test_reset_takes_everything_off_ends_sessions_and_is_audited(house, mailoutbox) -> None:
    owner, colleague, membership = house
    client = sign_in(Client(), colleague)
    client.get("/tpr/")
    assert _reset_by_page(owner, membership).headers["Location"] == "/people/"
    assert Authenticator.objects.filter(user=colleague).count() == 0
    assert client.get("/tpr/").headers["Location"].startswith("/accounts/login/")
    with mar_scope():
        event = AuditEvent.objects.get(action="partners.factors.reset")
        assert (event.object_id, event.facts["reason"]) == (str(colleague.pk), REASON)
    send_factor_reset(**queued("partners.send_factor_reset")[0])
    (mail,) = mailoutbox
    assert mail.to == [colleague.email]
    assert "Olivia Owner took off your passkeys" in mail.body
    assert REASON in mail.body


def test_the_password_alone_sets_up_nothing_the_link_does(house) -> None:
    owner, colleague, membership = house
    _reset_by_page(owner, membership)
    with mar_scope():
        token = reset_token(FactorReset.objects.get(user=colleague).pk)
    client = Client()
    client.post("/accounts/login/", {"login": colleague.email, "password": PASSWORD})
    wait = "/accounts/2fa/reset/"
    for path in ("/start/", "/tpr/", "/accounts/2fa/totp/activate/", "/accounts/2fa/webauthn/add/"):
        assert client.get(path).headers["Location"] == wait
    assert client.post("/accounts/2fa/totp/activate/", {"code": "123456"}).headers["Location"] == wait
    assert client.get(f"{wait}{token}/").headers["Location"] == "/start/"
    assert client.get("/start/").headers["Location"] == "/accounts/2fa/totp/activate/"
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    client.get("/accounts/2fa/totp/activate/")
    code = format_hotp_value(hotp_value(client.session["mfa.totp.secret"], int(time.time()) // 30))
    client.post("/accounts/2fa/totp/activate/", {"code": code})
    assert client.get("/tpr/").status_code == 200


def test_a_link_opens_for_its_person_only_and_not_after_it_was_used_or_replaced(house) -> None:
    owner, colleague, membership = house
    _reset_by_page(owner, membership)
    with mar_scope():
        first = FactorReset.objects.get(user=colleague)
    stranger = sign_in(Client(), owner)
    assert stranger.get(f"/accounts/2fa/reset/{reset_token(first.pk)}/").status_code == 404
    assert stranger.get(f"/accounts/2fa/reset/{'x' * 43}/").status_code == 404
    _reset_by_page(owner, membership)
    client = Client()
    client.post("/accounts/login/", {"login": colleague.email, "password": PASSWORD})
    refused = client.get(f"/accounts/2fa/reset/{reset_token(first.pk)}/")
    assert "P-FACTOR-3" in refused.text
    assert client.get("/tpr/").headers["Location"] == "/accounts/2fa/reset/"


@pytest.mark.parametrize("reason", ["", "lost", "   lost    "])
def test_without_a_reason_nothing_is_reset(house, reason: str) -> None:
    owner, colleague, membership = house
    with pytest.raises(ReasonMissing), mar_scope():
        reset_factors(
            membership.pk, partner_id=membership.partner_id, reason=reason, by=actor_for(owner), at=AT
        )
    assert Authenticator.objects.filter(user=colleague).count() == 1


def test_nobody_resets_his_own(house) -> None:
    owner, _colleague, _membership = house
    with mar_scope():
        own = Membership.objects.get(user=owner)
        with pytest.raises(OwnFactors):
            reset_factors(own.pk, partner_id=own.partner_id, reason=REASON, by=actor_for(owner), at=AT)
    answer = _reset_by_page(owner, own)
    assert "Nobody resets his own second step" in answer.text  # type: ignore[attr-defined]
    with mar_scope():
        assert FactorReset.objects.count() == 0


def test_a_colleague_without_the_right_and_another_house_do_not_reset(house) -> None:
    _owner, colleague, membership = house
    buyer = make_member("tpr_buyer", partner=membership.partner)
    assert _reset_by_page(buyer, membership).status_code == 403  # type: ignore[attr-defined]
    assert _reset_by_page(make_member("tpr_owner", partner=make_partner()), membership).status_code == 404  # type: ignore[attr-defined]
    assert _reset_by_page(make_member("mar_admin"), membership).status_code == 404  # type: ignore[attr-defined]
    assert Authenticator.objects.filter(user=colleague).count() == 1


def test_the_database_refuses_a_second_open_reset_and_an_empty_reason(house) -> None:
    owner, _colleague, membership = house
    with mar_scope():
        reset_factors(
            membership.pk, partner_id=membership.partner_id, reason=REASON, by=actor_for(owner), at=AT
        )
        with pytest.raises(IntegrityError), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("UPDATE partners_factorreset SET reason = ''")
        row = FactorReset.objects.get()
        row.pk, row.token_hash = "00000000-0000-4000-8000-000000000001", b"x" * 32
        with pytest.raises(IntegrityError), transaction.atomic():
            row.save(force_insert=True)


def test_administrators_are_told_of_a_role_given_at_the_office(mailoutbox) -> None:
    admin, other = make_member("mar_admin", name="Ada"), make_member("mar_admin", name="Alan")
    colleague = make_member("mar_finance", name="Fin")
    with mar_scope():
        membership = Membership.objects.get(user=colleague)
    client = sign_in(Client(), admin)
    client.post(f"/people/{membership.pk}/role/", {"role": "mar_approver"})
    client.post("/people/invite/", {"email": "new@mar.example", "name": "Neu", "role": "mar_stock"})
    works = queued("partners.send_mar_role_given")
    assert len(works) == 2
    for work in works:
        send_mar_role_given(**work)
    assert {mail.to[0] for mail in mailoutbox} == {admin.email, other.email}
    bodies = "\n".join(mail.body for mail in mailoutbox)
    assert "Ada gave Fin the role MAR approver." in bodies
    assert "Ada gave Neu the role MAR stock keeper." in bodies


def test_a_partners_role_is_not_told_to_the_office(house) -> None:
    owner, _colleague, membership = house
    sign_in(Client(), owner).post(f"/people/{membership.pk}/role/", {"role": "tpr_buyer"})
    assert queued("partners.send_mar_role_given") == []


@pytest.mark.parametrize(
    ("what", "where", "words"),
    [
        ("factor_added", "webauthn", "This opens your account from now on: passkey."),
        ("factor_removed", "totp", "This was taken off your account: authenticator app."),
        ("password_changed", "", "Your password was changed."),
        ("new_device", "00000000-0000-4000-8000-000000000001", "a new place: unknown"),
    ],
)
def test_security_mail_says_what_changed(mailoutbox, what: str, where: str, words: str) -> None:
    user = make_member("tpr_owner", partner=make_partner())
    send_security_notice(user_id=str(user.pk), what=what, where=where)
    assert words in " ".join(mailoutbox[0].body.split())
