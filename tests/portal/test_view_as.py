"""A look at a partner's pages: a band, a reason, half an hour, and no power at all."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from core.models import AuditEvent
from core.tenancy import mar_scope, partner_scope
from partners.models import Membership, NamedContact, Site
from portal import view_as
from tests.factories import make_mar, make_member, make_partner
from tests.policy_world import World
from tests.test_policy_of_every_route import ROUTES, WRITES, Route, each, files, own_files, world  # noqa: F401
from tests.web import sign_in

BEGIN = "/mar/partners/{}/view-as/"
REASON = {"reason": "He rang: his list of keys looks empty."}


@pytest.fixture
def house():
    make_mar()
    return make_partner(name="Again GmbH")


def looking(role: str, partner) -> Client:
    """Return a browser of a person of the MAR that looks at a partner's pages."""
    client = sign_in(Client(), make_member(role, name="Marta"))
    assert client.post(BEGIN.format(partner.pk), REASON)["Location"] == "/tpr/"
    return client


def acts(partner) -> list[tuple[str, dict]]:
    with mar_scope():
        rows = AuditEvent.objects.filter(partner_id=partner.pk, action__startswith="portal.view_as")
        return list(rows.order_by("id").values_list("action", "facts"))


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["mar_admin", "compliance"])
def test_page_is_the_partners_own_under_a_band(house, role):
    client = looking(role, house)
    page = client.get("/tpr/settings/company/")
    assert page.status_code == 200
    assert "You look at the pages of Again GmbH" in page.text
    assert "Ask for a change" not in page.text
    assert [action for action, _facts in acts(house)] == ["portal.view_as.begun", "portal.view_as.page_seen"]
    assert acts(house)[0][1]["reason"] == REASON["reason"]
    assert acts(house)[1][1] == {"path": "/tpr/settings/company/"}


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("role", "status"), [("mar_finance", 403), ("mar_approver", 403), ("auditor", 403), ("mar_stock", 403)]
)
def test_nobody_else_begins_a_look(house, role, status):
    client = sign_in(Client(), make_member(role))
    assert client.post(BEGIN.format(house.pk), REASON).status_code == status
    assert client.get("/tpr/").status_code == 404
    assert acts(house) == []


@pytest.mark.django_db
def test_a_look_needs_words_and_a_fresh_second_factor(house):
    client = sign_in(Client(), make_member("mar_admin"))
    assert client.post(BEGIN.format(house.pk), {"reason": "see"}).status_code == 422
    assert client.post(BEGIN.format(uuid4()), REASON).status_code == 404
    tired = sign_in(Client(), make_member("mar_admin"), second_factor_age=301)
    assert tired.post(BEGIN.format(house.pk), REASON)["Location"].startswith("/accounts/2fa/reauthenticate/")
    assert acts(house) == []


@pytest.mark.django_db
def test_ending_leads_back_and_gives_the_own_wing_again(house):
    client = looking("mar_admin", house)
    assert client.get("/mar/partners/").status_code == 403
    assert client.post("/view-as/end/")["Location"] == f"/mar/partners/{house.pk}/"
    assert client.get("/mar/partners/").status_code == 200
    assert client.get("/tpr/").status_code == 404
    assert acts(house)[-1] == ("portal.view_as.ended", {"why": "asked"})
    assert client.post("/view-as/end/")["Location"] == "/start/"
    assert acts(house)[-1][0] == "portal.view_as.ended"
    assert len(acts(house)) == 2


@pytest.mark.django_db
def test_a_look_is_over_after_half_an_hour(house, monkeypatch):
    client = looking("mar_admin", house)
    now = timezone.now()
    for minutes, status in ((29, 200), (30, 404)):
        later = now + timedelta(minutes=minutes, seconds=1 if minutes == 30 else 0)
        monkeypatch.setattr("portal.middleware.timezone.now", lambda later=later: later)
        assert client.get("/tpr/settings/").status_code == status
    assert acts(house)[-1] == ("portal.view_as.ended", {"why": "time"})
    assert view_as.SESSION_KEY not in client.session


@pytest.mark.django_db
def test_a_look_ends_when_its_holder_loses_the_right(house):
    client = looking("mar_admin", house)
    with mar_scope():
        Membership.objects.filter(user__name="Marta").update(role="mar_finance")
    assert client.get("/tpr/").status_code == 404
    assert client.get("/mar/partners/").status_code == 200


@pytest.mark.django_db
def test_the_partner_reads_of_it_in_his_history(house):
    looking("mar_admin", house).get("/tpr/keys/")
    page = sign_in(Client(), make_member("tpr_readonly", partner=house)).get("/tpr/settings/history/")
    assert "began to look at the partner’s pages: He rang: his list of keys looks empty." in page.text
    assert "looked at the partner’s page /tpr/keys/" in page.text


@pytest.mark.django_db
def test_writing_is_refused_and_changes_nothing(house):
    client = looking("mar_admin", house)
    facts = {"name": "Eva", "email": "eva@example.test"}
    refused = client.post("/tpr/settings/contacts/technical/", facts)
    assert refused.status_code == 403
    assert "P-VIEW-1" in refused.text
    with mar_scope():
        tried = AuditEvent.objects.get(action="portal.request.refused")
        assert (tried.partner_id, tried.facts["code"]) == (house.pk, "view_has_no_power")
    with partner_scope(house.pk):
        assert NamedContact.objects.count() == 0
        assert Site.objects.count() == 0


@pytest.fixture
def look(world: World) -> Client:  # noqa: F811
    """Return an administrator's browser with a look at the own partner begun, by the session alone."""
    client = world.client("mar_admin")
    session = client.session
    session[view_as.SESSION_KEY] = {
        "partner_id": str(world.own.partner.pk), "reason": "Walk", "user": str(world.people["mar_admin"].pk),
        "until": (timezone.now() + view_as.LASTS).isoformat(),
    }  # fmt: skip
    session.save()
    return client


@pytest.mark.django_db
@each([route for route in ROUTES if route.api is None and not route.name.startswith("health-")])
def test_no_route_has_power_during_a_look(world: World, look: Client, route: Route) -> None:  # noqa: F811
    url = route.url(world)
    met = {method: look.generic(method, url).status_code for method in (*WRITES, "OPTIONS")}
    if route.name == view_as.END:
        assert met["POST"] == 302
    elif route.name in ("api-schema", "api-docs"):
        assert met["GET" if "GET" in met else "POST"] == 403
    else:
        assert met == dict.fromkeys((*WRITES, "OPTIONS"), 403)


@pytest.mark.django_db
@each([route for route in ROUTES if route.api is None and "GET" in route.methods])
def test_a_look_opens_readers_pages_of_the_partner_and_no_other(
    world: World,  # noqa: F811
    look: Client,
    route: Route,
) -> None:
    policy = route.policy
    is_open = (
        policy is not None
        and policy.kind == "permission"
        and "tpr" in policy.houses
        and policy.permission in view_as.PERMISSIONS
    )
    response = look.get(route.url(world))
    if response.streaming:
        b"".join(response.streaming_content)  # a download holds its file open until it is read
    # A page may lead on to another one of the partner's; what is closed is closed.
    assert response.status_code in ((200, 302) if is_open else (403, 404))
    assert "/accounts/" not in response.get("Location", "")


@pytest.mark.django_db
@each([route for route in ROUTES if route.api is not None])
def test_a_look_opens_no_call_of_the_api(world: World, look: Client, route: Route) -> None:  # noqa: F811
    for method in route.methods:
        assert (
            look.generic(method, route.url(world), data=b"{}", content_type="application/json").status_code
            == 401
        )


def test_the_rights_of_a_look_name_no_act() -> None:
    assert {permission.split(".")[1] for permission in view_as.PERMISSIONS} == {"home", "view"}
