"""Which factor counts for whom, and that its secret opens in its own row only."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP
from django.core.exceptions import ImproperlyConfigured

from core.crypto import CannotDecrypt, seal_bytes
from core.custody_keys import master_key
from portal import checks
from portal.factor_secrets import seal, unseal
from portal.factors import ANY, PASSKEY, kinds_for
from portal.settings.environment import required_factors
from tests.factories import make_user

PRODUCTION = [("mar_*", "passkey"), ("compliance", "passkey"), ("auditor", "passkey")]


@pytest.mark.parametrize("role", ["mar_admin", "mar_stock", "compliance", "auditor"])
def test_the_programme_office_needs_a_passkey(role: str) -> None:
    assert kinds_for(role, PRODUCTION) == {PASSKEY}


@pytest.mark.parametrize("role", ["tpr_owner", "tpr_readonly", None])
def test_everyone_else_may_use_an_app(role: str | None) -> None:
    assert kinds_for(role, PRODUCTION) == ANY


def test_the_first_fitting_line_decides() -> None:
    assert kinds_for("mar_finance", [("mar_finance", "any"), *PRODUCTION]) == ANY


def test_the_table_is_read_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORTAL_TEST_FACTORS", " mar_*=passkey , tpr_*=any,")
    assert required_factors("PORTAL_TEST_FACTORS", "") == [("mar_*", "passkey"), ("tpr_*", "any")]


@pytest.mark.parametrize("text", ["mar_admin", "mar_admin=totp", "=passkey", "mar_admin:passkey"])
def test_a_line_of_another_form_stops_the_start(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("PORTAL_TEST_FACTORS", text)
    with pytest.raises(ImproperlyConfigured, match="PORTAL_TEST_FACTORS"):
        required_factors("PORTAL_TEST_FACTORS", "")


def test_a_line_for_no_role_stops_the_start(settings) -> None:
    settings.REQUIRED_FACTORS = [("mar_*", "passkey"), ("admin", "passkey")]
    assert [found.id for found in checks.required_factors_name_roles()] == ["portal.E002"]
    settings.REQUIRED_FACTORS = PRODUCTION
    assert checks.required_factors_name_roles() == []


@pytest.mark.parametrize(
    ("address", "found"),
    [("https://portal.example.com", []), ("http://localhost:8000", []), ("http://10.0.0.4", ["portal.E003"])],
)
def test_passkeys_need_an_address_where_browsers_make_them(settings, address: str, found: list[str]) -> None:
    settings.REQUIRED_FACTORS, settings.BASE_URL = PRODUCTION, address
    assert [check.id for check in checks.passkeys_have_a_safe_address()] == found


@pytest.mark.django_db
def test_a_secret_is_bound_to_its_owner_and_opens_nowhere_else() -> None:
    owner, thief = make_user(), make_user()
    TOTP.activate(owner, "JBSWY3DPEHPK3PXP")
    stored = Authenticator.objects.get(user=owner).data["secret"]
    assert "JBSWY3DPEHPK3PXP" not in stored
    assert unseal(stored) == "JBSWY3DPEHPK3PXP"
    Authenticator.objects.create(user=thief, type="totp", data={"secret": stored})
    with pytest.raises(CannotDecrypt):
        unseal(Authenticator.objects.get(user=thief).data["secret"])
    relabelled = stored.replace(str(owner.pk), str(thief.pk))
    Authenticator.objects.filter(user=thief).update(data={"secret": relabelled})
    with pytest.raises(CannotDecrypt):
        unseal(Authenticator.objects.get(user=thief).data["secret"])


@pytest.mark.django_db
def test_a_secret_from_before_the_rule_opens_and_is_bound_when_saved() -> None:
    import base64

    user = make_user()
    old = base64.b64encode(seal_bytes(master_key().key, b"OLDSECRET", context="second-factor")).decode()
    Authenticator.objects.bulk_create([Authenticator(user=user, type="totp", data={"secret": old})])
    found = Authenticator.objects.get(user=user)
    assert found.data["secret"] == old
    assert unseal(old) == "OLDSECRET"
    found.save()
    bound = Authenticator.objects.get(user=user).data["secret"]
    assert bound.startswith(f"u1:{user.pk}:")
    assert unseal(bound) == "OLDSECRET"
    assert unseal(seal("new")) == "new"
