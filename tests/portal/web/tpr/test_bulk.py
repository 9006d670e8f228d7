"""Keys by file in the browser: public key, list of PCs, one download; owners only, and never twice."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.models import BulkHandOver, DeliveryKey, ProductKey
from licensing.services.orders import OrderRequest, place_order
from tests.factories import AT, make_member, make_partner, make_product, make_stock
from tests.web import sign_in

pytestmark = pytest.mark.django_db
LIST = b"manufacturer;model;serial\r\nLENOVO;20N2;PF1ABC\r\nDELL;5490;XYZ12\r\n"


@pytest.fixture
def shop() -> Any:
    import pyrage

    partner, product, secret = make_partner(), make_product(), pyrage.x25519.Identity.generate()
    make_stock(product, 4)
    with partner_scope(partner.id):
        place_order(
            partner_id=partner.id, request=OrderRequest(product.id, 3), idempotency_key="o",
            by=Actor.system("test"), at=AT,
        )  # fmt: skip
    return partner, product, secret, sign_in(Client(), make_member("tpr_owner", partner=partner))


def _register(client: Client, secret: Any) -> None:
    assert client.post("/tpr/keys/public-key/", {"recipient": str(secret.to_public())}).status_code == 302


def _a_day_passes() -> None:
    with mar_scope():
        then = timezone.now() - timedelta(days=2)
        DeliveryKey.objects.update(registered_at=then, usable_from=then + timedelta(days=1))


def _ask(client: Client, product: Any, content: bytes = LIST) -> Any:
    return client.post(
        "/tpr/keys/files/new/",
        {
            "product": product.pk,
            "reason": "No network there",
            "devices": SimpleUploadedFile("pcs.csv", content),
        },
    )


def test_from_public_key_to_a_file_that_the_partners_machine_opens(shop: Any) -> None:
    import pyrage

    _partner, product, secret, client = shop
    assert client.post("/tpr/keys/public-key/", {"recipient": "age1nonsense"}).status_code == 422
    _register(client, secret)
    assert _ask(client, product).status_code == 409  # its day has not passed
    _a_day_passes()
    offer = _ask(client, product)
    assert offer.status_code == 200, offer.content
    assert "no-store" in offer["Cache-Control"]
    token, bulk = offer.context["token"], offer.context["bulk"]
    address = f"/tpr/keys/files/{bulk.pk}/download/"
    assert client.get(address).status_code == 405
    assert client.post(address, {"token": "x"}).status_code == 409
    got = client.post(address, {"token": token})
    assert got.status_code == 200
    assert "no-store" in got["Cache-Control"]
    plain = pyrage.decrypt(got.content, [secret]).decode()
    assert plain.count("\r\n") == 3
    assert client.post(address, {"token": token}).status_code == 409
    page = client.get(f"/tpr/keys/files/{bulk.pk}/").content.decode()
    assert "PF1ABC" in page
    for row in plain.splitlines()[1:]:
        assert row.split(",")[-1] not in page
    again = client.post(f"/tpr/keys/files/{bulk.pk}/again/", {"reason": "Disk broke"})
    assert again.status_code == 200
    assert again.context["token"] != token


def test_wrong_rows_are_named_and_nothing_is_taken(shop: Any) -> None:
    _partner, product, secret, client = shop
    _register(client, secret)
    _a_day_passes()
    answer = _ask(client, product, b"manufacturer;model;serial\r\nLENOVO;;PF1\r\n")
    assert answer.status_code == 422
    assert "Row 2" in answer.content.decode()
    assert _ask(client, product, b"a;b\r\n1;2\r\n").status_code == 422
    with mar_scope():
        assert ProductKey.objects.filter(state=12).count() == 0


def test_only_an_owner_with_a_fresh_factor_makes_files(shop: Any) -> None:
    partner, product, _secret, _client = shop
    technician = sign_in(Client(), make_member("tpr_technician", partner=partner))
    assert technician.get("/tpr/keys/files/").status_code == 403
    tired = sign_in(Client(), make_member("tpr_owner", partner=partner), second_factor_age=301)
    assert _ask(tired, product).status_code == 302
    with mar_scope():
        assert BulkHandOver.objects.count() == 0


def test_the_list_costs_as_many_queries_with_three_files_as_with_one(shop: Any) -> None:
    partner, product, _secret, client = shop
    with mar_scope():
        key = DeliveryKey.objects.create(
            partner=partner, recipient="age1", fingerprint="0", registered_by="Owner", registered_at=AT,
            usable_from=AT + timedelta(days=1),
        )  # fmt: skip
    counts = []
    for number in range(3):
        with mar_scope():
            BulkHandOver.objects.create(
                partner=partner, product=product, quantity=1, reason="Line", delivery_key=key, asked_by="Owner",
                asked_at=AT, sha256="0" * 64, token_hash=b"0" * 32, expires_at=AT,
            )  # fmt: skip
        if number == 1:
            continue
        client.get("/tpr/keys/files/")
        with CaptureQueriesContext(connection) as queries:
            assert client.get("/tpr/keys/files/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]
