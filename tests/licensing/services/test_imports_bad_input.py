"""Bad deliveries are refused in plain words, with the row named, and change nothing."""

from typing import Any

import pytest

from core.errors import DomainError
from core.tenancy import mar_scope
from licensing.models import BatchDataKey, Fulfilment, KeyBatch, KeyBatchChunk, ProductKey, StagedKey
from licensing.rules.key_syntax import synthetic_key
from licensing.services.import_check import validate_batch
from licensing.services.import_errors import in_groups, in_words
from licensing.services.import_samples import sample_delivery
from licensing.services.imports import receive_upload
from tests.factories import AT, actor_for, make_mar, make_member, make_product

pytestmark = pytest.mark.django_db

HEADER = "product_key_id,product_key,licensable_part_number,fulfilment_number"
LPN = "XYZ-00001"


@pytest.fixture(autouse=True)
def programme() -> None:
    make_mar()
    make_product(lpn=LPN)


def key(number: int) -> str:
    return synthetic_key(seed="bad", number=number)


def row(number: int, *, lpn: str = LPN, text: str = "", key_id: str = "", fulfilment: str = "1001") -> str:
    return f"{key_id or f'33{number:011d}'},{text or key(number)},{lpn},{fulfilment}"


def refused(content: bytes | str) -> list[tuple[int, str, str]]:
    """Upload and check; return row, field and code of each error after making sure nothing is left."""
    with mar_scope():
        by = actor_for(make_member("mar_stock"))
        batch = receive_upload(
            [content.encode() if isinstance(content, str) else content], file_name="bad", by=by, at=AT
        )
    validate_batch(batch.id, at=AT)
    with mar_scope():
        batch.refresh_from_db()
        assert batch.state == "refused"
        assert batch.error_count >= len(batch.errors) > 0
        left = [model.objects.count() for model in (ProductKey, StagedKey, Fulfilment, KeyBatchChunk)]
        assert left == [0, 0, 0, 0]
        assert bytes(BatchDataKey.objects.get(batch=batch).wrapped) == b""
    words = in_words(batch.errors)
    assert all(len(error.text) > 20 and "{" not in error.text for error in words)
    shown = "".join(error.text for error in words) + str(batch.errors)
    assert not [number for number in range(10) if key(number)[6:] in shown]
    return [(error.row, error.field, error.code) for error in words]


def csv(*rows: str) -> str:
    return "\r\n".join([HEADER, *rows]) + "\r\n"


@pytest.mark.parametrize(
    ("rows", "expected"),
    [
        ((row(1), row(2) + ",surplus"), [(3, "", "columns_missing")]),
        ((row(1, fulfilment="=1+1"),), [(2, "fulfilment_number", "formula")]),
        ((row(1, key_id="=SUM(A1)"),), [(2, "product_key_id", "formula")]),
        (
            (row(1), row(1)),
            [(3, "product_key_id", "product_key_id_twice"), (3, "product_key", "product_key_twice")],
        ),
        ((row(1), row(2, text=key(1))), [(3, "product_key", "product_key_twice")]),
        ((row(1), row(2, lpn="XYZ-99999")), [(3, "licensable_part_number", "lpn_unknown")]),
        ((row(1, text="BBBBB-BBBBB-BBBBB-BBBBB-BBBBB"),), [(2, "product_key", "product_key_placeholder")]),
        ((row(1, text="VK7JG-NPHTM-C97JM-9MPGT-3V66T"),), [(2, "product_key", "product_key_placeholder")]),
        ((row(1, text="BCDFG"),), [(2, "product_key", "product_key_syntax")]),
        ((row(1, key_id="3.3E+12"),), [(2, "product_key_id", "scientific")]),
        ((row(1, fulfilment="10 01"),), [(2, "fulfilment_number", "fulfilment_syntax")]),
    ],
)
def test_bad_row_is_named(rows: tuple[str, ...], expected: list[tuple[int, str, str]]) -> None:
    assert refused(csv(*rows)) == expected


def test_one_fulfilment_with_two_products_is_refused() -> None:
    make_product(lpn="XYZ-00002")
    assert refused(csv(row(1), row(2, lpn="XYZ-00002"))) == [(3, "fulfilment_number", "fulfilment_mixed")]


def test_more_than_5000_keys_in_one_fulfilment_are_refused() -> None:
    assert refused(csv(*(row(number) for number in range(5001)))) == [
        (5002, "fulfilment_number", "too_many_keys")
    ]


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("wrong,columns\r\n1,2\r\n", "csv_header"),
        (HEADER + "\r\n", "csv_empty"),
        (b"\xff\xfe" + HEADER.encode("utf-16-le"), "csv_encoding"),
        (HEADER + '\r\n"never closed\r\n', "csv_quotes"),
        ('<!DOCTYPE a [<!ENTITY a "b">]><FulfillmentResponse/>', "xml_doctype"),
        ('<?xml version="1.0"?><!DOCTYPE a SYSTEM "file:///etc/passwd"><a/>', "xml_doctype"),
        ("<a>" * 200_000, "xml_wrong_root"),
        ("<FulfillmentResponse>" + "<a>" * 200_000, "xml_too_deep"),
        ("<Key><ProductKeyID>1</ProductKeyID></Key>", "xml_wrong_root"),
        ("<FulfillmentResponse/>", "no_keys"),
    ],
)
def test_file_that_cannot_be_read_as_a_whole_is_refused(content: str | bytes, code: str) -> None:
    assert refused(content) == [(0, "", code)]


def xml(**options: object) -> bytes:
    given = {"keys": 3, "part_numbers": [LPN], "sold_to_id": "0000123456", "seed": "bad", "at": AT} | options
    return sample_delivery("xml", **given)  # type: ignore[arg-type]


def test_truncated_xml_is_refused_whether_read_here_or_by_a_process_of_its_own() -> None:
    assert refused(xml()[:-40])[-1][2] == "xml_broken"
    big = xml(keys=11_000)
    assert len(big) > 1024 * 1024
    assert refused(big[:-40])[-1][2] == "xml_broken"


def test_delivery_for_another_customer_is_refused() -> None:
    assert refused(xml(sold_to_id="0000999999")) == [(0, "sold_to_customer_id", "sold_to_foreign")]


def test_leading_zeros_do_not_make_another_customer() -> None:
    with mar_scope():
        by = actor_for(make_member("mar_stock"))
        batch = receive_upload([xml(sold_to_id="123456")], file_name="good", by=by, at=AT)
    validate_batch(batch.id, at=AT)
    with mar_scope():
        assert KeyBatch.objects.get(id=batch.id).state == "ready"


def test_unknown_part_number_of_a_delivery_is_one_error_not_one_for_each_key() -> None:
    assert refused(xml(part_numbers=["QQQ-11111"])) == [(0, "licensable_part_number", "lpn_unknown")]


def test_delivery_without_a_number_is_refused() -> None:
    content = xml()
    start, end = content.index(b"<FulfillmentNumber>"), content.index(b"</FulfillmentNumber>")
    assert refused(content[:start] + content[end + len(b"</FulfillmentNumber>") :]) == [
        (0, "fulfilment_number", "fulfilment_required")
    ]


def test_the_same_delivery_twice_in_one_file_is_refused() -> None:
    content = xml(keys=1)
    start, end = content.index(b"<KeyFulfillment>"), content.index(b"</Fulfillments>")
    codes = {code for _row, _field, code in refused(content[:end] + content[start:end] + content[end:])}
    assert codes == {"product_key_id_twice", "product_key_twice", "fulfilment_twice"}


def test_errors_are_capped_but_counted() -> None:
    rows = [row(number, lpn="XYZ-99999") for number in range(1, 301)]
    with mar_scope():
        batch = receive_upload(
            [csv(*rows).encode()], file_name="bad", by=actor_for(make_member("mar_stock")), at=AT
        )
    validate_batch(batch.id, at=AT)
    with mar_scope():
        batch.refresh_from_db()
    assert (len(batch.errors), batch.error_count) == (200, 300)


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "empty_file"),
        (b"PK\x03\x04 an xlsx", "not_a_delivery"),
        (b"\x7fELF\0\0\0", "not_a_delivery"),
        (b"product_key_id\n" + b"x" * (25 * 2**20), "file_too_large"),
        (b"<a>" + b"x" * (64 * 2**20), "file_too_large"),
    ],
)
def test_upload_that_cannot_be_a_delivery_is_not_taken_in(content: bytes, code: str) -> None:
    with mar_scope(), pytest.raises(DomainError) as error:
        receive_upload([content], file_name="bad", by=actor_for(make_member("mar_stock")), at=AT)
    assert error.value.code == code
    with mar_scope():
        assert KeyBatch.objects.count() + KeyBatchChunk.objects.count() == 0


def test_a_key_in_the_file_name_is_masked() -> None:
    with mar_scope():
        batch = receive_upload(
            [xml()], file_name=f"C:\\keys\\{key(1)}.xml", by=actor_for(make_member("mar_stock")), at=AT
        )
    assert batch.file_name == f"•••••-{key(1)[-5:]}.xml"


def test_a_changed_or_shortened_upload_is_refused() -> None:
    content = csv(*(row(number, fulfilment="") for number in range(1, 5_001))).encode() * 2
    for spoil in ("shorten", "swap"):
        with mar_scope():
            by = actor_for(make_member("mar_stock"))
            batch = receive_upload([content + spoil.encode()], file_name="x", by=by, at=AT)
            chunks = list(batch.chunks.all())
            assert len(chunks) > 2
            if spoil == "shorten":
                chunks[-1].delete()
            else:
                KeyBatchChunk.objects.filter(id=chunks[0].id).update(sealed=bytes(chunks[1].sealed))
        validate_batch(batch.id, at=AT)
        with mar_scope():
            batch.refresh_from_db()
        assert [error["code"] for error in batch.errors] == ["upload_changed"]


def test_the_same_error_in_rows_that_follow_each_other_is_drawn_together() -> None:
    entries = [
        {"row": number, "line": None, "field": "x", "code": code, "params": {}}
        for number, code in ((0, "no_keys"), (2, "required"), (3, "required"), (4, "formula"), (6, "formula"))
    ]
    groups = in_groups(in_words(entries))
    assert [(group.first_row, group.last_row) for group in groups] == [(0, 0), (2, 3), (4, 4), (6, 6)]


def test_made_up_key_never_comes_into_stock_where_keys_are_reported_to_microsoft(settings: Any) -> None:
    settings.DEMO_ENABLED, settings.EXCHANGE_CONNECTOR = False, "file"
    assert refused(csv(row(1))) == [(2, "product_key", "key_synthetic")]
