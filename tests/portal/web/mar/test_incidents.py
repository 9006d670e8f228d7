"""Frozen keys and corrections in the browser, from the partner's report to the second person's word."""

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.actor import Actor
from core.tenancy import acting_as, mar_scope, partner_scope
from licensing.models import CorrectionRequest, Incident, ProductKey
from licensing.rules.key_states import Hold
from licensing.services.holds import put_on_hold
from licensing.services.orders import OrderRequest, place_order
from tests.factories import AT, make_member, make_partner, make_product, make_stock
from tests.web import sign_in

pytestmark = pytest.mark.django_db
REPORT = {"kind": "stolen", "facts": "Broken into on Monday night", "police_reference": "POL 7"}


@pytest.fixture
def shop() -> Any:
    partner, product = make_partner(), make_product()
    make_stock(product, 6)
    with partner_scope(partner.id):
        place_order(
            partner_id=partner.id, request=OrderRequest(product.id, 3), idempotency_key="o",
            by=Actor.system("test"), at=AT,
        )  # fmt: skip
        return partner, list(ProductKey.objects.order_by("id"))


def _holds(*keys: ProductKey) -> list[str]:
    with mar_scope():
        return list(
            ProductKey.objects.filter(pk__in=[key.pk for key in keys])
            .order_by("id")
            .values_list("hold", flat=True)
        )


def test_a_partner_freezes_a_key_and_compliance_closes_the_case(shop: Any) -> None:
    partner, (key, *_rest) = shop
    technician = sign_in(Client(), make_member("tpr_technician", partner=partner))
    address = f"/tpr/keys/{key.product_key_id}/lost/"
    assert technician.get(address).status_code == 200
    assert technician.post(address, {**REPORT, "facts": "short"}).status_code == 422
    assert _holds(key) == ["none"]
    sent = technician.post(address, REPORT)
    assert sent.status_code == 302, sent.content
    assert _holds(key) == ["lost_or_stolen"]
    assert "POL 7" in technician.get(sent["Location"]).content.decode()
    assert technician.post(address, REPORT).status_code == 409
    officer = sign_in(Client(), make_member("compliance"))
    with mar_scope():
        incident = Incident.objects.get()
    page = f"/mar/incidents/{incident.pk}/"
    assert incident.reference in officer.get("/mar/incidents/").content.decode()
    due = {"measures": "Locks changed", "due_on": "2026-12-24"}
    assert officer.post(f"{page}measures/", due).status_code == 302
    closed = officer.post(
        f"{page}close/", {"outcome": "found", "measures": "Locks changed", "note": "Box found"}
    )
    assert closed.status_code == 302, closed.content
    assert _holds(key) == ["none"]
    shown = technician.get(f"/tpr/incidents/{incident.pk}/").content.decode()
    assert "Box found" in shown
    life = technician.get(f"/tpr/keys/{key.product_key_id}/").content.decode()
    assert "Frozen: reported as lost or stolen" in life
    assert incident.reference in life


def test_a_correction_needs_a_second_person_in_the_browser_too(shop: Any) -> None:
    _partner, _keys = shop
    keeper, approver = make_member("mar_stock"), make_member("mar_approver")
    with mar_scope():
        key = ProductKey.objects.filter(state=1).order_by("id").first()
        assert key is not None
        put_on_hold([key.pk], hold=Hold.QUARANTINED, reason="Odd", by=Actor.system("test"), at=AT)
    first = sign_in(Client(), keeper)
    asked = first.post(
        f"/mar/keys/{key.product_key_id}/correct/",
        {"kind": "release", "facts": "The delivery was checked again", "proof": "Mail of May 3"},
    )
    assert asked.status_code == 302, asked.content
    with mar_scope():
        address = f"/mar/corrections/{CorrectionRequest.objects.get().pk}/"
    word = {"decision": "approve", "note": "Looked at the mail"}
    assert first.post(f"{address}decide/", word).status_code == 403
    assert "Waits for a second person" in first.get(address).content.decode()
    second = sign_in(Client(), approver)
    assert second.post(f"{address}decide/", word).status_code == 302
    assert _holds(key) == ["none"]
    assert "Looked at the mail" in second.get(address).content.decode()


@pytest.mark.parametrize("address", ["/mar/incidents/", "/mar/corrections/", "/tpr/incidents/"])
def test_lists_cost_as_many_queries_with_three_rows_as_with_one(shop: Any, address: str) -> None:
    partner, keys = shop
    role = "tpr_owner" if address.startswith("/tpr") else "compliance"
    client = sign_in(Client(), make_member(role, partner=partner if role == "tpr_owner" else None))
    counts = []
    for number, key in enumerate(keys):
        with mar_scope():
            Incident.objects.create(
                reference=f"IN-{number}", partner=partner, kind="lost", facts="Gone", due_on=AT.date(),
                reported_by="Owner", reported_at=AT,
            )  # fmt: skip
            keeper = make_member("mar_stock")
            with acting_as(keeper.pk):
                CorrectionRequest.objects.create(
                    key=key, kind="denied", facts="f", proof="p", asked_by=keeper, asked_at=AT
                )
        if number == 1:
            continue
        client.get(address)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
