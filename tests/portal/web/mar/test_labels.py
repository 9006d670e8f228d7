"""Labels by HTTP: received and issued by stock keepers, used and spoiled by the partner, in browser and API."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from compliance.rules.wind_down import ItemKind
from compliance.selectors.wind_down import count_open
from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.models import KeyHandOver, LabelIssue, LabelUse
from partners.models import Partner
from partners.services.api_keys import create_api_key
from tests.factories import AT, make_mar, make_member, make_partner
from tests.factories.exchange import make_builds
from tests.factories.labels import make_labels
from tests.factories.returns import ask_return
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner() -> Partner:
    make_mar()
    return make_partner()


def test_stock_keeper_receives_issues_and_takes_back(partner: Partner) -> None:
    keeper = sign_in(Client(), make_member("mar_stock"))
    base = "/mar/stock/labels/"
    keeper.post(
        f"{base}receive/", {"receive-first": "N-001", "receive-last": "N-100", "receive-reference": "Roll 1"}
    )
    wrong = keeper.post(f"{base}receive/", {"receive-first": "N-050", "receive-last": "N-120"})
    assert wrong.status_code == 409
    form = {"issue-partner": str(partner.pk), "issue-first": "N001", "issue-last": "N010"}
    assert keeper.post(f"{base}issue/", form).status_code == 302
    with mar_scope():
        issue = LabelIssue.objects.get()
    assert (str(issue), issue.quantity) == ("N001–N010", 10)
    assert keeper.get(base).status_code == 200
    assert keeper.get(f"{base}{issue.pk}/").status_code == 200
    assert keeper.post(f"{base}{issue.pk}/back/").status_code == 302
    reader = sign_in(Client(), make_member("mar_finance"))
    assert (reader.get(base).status_code, reader.post(f"{base}issue/", form).status_code) == (200, 403)


def test_partner_notes_and_spoils(partner: Partner) -> None:
    issue = make_labels(partner)
    (build,) = make_builds(1, partner=partner)
    with mar_scope():
        KeyHandOver.objects.create(
            partner=partner,
            key=build.key,
            device=build.device,
            channel="claim",
            handed_by="Station",
            handed_at=AT,
        )
    technician = sign_in(Client(), make_member("tpr_technician", partner=partner))
    url = f"/tpr/devices/{build.device_id}/label/"
    assert technician.post(url, {"serial": "Q7"}).status_code == 409
    assert technician.post(url, {"serial": issue.first_serial}).status_code == 302
    assert issue.first_serial in technician.get(f"/tpr/devices/{build.device_id}/").content.decode()
    spoiled = technician.post("/tpr/labels/spoil/", {"serial": issue.first_serial, "reason": "Torn off"})
    assert spoiled.status_code == 302
    with mar_scope():
        assert LabelUse.objects.get().kind == "spoiled"
    stranger = sign_in(Client(), make_member("tpr_technician", partner=make_partner()))
    assert stranger.post(url, {"serial": issue.last_serial}).status_code == 404


def test_page_costs_the_same_for_one_and_three(partner: Partner) -> None:
    issue = make_labels(partner)
    owner = sign_in(Client(), make_member("tpr_owner", partner=partner))
    counts = []
    for quantity in (1, 2):
        for build in make_builds(quantity, partner=partner):
            with mar_scope():
                LabelUse.objects.create(
                    partner=partner, issue=issue, position=issue.first_position + LabelUse.objects.count(),
                    serial=str(build.device.serial), kind="used", device=build.device, noted_at=AT,
                )  # fmt: skip
        owner.get("/tpr/labels/")
        with CaptureQueriesContext(connection) as queries:
            assert owner.get("/tpr/labels/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def _call(secret: Any, method: str, path: str, body: Any = None) -> Any:
    return getattr(Client(), method)(
        f"/api/v1/{path}", body, content_type="application/json",
        headers={"Authorization": f"Bearer {secret.reveal()}"},
    )  # fmt: skip


def test_api_uses_spoils_and_counts(partner: Partner) -> None:
    issue = make_labels(partner)
    (build,) = make_builds(1, partner=partner)
    with mar_scope():
        _key, secret = create_api_key(
            partner.pk, name="Line", scopes=["builds:read", "builds:write"], daily_claims=5,
            by=Actor.system("test"), at=AT,
        )  # fmt: skip
    used = _call(secret, "post", "labels:use", {"serial": issue.first_serial, "device": str(build.device_id)})
    assert (used.status_code, used.json()["serial"]) == (201, issue.first_serial)
    again = _call(
        secret, "post", "labels:use", {"serial": issue.first_serial, "device": str(build.device_id)}
    )
    assert (again.status_code, again.json()["refusals"][0]["rule"]) == (409, "LBL-4")
    spoiled = _call(secret, "post", "labels:spoil", {"serial": issue.last_serial, "reason": "Misprinted"})
    assert spoiled.json()["kind"] == "spoiled"
    assert _call(secret, "get", "labels").json() == {"issued": 10, "used": 1, "spoiled": 1, "left": 8}


def test_way_out_counts_labels_and_returns_under_way(partner: Partner) -> None:
    make_labels(partner)
    ask_return([make_builds(1, partner=partner)[0].key])
    with partner_scope(partner.pk):
        counted = count_open(partner.pk)
    assert (counted[ItemKind.LABELS].count, counted[ItemKind.RETURNS_OPEN].count) == (10, 1)
