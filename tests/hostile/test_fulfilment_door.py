"""Hostile deliveries at the door of the stock: refused in plain words, nothing taken in, no key shown."""

import re
from typing import Any
from uuid import UUID

import pytest
from django.utils import timezone

from licensing.services.import_check import validate_batch
from tests.hostile.shop import Shop, changed_tables, contents, is_plain, sentence_of, stored_files
from tests.licensing.exchange.corpus import (
    CANARY_KEY,
    HEADER,
    MEGABYTE,
    PLACEHOLDER_KEYS,
    good_fulfilment_csv,
    good_fulfilment_xml,
    good_zip,
    hostile_csv_files,
    hostile_csv_rows,
    hostile_xml,
)

pytestmark = pytest.mark.usefixtures("shop")
DOOR = "/mar/stock/imports/new/"
# An import that was refused stays on record with its errors, its own key is destroyed with its pieces.
RECORD = {"licensing_keybatch", "licensing_batchdatakey", "core_outboxitem"}

XML = {
    file.name: file.make
    for file in hostile_xml()
    if file.name
    in {
        "billion laughs", "external entity", "parameter entity", "empty doctype", "200,000 deep", "utf-32 le with bom",
        "declares iso-8859-1", "declares utf-16, is utf-8", "is cp1252", "overlong utf-8", "nul in text",
        "500 KB text", "5,000 attributes", "two roots", "html", "json", "random bytes", "another root",
    }
}  # fmt: skip
CSV = {
    file.name: file.make
    for file in hostile_csv_files()
    if file.name not in {"nothing", "26 MB", "one line of 30 MB", "zip", "xml", "1,000,000 columns"}
}
# One of each kind; every single row is held against the reader in tests/licensing/exchange.
ROWS = {
    name: content
    for name, content, _error in hostile_csv_rows()
    if name
    in {
        "formula = in id", "formula - in key", "formula @ in part", "guarded formula", "tab", "ragged, short",
        "ragged, long", "scientific", "id missing", "id in arabic digits", "key with O", "key with cyrillic",
        "mark 202e in key", "placeholder BBBBB", "placeholder 77777", "placeholder T83GX", "id twice", "key twice",
        "part number too long", "line break in part",
    }
}  # fmt: skip


def upload(shop: Shop, content: bytes, name: str = "delivery.xml") -> Any:
    return shop.upload(shop.keeper, DOOR, "delivery", (name, content))


def checked_page(shop: Shop, response: Any) -> Any:
    """Run the check that the worker would run, and return the import's page."""
    assert response.status_code == 302, sentence_of(response)
    batch_id = re.search(r"imports/([0-9a-f-]{36})/", response.headers["Location"])
    assert batch_id is not None
    validate_batch(UUID(batch_id.group(1)), at=timezone.now())
    return shop.keeper.get(response.headers["Location"])


def is_refused_whole(shop: Shop, content: bytes, name: str) -> None:
    """Assert that a file is refused, at the door or by the check, and that nothing of it is left."""
    before = contents(shop.database)
    answer = upload(shop, content, name)
    if answer.status_code == 302:
        answer = checked_page(shop, answer)
        assert "Nothing of this file was taken" in sentence_of(answer)
        assert changed_tables(before, shop.database) <= RECORD
        errors = shop.keeper.get(f"{answer.request['PATH_INFO']}errors.csv")
        assert is_plain(errors)
        assert len(errors.content.splitlines()) > 1
    else:
        assert answer.status_code in (413, 422), sentence_of(answer)
        assert changed_tables(before, shop.database) == set()
    assert is_plain(answer)
    assert stored_files() == []


@pytest.mark.parametrize("make", XML.values(), ids=XML)
def test_hostile_xml_is_refused_and_nothing_of_it_stays(shop: Shop, make: Any) -> None:
    is_refused_whole(shop, make(), "delivery.xml")


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.97])
def test_truncated_delivery_is_refused(shop: Shop, share: float) -> None:
    whole = good_fulfilment_xml(5)
    is_refused_whole(shop, whole[: int(len(whole) * share)], "delivery.xml")


@pytest.mark.parametrize("make", CSV.values(), ids=CSV)
def test_hostile_csv_is_refused_and_nothing_of_it_stays(shop: Shop, make: Any) -> None:
    is_refused_whole(shop, make(), "delivery.csv")


@pytest.mark.parametrize("content", ROWS.values(), ids=ROWS)
def test_one_bad_row_refuses_the_whole_delivery(shop: Shop, content: bytes) -> None:
    is_refused_whole(shop, content, "delivery.csv")


@pytest.mark.parametrize("name", ["delivery.xml", "delivery.csv", "delivery.zip"])
def test_zip_under_any_name_is_refused(shop: Shop, name: str) -> None:
    is_refused_whole(shop, good_zip(), name)


def test_placeholder_keys_in_good_xml_are_refused(shop: Shop) -> None:
    good = good_fulfilment_xml(3).decode()
    is_refused_whole(shop, good.replace(CANARY_KEY, PLACEHOLDER_KEYS[0]).encode(), "delivery.xml")


def test_empty_file_and_empty_form_are_told_what_to_do(shop: Shop) -> None:
    before = contents(shop.database)
    for answer in (upload(shop, b""), shop.keeper.post(DOOR, {})):
        assert answer.status_code == 422
        assert "error-summary" in answer.content.decode()
    assert changed_tables(before, shop.database) == set()


def test_more_than_64_megabytes_get_a_page_of_their_own(shop: Shop) -> None:
    before = contents(shop.database)
    content = f"{HEADER}\n".encode() + b"x" * (66 * MEGABYTE)
    answer = upload(shop, content, "delivery.csv")
    assert answer.status_code == 413
    assert is_plain(answer)
    assert changed_tables(before, shop.database) == set()


def test_bytes_are_counted_while_they_come(shop: Shop) -> None:
    """The announced length lies below the first limit; the file itself is a megabyte too large."""
    body = (
        b"--b\r\nContent-Disposition: form-data; name=delivery; filename=a.csv\r\n\r\n"
        + b"x" * (65 * MEGABYTE)
        + b"\r\n--b--\r\n"
    )
    answer = shop.keeper.generic("POST", DOOR, data=body, content_type="multipart/form-data; boundary=b")
    assert answer.status_code == 413
    assert is_plain(answer)


def test_file_name_full_of_tricks_is_shown_harmlessly(shop: Shop) -> None:
    name = f"../../etc/=cmd|<script>alert(1)</script>{CANARY_KEY}.csv"
    page = checked_page(shop, upload(shop, good_fulfilment_csv(2) + b"=1,2,3\r\n", name))
    text = page.content.decode()
    assert is_plain(page)
    assert "<script>alert" not in text
    assert "../" not in sentence_of(page)
