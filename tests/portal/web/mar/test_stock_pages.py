"""Stock and imports in the browser: who may do what, the whole way of a file, and refusals in plain words."""

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from core.tenancy import mar_scope
from licensing.models import KeyBatch, ProductKey
from licensing.services.import_check import validate_batch
from licensing.services.import_release import complete_release
from licensing.services.import_samples import sample_delivery
from licensing.services.imports import receive_upload
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def lpn() -> str:
    make_mar()
    return str(make_product().lpn)


def delivery(lpn: str, *, keys: int = 3, file_format: str = "xml") -> bytes:
    return sample_delivery(
        file_format, keys=keys, part_numbers=[lpn], sold_to_id="0000123456", seed="page", at=AT
    )


def batch_of(content: bytes, *, by: Any = None) -> KeyBatch:
    with mar_scope():
        batch = receive_upload(
            [content], file_name="delivery.xml", by=actor_for(by or make_member("mar_stock")), at=AT
        )
    validate_batch(batch.id, at=AT)
    return batch


def as_role(role: str, **fields: Any) -> Client:
    return sign_in(Client(), make_member(role, **fields))


def pages(batch: KeyBatch) -> dict[str, str]:
    return {
        "stock": reverse("mar:stock"),
        "new": reverse("mar:import-new"),
        "detail": reverse("mar:import-detail", args=[batch.id]),
        "progress": reverse("mar:import-progress", args=[batch.id]),
        "errors": reverse("mar:import-errors", args=[batch.id]),
        "release": reverse("mar:import-release", args=[batch.id]),
        "reject": reverse("mar:import-reject", args=[batch.id]),
        "sample": reverse("mar:sample-fulfilment"),
    }


VIEWED = {"stock": 200, "detail": 200, "progress": 302, "errors": 200}


@pytest.mark.parametrize(
    ("role", "expected"),
    [
        ("mar_stock", VIEWED | {"new": 200, "sample": 200, "release": 200, "reject": 200}),
        ("mar_admin", VIEWED | {"new": 200, "sample": 200, "release": 403, "reject": 403}),
        ("mar_approver", VIEWED | {"new": 403, "sample": 403, "release": 200, "reject": 200}),
        ("mar_finance", VIEWED | {"new": 403, "sample": 403, "release": 403, "reject": 403}),
        ("compliance", VIEWED | {"new": 404, "sample": 404, "release": 404, "reject": 404}),
        ("auditor", VIEWED | {"new": 404, "sample": 404, "release": 404, "reject": 404}),
    ],
)
def test_each_role_meets_what_it_may_do(lpn: str, role: str, expected: dict[str, int]) -> None:
    batch, client = batch_of(delivery(lpn)), as_role(role)
    assert {name: client.get(url).status_code for name, url in pages(batch).items()} == expected


def test_stranger_finds_nothing_and_visitor_is_led_to_sign_in(lpn: str) -> None:
    batch = batch_of(delivery(lpn))
    stranger = as_role("tpr_owner", partner=make_partner())
    for url in pages(batch).values():
        assert stranger.get(url).status_code == 404
        answer = Client().get(url)
        assert (answer.status_code, answer["Location"].startswith("/accounts/login/")) == (302, True)


@pytest.mark.parametrize("role", ["mar_admin", "mar_finance", "compliance"])
def test_release_and_reject_by_a_role_without_the_right_change_nothing(lpn: str, role: str) -> None:
    batch, client = batch_of(delivery(lpn)), as_role(role)
    for name in ("release", "reject"):
        assert client.post(pages(batch)[name], {"reason": "x"}).status_code in (403, 404)
    with mar_scope():
        assert KeyBatch.objects.get().state == "ready"


def test_a_file_goes_from_upload_over_progress_and_second_person_to_stock(lpn: str) -> None:
    keeper, approver = as_role("mar_stock"), as_role("mar_approver")
    file = SimpleUploadedFile("october.xml", delivery(lpn))
    answer = keeper.post(reverse("mar:import-new"), {"delivery": file})
    with mar_scope():
        batch = KeyBatch.objects.get()
    assert answer["Location"] == pages(batch)["detail"]
    waiting = keeper.get(pages(batch)["detail"]).content.decode()
    assert f'hx-get="{pages(batch)["progress"]}"' in waiting
    poll = {"HTTP_HX_REQUEST": "true"}
    assert b"Waiting for the check" in keeper.get(pages(batch)["progress"], **poll).content
    validate_batch(batch.id, at=AT)
    assert keeper.get(pages(batch)["progress"], **poll)["HX-Refresh"] == "true"

    own = keeper.get(pages(batch)["detail"]).content.decode()
    assert "somebody else releases it" in own
    assert pages(batch)["release"] not in own
    assert "Release 3 keys to stock?" in strip(approver.get(pages(batch)["release"]))
    assert approver.post(pages(batch)["release"]).status_code == 302
    assert b"Moving the keys into stock" in approver.get(pages(batch)["detail"]).content
    with mar_scope():
        complete_release(batch.id, at=AT)
    assert "3 keys came into stock" in strip(approver.get(pages(batch)["detail"]))
    stock = approver.get(reverse("mar:stock")).content.decode()
    assert "adds up" in stock
    assert "october.xml" in stock


def strip(answer: Any) -> str:
    import re

    return " ".join(re.sub(r"<[^>]+>", "", answer.content.decode()).split())


def test_the_uploader_is_refused_with_the_reason_and_it_is_audited(lpn: str) -> None:
    uploader = make_member("mar_stock")
    batch = batch_of(delivery(lpn), by=uploader)
    client = sign_in(Client(), uploader)
    assert client.get(pages(batch)["release"])["Location"] == pages(batch)["detail"]
    answer = client.post(pages(batch)["release"])
    assert answer.status_code == 409
    assert b"The person who uploaded a delivery cannot release it." in answer.content
    with mar_scope(), connection.cursor() as cursor:
        assert KeyBatch.objects.get().state == "ready"
        cursor.execute("SELECT facts->>'code' FROM core_auditevent WHERE action = 'portal.request.refused'")
        assert cursor.fetchall() == [("same_person",)]


def test_upload_of_a_known_file_leads_to_the_earlier_import(lpn: str) -> None:
    batch = batch_of(delivery(lpn))
    answer = as_role("mar_stock").post(
        reverse("mar:import-new"), {"delivery": SimpleUploadedFile("again.xml", delivery(lpn))}
    )
    assert answer.status_code == 422
    assert pages(batch)["detail"] in answer.content.decode()
    with mar_scope():
        assert KeyBatch.objects.count() == 1


def test_upload_without_a_file_says_so() -> None:
    answer = as_role("mar_stock").post(reverse("mar:import-new"), {})
    assert answer.status_code == 422
    assert b"Choose the file first." in answer.content


def test_errors_are_shown_by_row_and_downloaded_without_a_key(lpn: str) -> None:
    content = delivery(lpn, file_format="csv").decode()
    key = content.split("\r\n")[2].split(",")[1]
    batch = batch_of(content.replace(key, key[:-1] + "!").encode())
    client = as_role("mar_stock")
    page = client.get(pages(batch)["detail"]).content.decode()
    file = client.get(pages(batch)["errors"]).content.decode("utf-8-sig")
    assert "This is not a product key" in page
    assert file.split("\r\n")[1].startswith('3,,product_key,product_key_syntax,"This is not a product key')
    assert key[:-1] not in page + file


def test_rejection_asks_for_a_reason_and_shows_it(lpn: str) -> None:
    batch, client = batch_of(delivery(lpn)), as_role("mar_approver")
    assert client.post(pages(batch)["reject"], {"reason": " "}).status_code == 422
    assert client.post(pages(batch)["reject"], {"reason": "Wrong customer"}).status_code == 302
    assert b"Wrong customer" in client.get(pages(batch)["detail"]).content
    with mar_scope():
        assert KeyBatch.objects.get().state == "rejected"
        assert ProductKey.objects.count() == 0


@pytest.mark.parametrize("file_format", ["xml", "csv"])
def test_a_downloaded_sample_imports_without_errors_and_is_new_each_time(lpn: str, file_format: str) -> None:
    client = as_role("mar_stock")
    first, second = (client.get(reverse("mar:sample-fulfilment"), {"format": file_format}) for _ in range(2))
    assert first["Content-Disposition"].endswith(f'.{file_format}"')
    for sample in (first, second):
        batch = batch_of(sample.content)
        with mar_scope():
            batch.refresh_from_db()
        assert (batch.state, batch.keys_total, batch.errors) == ("ready", 25, [])


def test_unknown_import_is_not_found() -> None:
    client = as_role("mar_stock")
    assert client.get("/mar/stock/imports/00000000-0000-4000-8000-000000000000/").status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_stock_page_needs_the_same_queries_for_one_row_and_for_three(rows: int) -> None:
    for _ in range(rows):
        make_stock(make_product(), 1)
    client = as_role("mar_finance")
    client.get(reverse("mar:stock"))
    with CaptureQueriesContext(connection) as queries:
        assert client.get(reverse("mar:stock")).status_code == 200
    assert len([query for query in queries if "licensing_" in query["sql"]]) == 15
