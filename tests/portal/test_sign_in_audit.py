"""Sign-ins, failed tries and changes of the ways to sign in stand in the audit log."""

import pytest
from django.test import Client

from core.models import AuditEvent
from core.tenancy import mar_scope
from tests.factories import make_member, make_partner
from tests.web import sign_in

pytestmark = pytest.mark.django_db


def _actions() -> list[str]:
    with mar_scope():
        events = AuditEvent.objects.filter(action__startswith="portal.sign_in.").order_by("id")
        return list(events.values_list("action", flat=True))


def test_failed_try_is_recorded_without_the_address(client: Client) -> None:
    client.post("/accounts/login/", {"login": "nobody@example.test", "password": "wrong password"})
    with mar_scope():
        event = AuditEvent.objects.get(action="portal.sign_in.refused")
    assert "nobody" not in str(event.facts)
    assert event.ip == "127.0.0.1"


def test_sign_in_and_out_are_recorded_with_the_house() -> None:
    partner = make_partner()
    user = make_member("tpr_buyer", partner=partner)
    client = sign_in(Client(), user)
    client.post("/accounts/logout/")
    assert _actions() == ["portal.sign_in.signed_in", "portal.sign_in.signed_out"]
    with mar_scope():
        assert AuditEvent.objects.get(action="portal.sign_in.signed_out").partner_id == partner.pk


def test_changed_password_is_recorded() -> None:
    user = make_member("mar_admin")
    client = sign_in(Client(), user)
    response = client.post(
        "/accounts/password/change/",
        {
            "oldpassword": "correct horse battery",
            "password1": "another horse battery",
            "password2": "another horse battery",
        },
    )
    assert response.status_code == 302
    assert "portal.sign_in.password_changed" in _actions()
