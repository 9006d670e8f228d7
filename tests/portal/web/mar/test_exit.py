"""The way out on screen: wizard, data file, the end by a second person, tokens until the end date."""

import zipfile
from datetime import timedelta
from io import BytesIO

import pytest
from django.test import Client
from django.utils import timezone

from compliance.models import WindDown, WindDownItem
from compliance.rules.exit_file import problems_of
from compliance.services.exit_file import make_exit_file
from compliance.services.wind_down import end_access_of
from core.actor import Actor
from core.tenancy import mar_scope
from licensing.rules.key_states import KeyState
from partners.models import Partner
from partners.services.api_keys import create_api_key
from tests.factories import make_mar, make_member, make_partner
from tests.factories.exchange import make_held_keys
from tests.partners.samples import audited
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner():
    make_mar()
    return make_partner(name="Leaving GmbH")


@pytest.fixture
def admin():
    return sign_in(Client(), make_member("mar_admin", name="Marta"))


@pytest.fixture
def approver():
    return sign_in(Client(), make_member("mar_approver", name="Jonas"))


def _exit(partner, act: str = "") -> str:
    return f"/mar/partners/{partner.pk}/exit/{act}"


def _begin(client: Client, partner) -> None:
    last_day = (timezone.now() + timedelta(days=30)).date().isoformat()
    answer = client.post(_exit(partner, "begin/"), {"reason": "Sold.", "last_day": last_day})
    assert answer["Location"] == _exit(partner)


def _state(partner) -> str:
    with mar_scope():
        return Partner.objects.get(pk=partner.pk).state


def test_the_whole_way_out(partner, admin, approver):
    make_held_keys(2, partner=partner, state=KeyState.ASSIGNED)
    make_held_keys(1, partner=partner)
    assert admin.get(_exit(partner)).status_code == 404
    assert approver.post(_exit(partner, "begin/")).status_code == 403
    _begin(admin, partner)
    assert admin.post(_exit(partner, "finish/")).status_code == 409
    assert "Still open: Keys nobody has taken." in admin.post(_exit(partner, "finish/")).text
    assert admin.post(_exit(partner, "keys/")).status_code == 302
    assert admin.post(_exit(partner, "recall/"), {"note": "Never used."}).status_code == 302
    assert admin.post(_exit(partner, "labels/settle/"), {"note": "None."}).status_code == 302
    assert admin.post(_exit(partner, "keys_unused/settle/"), {"note": "x"}).status_code == 409
    for kind in ("proof_pages", "documents"):
        assert admin.post(_exit(partner, f"{kind}/waive/"), {"note": "Kept here."}).status_code == 302
        assert admin.post(_exit(partner, f"{kind}/confirm/")).status_code == 409
        assert approver.post(_exit(partner, f"{kind}/confirm/")).status_code == 302
    assert admin.post(_exit(partner, "file/make/")).status_code == 302
    assert admin.get(_exit(partner, "file/")).status_code == 404
    with mar_scope():
        make_exit_file(partner.pk, at=timezone.now())
    handed = b"".join(admin.get(_exit(partner, "file/")).streaming_content)
    assert problems_of(BytesIO(handed)) == []
    assert admin.post(_exit(partner, "finish/")).status_code == 409  # she began it
    assert _state(partner) == "winding_down"
    assert approver.post(_exit(partner, "finish/"))["Location"] == _exit(partner)
    assert _state(partner) == "terminated"
    assert "The contract has ended." in admin.get(_exit(partner)).text
    assert "This partner leaves" in admin.get(f"/mar/partners/{partner.pk}/").text


def test_only_the_file_itself_settles_its_item(partner, admin):
    _begin(admin, partner)
    with mar_scope():
        make_exit_file(partner.pk, at=timezone.now())
    asked = admin.head(_exit(partner, "file/"))
    assert asked.status_code == 200
    with mar_scope():
        assert asked["Content-Length"] == str(WindDown.objects.get().file_size)
        assert WindDownItem.objects.get(kind="data_file").settled_at is None
    assert b"".join(admin.get(_exit(partner, "file/")).streaming_content)
    with mar_scope():
        assert WindDownItem.objects.get(kind="data_file").settled_at is not None


def test_a_waiver_that_was_outgrown_says_why_it_is_open_again(partner, admin, approver):
    make_held_keys(1, partner=partner)
    _begin(admin, partner)
    admin.post(_exit(partner, "keys_unreported/waive/"), {"note": "Lost."})
    approver.post(_exit(partner, "keys_unreported/confirm/"))
    assert "more came since" not in admin.get(_exit(partner)).text
    make_held_keys(1, partner=partner)
    assert "Marta and Jonas let 1 go; more came since, so it is open again." in admin.get(_exit(partner)).text


def test_an_impossible_day_begins_nothing(partner, admin):
    answer = admin.post(_exit(partner, "begin/"), {"reason": "x", "last_day": "2020-01-01"})
    assert answer.status_code == 422
    assert "P-EXIT-1" in answer.text
    assert _state(partner) == "active"


def test_the_partner_sees_what_is_open_and_takes_his_data_along(partner, admin):
    owner = sign_in(Client(), make_member("tpr_owner", partner=partner))
    buyer = sign_in(Client(), make_member("tpr_buyer", partner=partner))
    assert "Your contract runs on" in owner.get("/tpr/exit/").text
    _begin(admin, partner)
    page = owner.get("/tpr/exit/").text
    assert "4 items are open." in page
    assert "Let it go" not in page
    assert "Your contract ends" in owner.get("/tpr/").text
    assert owner.get("/tpr/exit/file/").status_code == 404
    with mar_scope():
        make_exit_file(partner.pk, at=timezone.now())
    size = owner.head("/tpr/exit/file/")["Content-Length"]
    assert audited("compliance.wind_down.file_downloaded") == 0
    taken = b"".join(owner.get("/tpr/exit/file/").streaming_content)
    assert (audited("compliance.wind_down.file_downloaded"), size) == (1, str(len(taken)))
    assert zipfile.ZipFile(BytesIO(taken)).testzip() is None
    assert buyer.get("/tpr/exit/file/").status_code == 403
    stranger = sign_in(Client(), make_member("tpr_owner", partner=make_partner()))
    assert stranger.get("/tpr/exit/file/").status_code == 404


def _secret(partner) -> dict[str, str]:
    with mar_scope():
        scopes = ["orders:read", "orders:write", "builds:read", "builds:write"]
        _key, secret = create_api_key(
            partner.pk, name="Line", scopes=scopes, daily_claims=9, by=Actor.system("test"), at=timezone.now()
        )
    return {"Authorization": f"Bearer {secret.reveal()}"}


def _move_time(monkeypatch, at) -> None:
    for module in ("portal.middleware", "portal.api.authentication", "portal.api.views"):
        monkeypatch.setattr(f"{module}.timezone.now", lambda: at)


def test_a_token_reads_until_the_end_date_and_then_opens_nothing(partner, admin, monkeypatch):
    headers, client = _secret(partner), Client()
    _begin(admin, partner)
    with mar_scope():
        wind_down = WindDown.objects.get()
        # As if finished: the contract is over, access is not.
        Partner.objects.filter(pk=partner.pk).update(state="terminated", state_set_by_id="another")
    _move_time(monkeypatch, wind_down.ends_at - timedelta(seconds=1))
    assert client.get("/api/v1/orders", headers=headers).status_code == 200
    order = {"product": "X", "quantity": 1}
    refused = client.post("/api/v1/orders", order, content_type="application/json", headers=headers)
    assert refused.status_code == 403
    _move_time(monkeypatch, wind_down.ends_at)
    assert client.get("/api/v1/orders", headers=headers).status_code == 401
    with mar_scope():
        assert end_access_of(wind_down.pk, by=Actor.system("t"), at=wind_down.ends_at) is True
    monkeypatch.undo()
    assert client.get("/api/v1/orders", headers=headers).status_code == 401


def test_people_of_an_ended_contract_read_and_do_nothing(partner, admin):
    owner = sign_in(Client(), make_member("tpr_owner", partner=partner))
    _begin(admin, partner)
    with mar_scope():
        Partner.objects.filter(pk=partner.pk).update(state="terminated", state_set_by_id="another")
    assert owner.get("/tpr/orders/").status_code == 200
    assert owner.get("/people/").status_code == 403
    with mar_scope():
        make_exit_file(partner.pk, at=timezone.now())
    assert "Take your data along" in owner.get("/tpr/exit/").text
    assert b"".join(owner.get("/tpr/exit/file/").streaming_content).startswith(b"PK")
    assert owner.post("/tpr/settings/company/contact/").status_code == 403


def test_orders_stop_and_reports_stay_open_while_winding_down(partner, admin):
    headers, client = _secret(partner), Client()
    _begin(admin, partner)
    (key,) = make_held_keys(1, partner=partner)
    order = {"product": key.product.code, "quantity": 1}
    again = headers | {"Idempotency-Key": "one"}
    refused = client.post("/api/v1/orders", order, content_type="application/json", headers=again)
    assert (refused.status_code, refused.json()["code"]) == (409, "partner_not_active")
    build = client.post("/api/v1/builds", {}, content_type="application/json", headers=again)
    assert build.status_code not in (401, 403, 409)
