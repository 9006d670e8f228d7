"""A wrong key in one click, and the assistant for a replaced board."""

from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import KeyReplacement, PartnerReturn, ProductKey
from licensing.services.incidents import report_incident
from partners.models import Partner
from partners.services.api_keys import create_api_key
from tests.factories import AT, make_mar, make_member, make_partner, make_stock
from tests.factories.exchange import make_builds, make_held_keys
from tests.factories.returns import enable
from tests.web import sign_in

pytestmark = pytest.mark.django_db
BOARD = "/tpr/returns/board/"


@pytest.fixture
def partner() -> Partner:
    make_mar()
    return make_partner()


@pytest.fixture
def technician(partner: Partner) -> Client:
    return sign_in(Client(), make_member("tpr_technician", partner=partner))


def test_one_click_swaps_and_links_both_pages(partner: Partner, technician: Client) -> None:
    (key,) = make_held_keys(1, partner=partner)
    make_stock(key.product, 1)
    url = f"/tpr/keys/{key.product_key_id}/wrong/"
    assert technician.get(url).context["is_swap"] is True
    done = technician.post(
        url, {"token": str(uuid4()), "product": key.product_id, "reason": "Home was taken, Pro is right"}
    )
    with mar_scope():
        made = KeyReplacement.objects.get()
    assert done["Location"] == f"/tpr/keys/{made.new_product_key_id}/"
    assert key.product_key_id in technician.get(done["Location"]).content.decode()
    staff = sign_in(Client(), make_member("mar_admin"))
    assert made.new_product_key_id in staff.get(f"/mar/keys/{key.product_key_id}/").content.decode()


def test_a_frozen_key_says_so_first_and_offers_no_swap(partner: Partner, technician: Client) -> None:
    (key,) = make_held_keys(1, partner=partner)
    url = f"/tpr/keys/{key.product_key_id}/"
    assert f"{url}wrong/" in technician.get(url).content.decode()
    with mar_scope(acting_for=partner.pk):
        report_incident(
            [key.product_key_id], partner_id=partner.pk, kind="stolen", facts="Taken from the van at the depot.",
            due_on=AT.date(), by=Actor.system("test"), at=AT,
        )  # fmt: skip
    page = technician.get(url).content.decode()
    assert f"{url}wrong/" not in page
    assert "Reported as lost or stolen. Do not use it." in page


def test_after_the_report_return_and_replacement_are_asked_together(
    partner: Partner, technician: Client
) -> None:
    (build,) = make_builds(1, partner=partner)
    enable([build.key])
    url = f"/tpr/keys/{build.key.product_key_id}/wrong/"
    assert technician.get(url).context["is_swap"] is False
    done = technician.post(
        url, {"token": str(uuid4()), "product": build.key.product_id, "reason": "Wrong edition was installed"}
    )
    with mar_scope():
        asked = PartnerReturn.objects.get()
    assert (done["Location"], asked.kind, asked.replacement_product_id) == (
        f"/tpr/returns/{asked.pk}/", "wrong_key", build.key.product_id,
    )  # fmt: skip


def test_strangers_key_and_reader(partner: Partner, technician: Client) -> None:
    foreign = make_held_keys(1)[0]
    assert technician.get(f"/tpr/keys/{foreign.product_key_id}/wrong/").status_code == 404
    reader = sign_in(Client(), make_member("tpr_readonly", partner=partner))
    assert reader.get(BOARD).status_code == 403


def _board(key: ProductKey, **fields: Any) -> dict[str, Any]:
    return {
        "product_key_id": key.product_key_id, "old_manufacturer": "LENOVO", "old_model": "20N2",
        "old_serial": "L1HF84K00AB", "new_manufacturer": "Lenovo", "new_model": "20n2", "new_serial": "L1HF99K77CD",
        "reason": "defect", "failed": "before_sale", "label": "intact", "token": str(uuid4()),
    } | fields  # fmt: skip


def test_assistant_answers_then_asks_for_both(partner: Partner, technician: Client) -> None:
    (build,) = make_builds(1, partner=partner)
    enable([build.key])
    with mar_scope():
        build.key.refresh_from_db()
    shown = technician.post(BOARD, _board(build.key, look="1")).context["answer"]
    assert (shown.verdict.outcome, shown.may_ask) == ("replacement", True)
    other = technician.post(BOARD, _board(build.key, new_model="20N9", ask="1")).context["answer"]
    assert (other.verdict.outcome, other.may_ask) == ("new_pc", False)
    with mar_scope():
        assert PartnerReturn.objects.count() == 0
    assert technician.post(BOARD, _board(build.key, ask="1")).status_code == 302
    with mar_scope():
        assert PartnerReturn.objects.get().kind == "board_swap"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"new_serial": "Default string"}, "new_serial"),
        ({"product_key_id": "3399999999999"}, "product_key_id"),
    ],
)
def test_assistant_says_what_it_cannot_read(
    partner: Partner, technician: Client, fields: dict[str, str], field: str
) -> None:
    (build,) = make_builds(1, partner=partner)
    page = technician.post(BOARD, _board(build.key, look="1", **fields))
    assert (page.status_code, list(page.context["form"].errors)) == (422, [field])


def test_api_swaps(partner: Partner) -> None:
    (key,) = make_held_keys(1, partner=partner)
    make_stock(key.product, 1)
    with mar_scope():
        _key, secret = create_api_key(
            partner.pk, name="ERP", scopes=["returns:write"], daily_claims=5, by=Actor.system("test"), at=AT
        )
    answers = [
        Client().post(
            "/api/v1/keys:swap",
            {"product_key_id": key.product_key_id, "reason": "Wrong edition"},
            content_type="application/json",
            headers={"Authorization": f"Bearer {secret.reveal()}"},
        )
        for _ in range(2)
    ]
    assert [answer.status_code for answer in answers] == [201, 404]
    assert answers[0].json()["old_product_key_id"] == key.product_key_id
