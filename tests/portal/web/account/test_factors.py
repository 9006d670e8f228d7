"""A person is led to the factor his role needs, keeps it, and replaces it when it is lost."""

import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, format_hotp_value, hotp_value
from django.test import Client

from core.models import AuditEvent, User
from core.tenancy import mar_scope
from tests.factories import make_member, make_partner
from tests.web import sign_in

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
SECRET = "JBSWY3DPEHPK3PXP"
ADD = "/accounts/2fa/webauthn/add/"
REPLACE = "/accounts/2fa/replace/"


@pytest.fixture
def passkeys_for_the_office(settings) -> None:
    """Ask the programme office for passkeys, as production does."""
    settings.REQUIRED_FACTORS = [("mar_*", "passkey"), ("compliance", "passkey"), ("auditor", "passkey")]


def _passkey(user: User, name: str = "Laptop") -> Authenticator:
    return Authenticator.objects.create(user=user, type="webauthn", data={"name": name, "credential": {}})


def _proved_by(client: Client, kind: str, *, age: float = 0) -> None:
    session = client.session
    session["account_authentication_methods"] = [
        {"method": "mfa", "type": kind, "at": time.time() - age, "reauthenticated": True}
    ]
    session.save()


@pytest.mark.parametrize("role", ["mar_admin", "mar_finance", "compliance", "auditor"])
def test_who_has_an_app_only_is_led_to_a_passkey_and_nowhere_else(passkeys_for_the_office, role) -> None:
    client = sign_in(Client(), make_member(role))
    for path in ("/start/", "/mar/", "/people/", "/compliance/"):
        assert client.get(path).headers["Location"] == ADD
    assert client.post("/people/invite/", {"email": "x@example.test"}).headers["Location"] == ADD


def test_a_partner_may_still_use_an_app(passkeys_for_the_office) -> None:
    client = sign_in(Client(), make_member("tpr_owner", partner=make_partner()))
    assert client.get("/tpr/").status_code == 200


def test_a_session_opened_by_app_must_show_the_passkey(passkeys_for_the_office) -> None:
    user = make_member("mar_admin")
    client = sign_in(Client(), user)
    _passkey(user)
    asked = client.get("/mar/")
    assert asked.headers["Location"] == "/accounts/2fa/webauthn/reauthenticate/?next=%2Fmar%2F"
    _proved_by(client, "webauthn")
    assert client.get("/mar/").status_code == 200


def test_only_the_passkey_makes_the_step_up_fresh(passkeys_for_the_office) -> None:
    user = make_member("mar_admin")
    client = sign_in(Client(), user)
    _passkey(user)
    session = client.session
    now = time.time()
    session["account_authentication_methods"] = [
        {"method": "mfa", "type": "webauthn", "at": now - 600},
        {"method": "mfa", "type": "totp", "at": now},
    ]
    session.save()
    assert client.get("/people/invite/").headers["Location"].startswith("/accounts/2fa/webauthn/reauth")
    _proved_by(client, "webauthn")
    assert client.get("/people/invite/").status_code == 200


def test_a_recovery_code_is_no_fresh_factor() -> None:
    client = sign_in(Client(), make_member("tpr_owner", partner=make_partner()))
    _proved_by(client, "recovery_codes")
    assert client.get("/people/invite/").headers["Location"] == REPLACE


def test_the_last_factor_of_the_needed_kind_stays(passkeys_for_the_office) -> None:
    user = make_member("mar_admin")
    client = sign_in(Client(), user)
    key = _passkey(user)
    _proved_by(client, "webauthn")
    page = client.get(f"/accounts/2fa/webauthn/keys/{key.pk}/remove/")
    assert "This is your last one" in page.text
    client.post(f"/accounts/2fa/webauthn/keys/{key.pk}/remove/")
    assert Authenticator.objects.filter(pk=key.pk).exists()
    second = _passkey(user, "Blue key")
    client.post(f"/accounts/2fa/webauthn/keys/{second.pk}/remove/")
    assert list(Authenticator.objects.filter(user=user, type="webauthn")) == [key]
    with mar_scope():
        assert AuditEvent.objects.get(action="portal.sign_in.factor_removed").facts == {"kind": "webauthn"}


def test_the_app_stays_while_it_is_the_only_factor() -> None:
    user = make_member("tpr_owner", partner=make_partner())
    client = sign_in(Client(), user)
    _proved_by(client, "totp")
    client.post("/accounts/2fa/totp/deactivate/")
    assert Authenticator.objects.filter(user=user, type="totp").exists()


def test_anothers_passkey_is_not_found() -> None:
    key = _passkey(make_member("mar_admin"))
    user = make_member("mar_finance")
    client = sign_in(Client(), user)
    _passkey(user)
    _proved_by(client, "webauthn")
    for act in ("edit", "remove"):
        assert client.get(f"/accounts/2fa/webauthn/keys/{key.pk}/{act}/").status_code == 404
        assert client.post(f"/accounts/2fa/webauthn/keys/{key.pk}/{act}/", {"name": "x"}).status_code == 404
    key.refresh_from_db()
    assert key.data["name"] == "Laptop"


def test_a_password_alone_adds_no_factor_to_who_has_one() -> None:
    user = make_member("tpr_owner", partner=make_partner())
    client = sign_in(Client(), user)
    _proved_by(client, "totp", age=3600)
    assert client.get(ADD).headers["Location"].startswith("/accounts/2fa/reauthenticate/")
    sent = client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    assert sent.headers["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert client.get(ADD).status_code == 302


def _signed_in_by_recovery_code(user: User) -> Client:
    TOTP.activate(user, SECRET)
    codes = RecoveryCodes.activate(user).get_unused_codes()
    client = Client()
    client.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    answer = client.post("/accounts/2fa/authenticate/", {"code": codes[0]})
    assert answer.status_code == 302
    client.used_code = codes[0]  # type: ignore[attr-defined]
    return client


def test_a_recovery_code_opens_once_and_only_the_door_to_a_new_factor(monkeypatch) -> None:
    user = make_member("tpr_owner", partner=make_partner())
    client = _signed_in_by_recovery_code(user)
    for path in ("/start/", "/tpr/", "/people/"):
        assert client.get(path).headers["Location"] == REPLACE
    assert client.get(REPLACE).status_code == 200
    again = Client()
    again.post("/accounts/login/", {"login": user.email, "password": PASSWORD})
    refused = again.post("/accounts/2fa/authenticate/", {"code": client.used_code})  # type: ignore[attr-defined]
    assert "Incorrect code" in refused.text
    old = Authenticator.objects.get(user=user, type="totp")
    assert client.get("/accounts/2fa/totp/activate/").status_code == 200
    secret = client.session["mfa.totp.secret"]
    code = format_hotp_value(hotp_value(secret, int(time.time()) // 30))
    assert client.post("/accounts/2fa/totp/activate/", {"code": code}).status_code == 302
    new = Authenticator.objects.get(user=user, type="totp")
    assert new.pk != old.pk
    assert client.get("/tpr/").status_code == 200
    assert client.get(REPLACE).headers["Location"] == "/accounts/2fa/"


def test_a_wrong_code_replaces_nothing() -> None:
    user = make_member("tpr_owner", partner=make_partner())
    client = _signed_in_by_recovery_code(user)
    old = Authenticator.objects.get(user=user, type="totp")
    client.get("/accounts/2fa/totp/activate/")
    client.post("/accounts/2fa/totp/activate/", {"code": "000000"})
    assert Authenticator.objects.get(user=user, type="totp").pk == old.pk
    assert client.get("/tpr/").headers["Location"] == REPLACE


@pytest.mark.django_db
@pytest.mark.parametrize("method", ["get", "post"])
def test_nobody_moves_an_account_to_another_mailbox_by_himself(method: str) -> None:
    """With a password alone, while lost factors are reset, the link for the new ones would go there."""
    client = Client()
    client.force_login(make_member("tpr_owner", partner=make_partner()))
    answer = getattr(client, method)("/accounts/email/", {"action_add": "", "email": "other@mail.example"})
    assert answer.status_code in (404, 405)
