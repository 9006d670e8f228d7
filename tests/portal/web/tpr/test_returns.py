"""A partner gives keys back: by list, scan or CSV, the forecast first; and the same by API."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import PartnerReturn
from partners.models import Partner
from partners.services.api_keys import create_api_key
from tests.factories import AT, key_text, make_mar, make_member, make_partner
from tests.factories.exchange import make_builds
from tests.factories.returns import ask_return, make_return
from tests.web import sign_in

pytestmark = pytest.mark.django_db
NEW = "/tpr/returns/new/"


@pytest.fixture
def partner() -> Partner:
    make_mar()
    return make_partner()


@pytest.fixture
def buyer(partner: Partner) -> Client:
    return sign_in(Client(), make_member("tpr_buyer", partner=partner))


def _form(**fields: Any) -> dict[str, Any]:
    return {"token": str(uuid4()), "return_type": "ZOB", "reason": "Boards failed", "keys": ""} | fields


def _count() -> int:
    with mar_scope():
        return PartnerReturn.objects.count()


def test_forecast_first_then_the_return(partner: Partner, buyer: Client) -> None:
    keys = [build.key.product_key_id for build in make_builds(2, partner=partner)]
    form = _form(keys="\n".join(keys))
    page = buyer.post(NEW, form | {"check": "1"})
    assert [(each.product_key_id, each.code) for each in page.context["forecasts"]] == [
        (key, "OP") for key in keys
    ]
    assert (page.context["may_send"], _count()) == (True, 0)
    done = buyer.post(NEW, form | {"send": "1"})
    again = buyer.post(NEW, form | {"send": "1"})
    assert (done.status_code, done["Location"], _count()) == (302, again["Location"], 1)
    shown = buyer.get(done["Location"])
    assert shown.status_code == 200
    assert keys[0] in shown.content.decode()


def test_csv_fills_the_list_and_names_wrong_rows(partner: Partner, buyer: Client) -> None:
    key = make_builds(1, partner=partner)[0].key.product_key_id
    good = SimpleUploadedFile("keys.csv", f"product_key_id;note\n{key};hall 2\n".encode())
    page = buyer.post(NEW, _form(file=good, check="1"))
    assert page.context["form"]["keys"].value() == key
    bad = SimpleUploadedFile("keys.csv", f"product_key_id\n{key}\n12\n".encode())
    page = buyer.post(NEW, _form(file=bad, send="1"))
    assert page.status_code == 422
    assert page.context["form"].errors["file"][0].startswith("Row 3:")
    assert _count() == 0


def test_scanned_product_key_is_refused_and_not_said_back(buyer: Client) -> None:
    secret = key_text(7)
    page = buyer.post(NEW, _form(keys=secret, send="1"))
    assert page.status_code in (400, 422)
    assert secret not in page.content.decode()
    assert _count() == 0


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"keys": ""}, "keys"),
        ({"keys": "1" * 13, "reason": "x"}, "reason"),
        ({"keys": "1" * 13, "return_type": "ZOX"}, "return_type"),
    ],
)
def test_incomplete_form_says_where(buyer: Client, fields: dict[str, Any], field: str) -> None:
    page = buyer.post(NEW, _form(**fields, send="1"))
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])


def test_key_that_cannot_go_is_shown_and_cannot_be_sent(partner: Partner, buyer: Client) -> None:
    foreign = make_builds(1)[0].key.product_key_id
    page = buyer.post(NEW, _form(keys=foreign, check="1"))
    assert (str(page.context["forecasts"][0].stop), page.context["may_send"]) == (
        "Not one of your keys.",
        False,
    )
    page = buyer.post(NEW, _form(keys=foreign, send="1"))
    assert (page.status_code, _count()) == (409, 0)


def test_stranger_and_reader(partner: Partner, buyer: Client) -> None:
    own = ask_return([make_builds(1)[0].key])
    assert buyer.get(f"/tpr/returns/{own.pk}/").status_code == 404
    reader = sign_in(Client(), make_member("tpr_readonly", partner=partner))
    assert reader.get("/tpr/returns/").status_code == 200
    assert reader.get(NEW).status_code == 403


def test_an_undecided_return_is_withdrawn_after_one_more_question(partner: Partner, buyer: Client) -> None:
    own = ask_return([make_builds(1, partner=partner)[0].key])
    url = f"/tpr/returns/{own.pk}/"
    assert f"{url}withdraw/" in buyer.get(url).text
    assert "It can go into another return" in buyer.get(f"{url}withdraw/").text
    done = buyer.post(f"{url}withdraw/")
    assert (done.status_code, done["Location"]) == (302, url)
    page = buyer.get(url)
    assert [step["label"] for step in page.context["steps"]] == ["Asked for", "Withdrawn"]
    assert (page.context["return"].state, page.context["may_withdraw"]) == ("withdrawn", False)


def test_a_decided_return_is_not_withdrawn_and_offers_no_way(partner: Partner, buyer: Client) -> None:
    own = make_return([make_builds(1, partner=partner)[0].key])
    url = f"/tpr/returns/{own.pk}/"
    assert f"{url}withdraw/" not in buyer.get(url).text
    refused = buyer.post(f"{url}withdraw/")
    assert (refused.status_code, "It can go into another return" in refused.text) == (409, False)
    with mar_scope():
        assert PartnerReturn.objects.get().state == "approved"


def test_reader_and_stranger_withdraw_nothing(partner: Partner, buyer: Client) -> None:
    own, foreign = (ask_return([make_builds(1, **who)[0].key]) for who in ({"partner": partner}, {}))
    reader = sign_in(Client(), make_member("tpr_readonly", partner=partner))
    assert f"/tpr/returns/{own.pk}/withdraw/" not in reader.get(f"/tpr/returns/{own.pk}/").text
    assert reader.post(f"/tpr/returns/{own.pk}/withdraw/").status_code == 403
    assert buyer.post(f"/tpr/returns/{foreign.pk}/withdraw/").status_code == 404
    with mar_scope():
        assert set(PartnerReturn.objects.values_list("state", flat=True)) == {"requested"}


def test_list_costs_the_same_for_one_and_three(partner: Partner, buyer: Client) -> None:
    counts = []
    for quantity in (1, 2):
        for build in make_builds(quantity, partner=partner):
            ask_return([build.key])
        buyer.get("/tpr/returns/")
        with CaptureQueriesContext(connection) as queries:
            assert buyer.get("/tpr/returns/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def _call(partner: Partner, method: str, path: str, body: Any = None, *, key: str = "k") -> Any:
    with mar_scope():
        _key, secret = create_api_key(
            partner.pk, name="ERP", scopes=["orders:read", "returns:write"], daily_claims=5,
            by=Actor.system("test"), at=AT,
        )  # fmt: skip
    return getattr(Client(), method)(
        f"/api/v1/{path}", body, content_type="application/json",
        headers={"Authorization": f"Bearer {secret.reveal()}", "Idempotency-Key": key},
    )  # fmt: skip


def test_api_forecasts_asks_once_and_shows(partner: Partner) -> None:
    key = make_builds(1, partner=partner)[0].key.product_key_id
    body = {"product_key_ids": [key], "return_type": "ZOB", "reason": "Board failed", "reference": "E-1"}
    (forecast,) = _call(partner, "post", "returns:forecast", body).json()
    assert (forecast["code"], forecast["outcome"], forecast["stop"]) == ("OP", "credited", "")
    made = _call(partner, "post", "returns", body)
    again = _call(partner, "post", "returns", body)
    assert (made.status_code, again.status_code, again["Idempotent-Replayed"]) == (201, 200, "true")
    shown = _call(partner, "get", f"returns/{made.json()['id']}").json()
    assert (shown["state"], shown["reference"], shown["lines"][0]["product_key_id"]) == (
        "requested",
        "E-1",
        key,
    )
    assert len(_call(partner, "get", "returns").json()["results"]) == 1


def test_api_withdraws_once_and_refuses_what_was_decided(partner: Partner) -> None:
    first, second = (build.key for build in make_builds(2, partner=partner))
    asked, decided = ask_return([first]), make_return([second])
    done, again = (_call(partner, "post", f"returns/{asked.pk}:withdraw") for _ in range(2))
    assert (done.status_code, again.status_code, done.json()) == (200, 200, again.json())
    assert (done.json()["state"], done.json()["withdrawn_at"] is None) == ("withdrawn", False)
    refused = _call(partner, "post", f"returns/{decided.pk}:withdraw")
    assert (refused.status_code, refused.json()["refusals"][0]["rule"]) == (409, "RET-13")
    stranger = ask_return([make_builds(1)[0].key])
    assert _call(partner, "post", f"returns/{stranger.pk}:withdraw").status_code == 404


def test_api_refuses_with_rule_and_facts(partner: Partner) -> None:
    body = {"product_key_ids": ["3399999999999"], "return_type": "ZOE", "reason": "Board failed"}
    refused = _call(partner, "post", "returns", body)
    assert (refused.status_code, refused.json()["refusals"][0]["rule"]) == (422, "RET-2")
    refused = _call(partner, "post", "returns", body | {"return_type": "ZOB"})
    assert (refused.status_code, refused.json()["refusals"][0]["rule"], _count()) == (409, "RET-11", 0)
