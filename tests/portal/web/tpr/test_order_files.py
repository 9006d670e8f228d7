"""Order by file in the browser: upload, look, one yes; faults by row, and who may."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.tenancy import mar_scope
from licensing.models import Order, OrderFile
from tests.factories import make_mar, make_member, make_partner, make_product, make_stock
from tests.web import sign_in

pytestmark = pytest.mark.django_db
NEW = "/tpr/orders/files/new/"


@pytest.fixture
def shop() -> Any:
    make_mar()
    partner, product = make_partner(), make_product(price="40.00")
    make_stock(product, 9)
    return partner, product, sign_in(Client(), make_member("tpr_buyer", partner=partner))


def _send(client: Client, content: str) -> Any:
    return client.post(NEW, {"orders": SimpleUploadedFile("may.csv", content.encode())})


def _file(product: Any, *quantities: int) -> str:
    rows = [f"R{place};{product.code};{quantity}" for place, quantity in enumerate(quantities)]
    return "\r\n".join(["order_reference;product;quantity", *rows, ""])


def test_from_upload_to_orders_in_two_presses(shop: Any) -> None:
    _partner, product, client = shop
    sent = _send(client, _file(product, 2, 3))
    page = client.get(sent["Location"])
    assert (page.context["look"].is_accepted, str(page.context["look"].total)) == (True, "200.00")
    with mar_scope():
        assert Order.objects.count() == 0
    yes = {"accepted": "200.00", "mode": "all"}
    for _press in range(2):
        assert client.post(f"{sent['Location']}place/", yes).status_code == 302
    with mar_scope():
        assert sorted(Order.objects.values_list("reference", "channel")) == [("R0", "csv"), ("R1", "csv")]
    assert client.get(sent["Location"]).context["state"] == "placed"
    again = client.get(_send(client, _file(product, 2, 3))["Location"])
    assert again.context["same"] is not None


def test_faults_stand_by_their_row_and_nothing_is_kept(shop: Any) -> None:
    _partner, product, client = shop
    answer = _send(client, _file(product, 1, 0))
    assert (answer.status_code, [fault.row for fault in answer.context["faults"]]) == (422, [3])
    assert client.post(NEW, {}).status_code == 422
    with mar_scope():
        assert OrderFile.objects.count() == 0


def test_file_that_is_refused_in_part_says_why_and_places_the_rest_on_a_yes(shop: Any) -> None:
    _partner, product, client = shop
    address = _send(client, _file(product, 8, 5))["Location"]
    page = client.get(address)
    assert [one["refusals"][0].code for one in page.context["refused"]] == ["out_of_stock"]
    refused = client.post(f"{address}place/", {"mode": "all"})
    assert refused.status_code == 409
    dearer = client.post(f"{address}place/", {"mode": "partial", "accepted": "1.00"})
    assert dearer.status_code == 409
    with mar_scope():
        assert Order.objects.count() == 0
    assert client.post(f"{address}place/", {"mode": "partial", "accepted": "320.00"}).status_code == 302
    with mar_scope():
        assert list(Order.objects.values_list("reference", flat=True)) == ["R0"]


def test_sample_is_a_file_that_passes(shop: Any) -> None:
    _partner, _product, client = shop
    sample = client.get("/tpr/orders/files/sample.csv").content.decode()
    page = client.get(_send(client, sample)["Location"])
    assert page.context["look"].is_accepted


def test_colleague_without_the_right_looks_but_does_not_order_and_a_stranger_finds_nothing(shop: Any) -> None:
    partner, product, client = shop
    address = _send(client, _file(product, 1))["Location"]
    finance = sign_in(Client(), make_member("tpr_finance", partner=partner))
    assert finance.get(address).status_code == 200
    assert finance.get(NEW).status_code == 403
    assert finance.post(f"{address}place/").status_code == 403
    stranger = sign_in(Client(), make_member("tpr_owner", partner=make_partner()))
    assert stranger.get(address).status_code == 404
    assert stranger.post(f"{address}place/").status_code == 404


def test_the_list_costs_as_many_queries_with_three_files_as_with_one(shop: Any) -> None:
    _partner, product, client = shop
    counts = []
    for number in range(3):
        _send(client, _file(product, number + 1))
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get("/tpr/orders/files/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[2]
