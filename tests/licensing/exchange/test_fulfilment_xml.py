import io
import re
import time
import tracemalloc
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.exchange.fulfilment import FulfilmentHeader, FulfilmentRow, FulfilmentSummary
from licensing.exchange.fulfilment_csv import read_fulfilment_csv, write_fulfilment_csv
from licensing.exchange.fulfilment_xml import read_fulfilment_xml, write_fulfilment_xml
from licensing.exchange.refusals import XmlRefused
from licensing.exchange.samples import sample_guid
from licensing.exchange.xsd import validate
from tests.licensing.exchange.corpus import (
    CANARY_KEY,
    PLACEHOLDER_KEYS,
    changed_values,
    fulfilment_header,
    fulfilment_rows,
    good_cbr,
    good_fulfilment_xml,
    good_oa3,
    mutations,
)


def read(data: bytes, **options: int) -> tuple[list[FulfilmentRow], FulfilmentSummary]:
    reader = read_fulfilment_xml(io.BytesIO(data), **options)
    return list(reader), reader.summary


def errors_of(data: bytes) -> list[tuple[int, str, str]]:
    return [(error.row, error.field, error.code) for error in read(data)[1].errors]


names = st.text(st.characters(blacklist_categories=["C", "Zl", "Zp"]), max_size=35).map(str.strip)


@given(st.integers(1, 30), st.integers(1, 3), names)
def test_written_file_is_valid_and_read_back(count: int, deliveries: int, name: str) -> None:
    headers = [
        fulfilment_header(fulfilment_number=str(index), sold_to_customer_name=name, quantity=count)
        for index in range(deliveries)
    ]
    rows = [fulfilment_rows(count, first=index * count) for index in range(deliveries)]
    data = write_fulfilment_xml(zip(headers, rows, strict=True))
    assert validate(data, "fulfilment") == []
    found, summary = read(data)
    assert summary == FulfilmentSummary(count * deliveries, 0, (), tuple(headers))
    assert found == [
        replace(
            row,
            row_number=number,
            fulfilment_index=(number - 1) // count,
            fulfilment_number=str((number - 1) // count),
            oem_part_number="TPR-W11P",
        )
        for number, row in enumerate((row for group in rows for row in group), start=1)
    ]


def test_file_without_namespace_and_in_utf_16_is_read() -> None:
    text = re.sub(r' xmlns="[^"]*"|<\?xml[^>]*>', "", good_fulfilment_xml().decode())
    assert len(read(text.encode())[0]) == 3
    assert len(read(text.encode("utf-16"))[0]) == 3


def test_single_delivery_as_root_is_read() -> None:
    text = re.sub(r"</?(FulfillmentResponse|Fulfillments)[^>]*>", "", good_fulfilment_xml().decode())
    assert len(read(text.encode())[0]) == 3


def test_times_of_any_form_become_utc_and_absent_header_values_stay_empty() -> None:
    text = good_fulfilment_xml().decode()
    text = re.sub(r"<FulfilledDateUTC>[^<]*", "<FulfilledDateUTC>2025-03-04T10:15:00.1234567+01:00", text)
    text = re.sub(r"<OEMPODateUTC>[^<]*</OEMPODateUTC>", "<OEMPODateUTC xmlns:i='urn:i' i:nil='true'/>", text)
    header = read(text.encode())[1].headers[0]
    assert str(header.fulfilled_date_utc) == "2025-03-04 09:15:00.123456+00:00"
    assert header.oem_po_date_utc is None


@pytest.mark.parametrize(
    ("pattern", "put", "expected"),
    [
        (r"<Quantity>3", "<Quantity>4", (0, "quantity", "quantity_mismatch")),
        (r"<Quantity>3", "<Quantity>2", (0, "quantity", "quantity_mismatch")),
        (r"<Quantity>3", "<Quantity>three", (0, "quantity", "number_syntax")),
        (r"<Quantity>3", "<Quantity>-3", (0, "quantity", "number_syntax")),
        (r"<Quantity>3</Quantity>", "", (0, "quantity", "required")),
        (r"<Quantity>", "<Quantity>3</Quantity><Quantity>", (0, "quantity", "ambiguous")),
        (r"<OrderUniqueID>[^<]*", "<OrderUniqueID>x", (0, "order_unique_id", "guid_syntax")),
        (r"<FulfilledDateUTC>[^<]*", "<FulfilledDateUTC>x", (0, "fulfilled_date_utc", "date_syntax")),
        (
            r"<FulfilledDateUTC>[^<]*",
            "<FulfilledDateUTC>0001-01-01T00:00:00+14:00",
            (0, "fulfilled_date_utc", "date_syntax"),
        ),
        (
            r"<SoldToCustomerName>[^<]*",
            f"<SoldToCustomerName>{'x' * 81}",
            (0, "sold_to_customer_name", "too_long"),
        ),
        (r"<LicensablePartNumber>[^<]*", "<LicensablePartNumber>", (0, "licensable_part_number", "required")),
        (
            r"<LicensablePartNumber>[^<]*",
            "<LicensablePartNumber>=1",
            (0, "licensable_part_number", "formula"),
        ),
        (
            r"<ProductKeyID>3300000000001",
            "<ProductKeyID>330000000001",
            (2, "product_key_id", "product_key_id_syntax"),
        ),
        (r"<ProductKeyID>3300000000001", "<ProductKeyID>", (2, "product_key_id", "required")),
        (
            r"<ProductKeyID>3300000000001",
            "<ProductKeyID>3300000000000",
            (2, "product_key_id", "product_key_id_twice"),
        ),
        (CANARY_KEY, CANARY_KEY[:-1] + "A", (1, "product_key", "product_key_syntax")),
        (CANARY_KEY, "", (1, "product_key", "required")),
        (CANARY_KEY, PLACEHOLDER_KEYS[0], (1, "product_key", "product_key_placeholder")),
        (CANARY_KEY, CANARY_KEY + "&#x202E;", (1, "product_key", "characters")),
        (r"<SKUID>SKU-1", f"<SKUID>{'x' * 51}", (1, "sku_id", "too_long")),
        (r"</Keys>", "</Keys><Quantity>3</Quantity>", (0, "keys", "header_after_keys")),
    ],
)
def test_wrong_value_is_named_with_row_and_field(
    pattern: str, put: str, expected: tuple[int, str, str]
) -> None:
    data = re.sub(pattern, put, good_fulfilment_xml().decode(), count=1).encode()
    found = errors_of(data)
    assert expected in found
    assert len(found) <= 2
    summary = read(data)[1]
    assert all(CANARY_KEY[6:11] not in f"{error.message}{error}" for error in summary.errors)


def test_same_key_under_another_id_is_named() -> None:
    second = fulfilment_rows(2)[1].product_key.reveal()
    data = good_fulfilment_xml().replace(second.encode(), CANARY_KEY.encode())
    assert errors_of(data) == [(2, "product_key", "product_key_twice")]


def test_same_id_in_two_deliveries_of_a_file_is_named() -> None:
    header, rows = fulfilment_header(), fulfilment_rows(2)
    other = [
        replace(row, product_key=key.product_key)
        for row, key in zip(rows, fulfilment_rows(2, first=9), strict=True)
    ]
    assert errors_of(write_fulfilment_xml([(header, rows), (header, other)])) == [
        (3, "product_key_id", "product_key_id_twice"),
        (4, "product_key_id", "product_key_id_twice"),
    ]


def test_delivery_without_keys_is_named_and_file_without_delivery_refused() -> None:
    assert (0, "keys", "no_keys") in errors_of(write_fulfilment_xml([(fulfilment_header(), [])]))
    with pytest.raises(XmlRefused) as caught:
        read(write_fulfilment_xml([]))
    assert caught.value.code == "no_keys"


@pytest.mark.parametrize("data", [good_cbr(), good_oa3(), b"<a/>"])
def test_another_kind_of_file_is_refused(data: bytes) -> None:
    with pytest.raises(XmlRefused) as caught:
        read(data)
    assert caught.value.code == "xml_wrong_root"


def test_caps_of_keys_are_kept() -> None:
    deliveries = [(fulfilment_header(), fulfilment_rows(5, first=5 * index)) for index in range(3)]
    data = write_fulfilment_xml(deliveries)
    assert len(read(data, max_keys_per_fulfilment=5, max_keys=15)[0]) == 15
    for options, limit in (({"max_keys_per_fulfilment": 4}, 4), ({"max_keys": 14}, 14)):
        with pytest.raises(XmlRefused) as caught:
            read(data, **options)
        assert (caught.value.code, caught.value.params) == ("too_many_keys", {"limit": limit})


def test_more_deliveries_than_allowed_are_refused() -> None:
    with pytest.raises(XmlRefused) as caught:
        read(b"<Fulfillments>" + b"<KeyFulfillment/>" * 10_001 + b"</Fulfillments>")
    assert (caught.value.code, caught.value.params) == ("too_many_parts", {"limit": 10_000})


def test_keys_outside_a_delivery_are_not_read() -> None:
    ranges = "<Ranges><Key><ProductKeyID>1</ProductKeyID></Key></Ranges>"
    data = re.sub(r"<Ranges ?/>|<Ranges></Ranges>", ranges, good_fulfilment_xml().decode()).encode()
    assert ranges.encode() in data
    found, summary = read(data)
    assert (len(found), summary.error_count) == (3, 0)


def messages_of(data: bytes) -> list[str]:
    try:
        return [error.message for error in read(data)[1].errors]
    except XmlRefused as refusal:
        return [refusal.message]


def test_mutated_file_is_read_or_refused_and_no_error_holds_a_key() -> None:
    good = good_fulfilment_xml(2)
    for data in (*mutations(good, seed=2, count=1_500), *changed_values(good, seed=2, count=1_500)):
        assert CANARY_KEY[6:11] not in " ".join(messages_of(data))


def test_empty_header_is_writable() -> None:
    header = FulfilmentHeader(licensable_part_number="ABC-00001", order_unique_id=sample_guid(1))
    assert validate(write_fulfilment_xml([(header, fulfilment_rows(1))]), "fulfilment") == []


@pytest.mark.slow
def test_100_000_keys_are_read_in_seconds() -> None:
    rows = fulfilment_rows(100_000)
    deliveries = ((fulfilment_header(), rows[start : start + 5_000]) for start in range(0, 100_000, 5_000))
    for reader in (
        read_fulfilment_xml(io.BytesIO(write_fulfilment_xml(deliveries))),
        read_fulfilment_csv(io.BytesIO(write_fulfilment_csv(rows)), max_keys=100_000),
    ):
        started = time.monotonic()
        assert sum(1 for _row in reader) == 100_000
        assert time.monotonic() - started < 20
        assert reader.summary.error_count == 0


@pytest.mark.parametrize("kind", ["xml", "csv"])
def test_memory_grows_by_the_duplicate_check_only(kind: str) -> None:
    rows = fulfilment_rows(20_000)
    xml = write_fulfilment_xml([(fulfilment_header(), rows)])
    readers = {
        "xml": lambda: read_fulfilment_xml(io.BytesIO(xml), max_keys_per_fulfilment=20_000),
        "csv": lambda: read_fulfilment_csv(io.BytesIO(write_fulfilment_csv(rows)), max_keys=20_000),
    }
    reader = readers[kind]()
    tracemalloc.start()
    try:
        for _row in reader:
            pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 10 * 1024 * 1024
