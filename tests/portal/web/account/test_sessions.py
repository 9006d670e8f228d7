"""Where one is signed in; what ends a session."""

import time

import pytest
from django.contrib.sessions.models import Session
from django.test import Client

from core.models import SignInSession, User
from core.tenancy import mar_scope
from partners.models import Membership
from partners.services.people import change_role, remove_person
from portal.devices import device_in_words
from tests.factories import AT, actor_for, make_member, make_partner
from tests.partners.samples import queued
from tests.web import sign_in

pytestmark = pytest.mark.django_db
NEW_PASSWORD = "another horse battery"
FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
SAFARI = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605 Version/18.1 Safari/604.1"


def _person() -> User:
    partner = make_partner()
    return make_member("tpr_owner", partner=partner)


def _browser(user: User, agent: str = FIREFOX, ip: str = "192.0.2.7") -> Client:
    client = sign_in(Client(HTTP_USER_AGENT=agent, REMOTE_ADDR=ip), user)
    client.get("/accounts/2fa/")
    return client


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (FIREFOX, "Firefox, Linux"),
        (SAFARI, "Safari, iPhone"),
        ("", "Unknown device"),
        ("x" * 9000, "Unknown device"),
    ],
)
def test_device_in_words(agent: str, words: str) -> None:
    assert device_in_words(agent) == words


def test_list_names_device_and_address_and_this_one() -> None:
    user = _person()
    phone, desk = _browser(user, SAFARI, "198.51.100.9"), _browser(user)
    page = desk.get("/accounts/sessions/").text
    assert "Safari, iPhone" in page
    assert "198.51.100.9" in page
    assert page.count("This one") == 1
    assert page.count("Not me: end it") == 1
    assert phone.get("/tpr/").status_code == 200


def test_an_ended_session_is_out_at_its_next_click() -> None:
    user = _person()
    phone, desk = _browser(user, SAFARI), _browser(user)
    row = SignInSession.objects.get(user=user, device="Safari, iPhone")
    desk.post(f"/accounts/sessions/{row.pk}/end/")
    assert phone.get("/tpr/").status_code == 302
    assert desk.get("/tpr/").status_code == 200
    assert desk.post(f"/accounts/sessions/{row.pk}/end/").status_code == 404


def test_all_others_end_and_this_one_stays() -> None:
    user = _person()
    others = [_browser(user, SAFARI) for _ in range(3)]
    desk = _browser(user)
    assert "3 other sessions have ended" in desk.post("/accounts/sessions/end-others/", follow=True).text
    assert [client.get("/tpr/").status_code for client in others] == [302, 302, 302]
    assert desk.get("/tpr/").status_code == 200


def test_anothers_session_is_not_found_and_goes_on() -> None:
    victim, stranger = _person(), _person()
    theirs, mine = _browser(victim), _browser(stranger)
    row = SignInSession.objects.get(user=victim)
    assert mine.post(f"/accounts/sessions/{row.pk}/end/").status_code == 404
    assert theirs.get("/tpr/").status_code == 200
    row.refresh_from_db()
    assert row.ended_at is None


def _membership(user: User) -> Membership:
    with mar_scope():
        return Membership.objects.get(user=user)


def test_a_changed_role_and_an_ended_access_end_every_session() -> None:
    owner = _person()
    for act in ("role", "remove"):
        membership = _membership(owner)
        with mar_scope():
            colleague = make_member("tpr_buyer", partner=membership.partner)
        client = _browser(colleague)
        assert client.get("/tpr/").status_code == 200
        with mar_scope():
            arguments = {"partner_id": membership.partner_id, "by": actor_for(owner), "at": AT}
            if act == "role":
                change_role(_membership(colleague).pk, role="tpr_readonly", **arguments)
            else:
                remove_person(_membership(colleague).pk, **arguments)
        assert client.get("/tpr/").headers["Location"].startswith("/accounts/login/")
        assert not Session.objects.filter(session_key=client.session.session_key or "-").exists()


def test_a_disabled_person_is_out() -> None:
    user = _person()
    client = _browser(user)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert client.get("/tpr/").headers["Location"].startswith("/accounts/login/")


def test_a_changed_password_ends_every_session_and_is_told() -> None:
    user = _person()
    phone, desk = _browser(user, SAFARI), _browser(user)
    desk.post(
        "/accounts/password/change/",
        {"oldpassword": "correct horse battery", "password1": NEW_PASSWORD, "password2": NEW_PASSWORD},
    )
    assert phone.get("/tpr/").headers["Location"].startswith("/accounts/login/")
    told = [work for work in queued("partners.send_security_notice") if work["what"] == "password_changed"]
    assert [work["user_id"] for work in told] == [str(user.pk)]


def test_a_new_device_is_told_and_the_first_one_is_not() -> None:
    user = _person()
    _browser(user)
    assert queued("partners.send_security_notice") == []
    _browser(user)
    assert queued("partners.send_security_notice") == []
    _browser(user, SAFARI)
    _browser(user, FIREFOX, "198.51.100.9")
    assert [work["what"] for work in queued("partners.send_security_notice")] == ["new_device"] * 2


@pytest.mark.parametrize(("role", "minutes"), [("tpr_technician", 15), ("tpr_buyer", 30)])
def test_who_may_look_at_keys_is_signed_out_sooner(role: str, minutes: int) -> None:
    user = make_member(role, partner=make_partner())
    for idle, is_in in ((minutes * 60 - 60, True), (minutes * 60 + 60, False)):
        client = _browser(user)
        client.get("/tpr/")
        session = client.session
        session["portal_seen_at"] = time.time() - idle
        session.save()
        assert (client.get("/tpr/").status_code == 200) is is_in


def test_list_asks_the_same_number_of_queries_for_one_and_three_sessions(django_assert_num_queries) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    user = _person()
    desk = _browser(user)
    counts = []
    for _ in range(2):
        with CaptureQueriesContext(connection) as queries:
            desk.get("/accounts/sessions/")
        counts.append(len(queries))
        _browser(user, SAFARI)
        _browser(user, SAFARI)
    assert counts[0] == counts[1]
