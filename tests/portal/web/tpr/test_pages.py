"""The partner's wing by HTTP: every page for its people, and closed to everyone else."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.models import AuditEvent
from core.tenancy import mar_scope, partner_scope
from licensing.exchange.oa3 import write_oa3
from licensing.exchange.samples import sample_hardware_hash
from licensing.models import Build, Order, ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.services.hand_over import reveal_key
from licensing.services.orders import OrderRequest, place_order
from partners.models import Partner
from tests.factories import AT, actor_for, make_member, make_partner, make_product, make_stock
from tests.web import sign_in

pytestmark = pytest.mark.django_db
DEVICE = {"manufacturer": "LENOVO", "model": "20N2S00A00", "serial": "PF0ABCDE"}


@pytest.fixture
def shop() -> Any:
    partner, product = make_partner(), make_product(price="40.00")
    make_stock(product, 8)
    owner = make_member("tpr_owner", partner=partner, name="Olga Owner")
    return partner, product, owner


def _order(partner: Partner, product: Any, user: Any, quantity: int = 2) -> Order:
    with partner_scope(partner.id):
        placed = place_order(
            partner_id=partner.id, request=OrderRequest(product.id, quantity), idempotency_key=uuid4().hex,
            by=actor_for(user, partner=partner), at=AT,
        )  # fmt: skip
        return Order.objects.get(pk=placed.order_id)


def _build(partner: Partner, product: Any, user: Any) -> tuple[ProductKey, Build]:
    _order(partner, product, user)
    client = sign_in(Client(), user)
    with partner_scope(partner.id):
        key = ProductKey.objects.filter(state=11).order_by("id").first()
        assert key is not None
        reveal_key(
            partner_id=partner.id, product_key_id=key.product_key_id, device=DeviceIdentity(**DEVICE),
            reason="Station is down", by=actor_for(user, partner=partner), at=AT,
        )  # fmt: skip
    oa3 = write_oa3(
        product_key=None, product_key_id=key.product_key_id, hardware_hash=sample_hardware_hash(key.id)
    )
    response = client.post("/tpr/builds/upload/", {"files": [SimpleUploadedFile("OA3.xml", oa3)]})
    assert response.status_code == 302, response.content
    assert client.get(response["Location"]).status_code == 200
    with partner_scope(partner.id):
        return key, Build.objects.get(key=key)


def test_order_from_catalogue_to_keys_in_the_browser(shop: Any) -> None:
    _partner, product, owner = shop
    client = sign_in(Client(), owner)
    assert product.name in client.get("/tpr/order/").content.decode()
    page = client.get(f"/tpr/order/{product.code}/?quantity=3")
    assert "€120.00" in page.content.decode()
    token = page.context["form"]["token"].value()
    sent = {"quantity": "3", "reference": "PO 7", "token": str(token), "place": "1"}
    first = client.post(f"/tpr/order/{product.code}/", sent)
    again = client.post(f"/tpr/order/{product.code}/", sent)
    assert first.status_code == 302
    assert first["Location"] == again["Location"]
    shown = client.get(first["Location"]).content.decode()
    assert shown.count("/tpr/keys/33") == 3
    assert "PO 7" in shown


def test_refused_order_stays_on_the_page_with_the_reason_and_is_audited(shop: Any) -> None:
    partner, product, owner = shop
    client = sign_in(Client(), owner)
    response = client.post(
        f"/tpr/order/{product.code}/", {"quantity": "9", "reference": "", "token": str(uuid4()), "place": "1"}
    )
    assert response.status_code == 409
    assert "There are not enough keys" in response.content.decode()
    with mar_scope():
        assert Order.objects.filter(partner=partner).count() == 0
        assert AuditEvent.objects.filter(action="portal.request.refused", partner_id=partner.id).count() == 1


def test_reveal_asks_for_a_fresh_second_factor_first(shop: Any) -> None:
    partner, product, owner = shop
    _order(partner, product, owner)
    with partner_scope(partner.id):
        key_id = ProductKey.objects.order_by("id").values_list("product_key_id", flat=True)[0]
    stale = sign_in(Client(), owner, second_factor_age=301)
    response = stale.get(f"/tpr/keys/{key_id}/reveal/")
    assert (response.status_code, "reauthenticate" in response["Location"]) == (302, True)
    fresh = sign_in(Client(), owner)
    assert fresh.get(f"/tpr/keys/{key_id}/reveal/").status_code == 200
    shown = fresh.post(f"/tpr/keys/{key_id}/reveal/", {**DEVICE, "reason": "Station is down"})
    assert shown.status_code == 200
    assert "no-store" in shown["Cache-Control"]
    groups = shown.context["key_groups"]
    assert [len(group) for group in groups] == [5, 5, 5, 5, 5]
    assert shown["Refresh"] == f"60; url=/tpr/keys/{key_id}/"
    assert f"Shown to {owner.name}, {shown.context['mark'].rpartition(', ')[2]}" in shown.content.decode()
    assert "UTC" in shown.context["mark"]
    later = fresh.get(f"/tpr/keys/{key_id}/").content.decode()
    assert groups[0] not in later
    assert groups[4] in later


def test_build_is_reported_completed_and_taken_back_in_the_browser(shop: Any) -> None:
    partner, product, owner = shop
    key, build = _build(partner, product, owner)
    client = sign_in(Client(), owner)
    details = {"form_factor_cl1": "Notebook", "form_factor_cl2": "AIO", "touch_screen": "Nontouch",
               "screen_size": "14.0", "model_sku": "20N2"}  # fmt: skip
    assert client.post(f"/tpr/builds/{build.id}/", details).status_code == 422
    good = client.post(f"/tpr/builds/{build.id}/", {**details, "form_factor_cl2": "Standard"})
    assert good.status_code == 302
    with partner_scope(partner.id):
        assert Build.objects.get(pk=build.pk).state == "ready"
    assert client.post(f"/tpr/builds/{build.id}/revert/", {"reason": "Board changed"}).status_code == 302
    with partner_scope(partner.id):
        assert ProductKey.objects.get(pk=key.pk).state == 12


def _pages(partner: Partner, key: ProductKey, build: Build) -> list[str]:
    with partner_scope(partner.id):
        order = Order.objects.first()
    assert order is not None
    return [
        "/tpr/", "/tpr/order/", "/tpr/orders/", f"/tpr/orders/{order.id}/", "/tpr/keys/",
        f"/tpr/keys/{key.product_key_id}/",
        "/tpr/builds/", f"/tpr/builds/{build.id}/", "/tpr/devices/", f"/tpr/devices/{build.device_id}/",
        f"/tpr/builds/uploads/{build.upload_id}/",
    ]  # fmt: skip


def test_every_page_opens_for_its_people_and_holds_no_inline_style_or_script(shop: Any) -> None:
    partner, product, owner = shop
    key, build = _build(partner, product, owner)
    client = sign_in(Client(), owner)
    for path in _pages(partner, key, build):
        response = client.get(path)
        assert response.status_code == 200, path
        page = response.content.decode()
        assert " style=" not in page, path
        assert "<style" not in page, path
        assert " onclick=" not in page, path


def test_strangers_objects_look_like_missing_ones(shop: Any) -> None:
    partner, product, owner = shop
    key, build = _build(partner, product, owner)
    stranger = sign_in(Client(), make_member("tpr_owner", partner=make_partner()))
    for path in _pages(partner, key, build):
        if any(
            part in path
            for part in (str(build.id), str(build.device_id), key.product_key_id, "orders/", "uploads/")
        ):
            if path == "/tpr/orders/":
                continue
            assert stranger.get(path).status_code == 404, path
    assert stranger.get(f"/tpr/keys/{key.product_key_id}/reveal/").status_code == 404


@pytest.mark.parametrize(
    ("role", "path", "expected"),
    [
        ("tpr_readonly", "/tpr/builds/upload/", 403),
        ("tpr_finance", "/tpr/builds/upload/", 403),
        ("tpr_technician", "/tpr/builds/upload/", 200),
        ("tpr_buyer", "/tpr/builds/upload/", 403),
    ],
)
def test_role_without_the_right_gets_403(shop: Any, role: str, path: str, expected: int) -> None:
    member = make_member(role, partner=shop[0])
    assert sign_in(Client(), member).get(path).status_code == expected


def test_visitor_is_sent_to_sign_in_and_mar_staff_find_nothing_here(client: Client) -> None:
    response = client.get("/tpr/orders/")
    assert (response.status_code, response["Location"].startswith("/accounts/login/")) == (302, True)
    staff = sign_in(Client(), make_member("mar_admin"))
    assert staff.get("/tpr/orders/").status_code == 404


@pytest.mark.parametrize("path", ["/tpr/orders/", "/tpr/keys/", "/tpr/builds/", "/tpr/devices/"])
def test_lists_ask_as_many_queries_for_three_rows_as_for_one(
    shop: Any, path: str, django_assert_max_num_queries: Any
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    partner, product, owner = shop
    _build(partner, product, owner)
    client = sign_in(Client(), owner)
    client.get(path)
    with CaptureQueriesContext(connection) as one:
        client.get(path)
    with partner_scope(partner.id):
        for number in range(2):
            key = ProductKey.objects.filter(state=11).order_by("id").first()
            if key is None:
                break
            reveal_key(
                partner_id=partner.id, product_key_id=key.product_key_id,
                device=DeviceIdentity("DELL", "7490", f"SER{number}XYZ"), reason="Station is down",
                by=actor_for(owner, partner=partner), at=AT,
            )  # fmt: skip
    _order(partner, product, owner)
    with CaptureQueriesContext(connection) as three:
        client.get(path)
    assert len(three) == len(one)
    # The keys' page says how long the keys last as well.
    assert len(one) <= (18 if path == "/tpr/keys/" else 16)
