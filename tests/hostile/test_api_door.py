"""Hostile bodies at the API's door: a problem document in plain words, never a fault, nothing changed."""

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest
from django.test import Client

from licensing.exchange.samples import sample_hardware_hash
from tests.hostile.shop import KEY, Shop, changed_tables, contents, is_plain, sentence_of
from tests.licensing.exchange.corpus import CANARY_KEY

DEEP = 100_000
REFUSED = (400, 404, 409, 413, 422)
GOOD: dict[str, dict[str, Any]] = {
    "orders": {"product": "WIN11-PRO-REF", "quantity": 1, "reference": "PO 7"},
    "orders:preflight": {"product": "WIN11-PRO-REF", "quantity": 1},
    "keys:claim": {
        "product": "WIN11-PRO-REF",
        "device": {"manufacturer": "LENOVO", "model": "T490", "serial": "PF9"},
    },
    "builds": {
        "product_key_id": "3300000000017",
        "hardware_hash": sample_hardware_hash("api"),
        "serial": "PF9",
        "device": {"form_factor_cl1": "Notebook", "screen_size": "14.0"},
        "optional_info": {"ZOEM_EXT_ID": "1"},
    },
}
ODD_VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 1.5, 10**400, 1e308, "", " ", "\0", "a\0b", "\ud800", "\u202e", "x" * 100_000, "=1+1", [], {},
    [[]], {"a": 1}, ["a"], CANARY_KEY, "NaN", "٣", "1e9", "' OR 1=1 --", "9" * 400,
)  # fmt: skip
# A value may be odd to us and still good: text in free fields, and numbers written as text.
MAY_PASS = (200, 201)


def broken_bodies() -> Iterator[tuple[str, bytes]]:
    yield "nothing", b""
    yield "not json", b"<a/>"
    yield "cut off", b'{"product": "WIN'
    yield "text", b'"WIN11"'
    yield "list", b"[]"
    yield "number", b"1"
    yield "null", b"null"
    yield "deep lists", b"[" * DEEP + b"]" * DEEP
    yield "deep lists, not closed", b"[" * DEEP
    yield "deep objects", b'{"a":' * DEEP + b"1" + b"}" * DEEP
    yield "deep value", b'{"product": ' + b"[" * DEEP + b"]" * DEEP + b', "quantity": 1}'
    yield "NaN", b'{"product": "WIN11-PRO-REF", "quantity": NaN}'
    yield "infinite", b'{"product": "WIN11-PRO-REF", "quantity": 1e999}'
    yield "5,000 digits", b'{"product": "WIN11-PRO-REF", "quantity": ' + b"9" * 5_000 + b"}"
    yield "latin-1", '{"product": "Müller"}'.encode("latin-1")
    yield "overlong utf-8", b'{"product": "\xc0\xbc"}'
    yield "utf-16", '{"product": "a"}'.encode("utf-16")
    yield "nul bytes", bytes(100)
    yield "same name 100,000 times", b"{" + b",".join([b'"product": 1'] * DEEP) + b"}"
    yield "product key as text", json.dumps(CANARY_KEY).encode()


BROKEN = dict(broken_bodies())


def is_refused(
    shop: Shop, path: str, body: bytes, *, statuses: tuple[int, ...] = REFUSED, **headers: str
) -> Any:
    before = contents(shop.database)
    answer = shop.call(path, body, **headers)
    assert answer.status_code in statuses, sentence_of(answer)
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert len(sentence_of(answer)) > 10
    assert is_plain(answer)
    assert changed_tables(before, shop.database) == set()
    return answer


@pytest.mark.parametrize("path", GOOD)
@pytest.mark.parametrize("body", BROKEN.values(), ids=BROKEN)
def test_body_that_is_no_request_is_refused(shop: Shop, path: str, body: bytes) -> None:
    is_refused(shop, path, body)


@pytest.mark.parametrize("path", GOOD)
def test_body_of_ten_megabytes_is_refused(shop: Shop, path: str) -> None:
    body = json.dumps(GOOD[path] | {"reference": "x" * 10_000_000}).encode()
    is_refused(shop, path, body, statuses=(413,))


@pytest.mark.parametrize("path", GOOD)
def test_missing_fields_are_named(shop: Shop, path: str) -> None:
    for name in ("product", "quantity", "device", "product_key_id", "hardware_hash"):
        if name in GOOD[path] and not (path == "builds" and name == "device"):
            body = {key: value for key, value in GOOD[path].items() if key != name}
            answer = is_refused(shop, path, json.dumps(body).encode(), statuses=(422,))
            assert [error["pointer"] for error in answer.json()["errors"]] == [f"/{name}"]


def _places(document: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, value in document.items():
        yield (*path, name)
        if isinstance(value, dict):
            yield from _places(value, (*path, name))


def _with(document: dict[str, Any], place: tuple[str, ...], value: Any) -> dict[str, Any]:
    changed: dict[str, Any] = json.loads(json.dumps(document))
    inner = changed
    for name in place[:-1]:
        inner = inner[name]
    inner[place[-1]] = value
    return changed


PLACES = [(path, place) for path in ("orders:preflight", "builds") for place in _places(GOOD[path])]
PLACES += [("keys:claim", place) for place in _places(GOOD["keys:claim"])]


@pytest.mark.parametrize(
    ("path", "place"), PLACES, ids=lambda part: "/".join([part] if isinstance(part, str) else part)
)
def test_odd_value_in_any_field_is_never_a_fault(shop: Shop, path: str, place: tuple[str, ...]) -> None:
    for value in ODD_VALUES:
        answer = shop.call(path, json.dumps(_with(GOOD[path], place, value)).encode())
        said = (place, str(value)[:30], answer.status_code, sentence_of(answer)[:200])
        assert answer.status_code < 500, said
        if "\0" in str(value) or value == "\ud800":
            assert answer.status_code in (404, 422), said
        if answer.status_code not in MAY_PASS:
            assert is_plain(answer), said


def test_nul_in_a_name_of_a_free_field_is_refused(shop: Shop) -> None:
    for name in ("\0", "a\0b", "\ud800", "x" * 100_000):
        body = GOOD["builds"] | {"optional_info": {name: "1"}}
        is_refused(shop, "builds", json.dumps(body).encode())


def test_unknown_fields_change_nothing(shop: Shop) -> None:
    body = GOOD["orders"] | {"quantity": 0, "price": "0.01", "partner_id": str(shop.foreign.partner_id)}
    is_refused(shop, "orders", json.dumps(body).encode(), statuses=(422,))
    shown = shop.call("orders:preflight", json.dumps(GOOD["orders:preflight"] | {"price": "0.01"}).encode())
    assert shown.json()["amount"] == "40.00"


def test_other_kinds_of_body_are_refused(shop: Shop) -> None:
    for kind in (
        "application/xml",
        "text/plain",
        "multipart/form-data; boundary=x",
        "application/x-www-form-urlencoded",
        "",
    ):
        is_refused(shop, "orders", b"a=1", statuses=(400, 415, 422), content_type=kind)


@pytest.mark.parametrize("key", ["", " ", "x" * 101, "\x00", "ä" * 60, "a\x7fb"])
def test_odd_idempotency_key_is_refused_or_kept_as_it_is(shop: Shop, key: str) -> None:
    before = contents(shop.database)
    answer = shop.call(
        "orders", json.dumps(GOOD["orders"] | {"quantity": 0}).encode(), **{"Idempotency-Key": key}
    )
    assert answer.status_code in (400, 422)
    assert changed_tables(before, shop.database) == set()


@pytest.mark.parametrize(
    "credential",
    ["", "x", "rlp_live_", "rlp_live_" + "x" * 10_000, "rlp_live_\x00", "rlp_live_ü", CANARY_KEY],
)
def test_odd_credentials_are_no_credentials(shop: Shop, credential: str) -> None:
    for path in ("orders", "builds:upload"):
        answer = shop.call(path, b"{}", Authorization=f"Bearer {credential}")
        assert answer.status_code == 401
        assert is_plain(answer)


def _cursor(position: str) -> str:
    return "cursor=" + quote(b64encode(urlencode({"p": position}).encode()))


@pytest.mark.parametrize(
    "query",
    [
        "cursor=%00", "cursor=x", "limit=-1", "limit=1e9", "limit=" + "9" * 400, "cursor=bz05OTk5OTk5OTk5OTk5OTk5",
        _cursor("\0"), _cursor("abc"), _cursor("9" * 30), _cursor("9999-12-31T23:59:59-14:00"), _cursor(CANARY_KEY),
    ],
)  # fmt: skip
def test_odd_paging_is_no_fault(shop: Shop, query: str) -> None:
    for path in ("orders", "keys", "builds"):
        answer = Client(raise_request_exception=False).get(
            f"/api/v1/{path}?{query}", headers={"Authorization": f"Bearer {shop.credential}"}
        )
        assert answer.status_code in (200, 404)
        assert not KEY.search(answer.content.decode())


def test_upload_by_api_without_a_file_or_with_a_bomb_is_refused(shop: Shop) -> None:
    empty = b"--b\r\nContent-Disposition: form-data; name=other\r\n\r\n1\r\n--b--\r\n"
    cut = b'--b\r\nContent-Disposition: form-data; name=file; filename="a.xml"\r\n\r\n<Key'
    no_boundary = "multipart/form-data"
    with_boundary = "multipart/form-data; boundary=b"
    for body, kind in ((empty, with_boundary), (b"", with_boundary), (empty, no_boundary)):
        is_refused(shop, "builds:upload", body, statuses=(400,), content_type=kind)
    answer = shop.call("builds:upload", cut, content_type=with_boundary)
    assert answer.status_code in (200, 400)
    assert answer.status_code == 400 or answer.json()["accepted"] == 0
