import io

import pytest

from licensing.exchange.fulfilment import FulfilmentRow, FulfilmentSummary
from licensing.exchange.fulfilment_csv import read_fulfilment_csv, write_fulfilment_csv
from licensing.exchange.refusals import CsvRefused
from tests.licensing.exchange.corpus import (
    CANARY_KEY,
    HEADER,
    LPN,
    ROW,
    HostileFile,
    fulfilment_rows,
    good_fulfilment_csv,
    hostile_csv_files,
    hostile_csv_rows,
    mutations,
)

ROWS = list(hostile_csv_rows())


def read(data: bytes, **options: int) -> tuple[list[FulfilmentRow], FulfilmentSummary]:
    reader = read_fulfilment_csv(io.BytesIO(data), **options)
    return list(reader), reader.summary


@pytest.mark.parametrize("file", list(hostile_csv_files()), ids=str)
def test_hostile_csv_is_refused(file: HostileFile) -> None:
    with pytest.raises(CsvRefused) as caught:
        read(file.make())
    assert caught.value.code in file.codes
    shown = f"{caught.value} {caught.value.message} {caught.value.params}"
    assert not any(group in shown for group in CANARY_KEY.split("-"))
    assert caught.value.__context__ is None


@pytest.mark.parametrize(("data", "expected"), [row[1:] for row in ROWS], ids=[row[0] for row in ROWS])
def test_hostile_row_gets_one_error_with_its_row_and_field(
    data: bytes, expected: tuple[int, str, str]
) -> None:
    _rows, summary = read(data)
    assert [(error.row, error.field, error.code) for error in summary.errors] == [expected]
    shown = f"{summary.errors} {summary.errors[0].message}"
    assert not any(group in shown for group in CANARY_KEY.split("-"))


@pytest.mark.parametrize("delimiter", [",", ";"])
@pytest.mark.parametrize("with_bom", [True, False])
def test_written_file_is_read_back(delimiter: str, with_bom: bool) -> None:
    rows = fulfilment_rows(25)
    found, summary = read(write_fulfilment_csv(rows, delimiter=delimiter, with_bom=with_bom))
    assert [row.product_key_id for row in found] == [row.product_key_id for row in rows]
    assert [row.product_key for row in found] == [row.product_key for row in rows]
    assert [row.row_number for row in found] == list(range(2, 27))
    assert {(row.lpn, row.sku_id, row.order_unique_id) for row in found} == {
        (LPN, "SKU-1", rows[0].order_unique_id)
    }
    assert summary == FulfilmentSummary(25, 0, (), ())


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_line_ends_quotes_case_spaces_and_empty_lines_are_forgiven(line_end: str) -> None:
    text = line_end.join(
        [HEADER.upper(), "", f'"3300000000017", {CANARY_KEY.lower()} ,"{LPN}"', ",,", "", ""]
    )
    found, summary = read(text.encode())
    assert [(row.row_number, row.product_key.reveal(), row.lpn) for row in found] == [(3, CANARY_KEY, LPN)]
    assert summary.error_count == 0


def test_columns_may_come_in_any_order() -> None:
    found, _summary = read(
        f"licensable_part_number;product_key_id;product_key\n{LPN};3300000000017;{CANARY_KEY}".encode()
    )
    assert found[0].product_key_id == "3300000000017"


def test_good_rows_are_given_beside_bad_ones_and_all_errors_counted() -> None:
    data = "\n".join([HEADER, ROW, *["x,y,z"] * 150]).encode()
    found, summary = read(data)
    assert len(found) == 1
    assert (summary.row_count, summary.error_count, len(summary.errors)) == (151, 300, 200)


def test_more_keys_than_allowed_are_refused() -> None:
    assert len(read(good_fulfilment_csv(10), max_keys=10)[0]) == 10
    with pytest.raises(CsvRefused) as caught:
        read(good_fulfilment_csv(11), max_keys=10)
    assert (caught.value.code, caught.value.params) == ("csv_too_many_rows", {"limit": 10})


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("order_unique_id", "not-a-guid", "guid_syntax"),
        ("sku_id", "x" * 51, "too_long"),
        ("sku_id", CANARY_KEY, "key_in_value"),
        ("fulfilment_number", "=1+1", "formula"),
        ("oem_part_number", "Größe", "characters"),
    ],
)
def test_optional_columns_are_checked(field: str, value: str, code: str) -> None:
    _found, summary = read(f"{HEADER},{field}\n{ROW},{value}".encode())
    assert [(error.row, error.field, error.code) for error in summary.errors] == [(2, field, code)]


def messages_of(data: bytes) -> list[str]:
    try:
        return [error.message for error in read(data)[1].errors]
    except CsvRefused as refusal:
        return [refusal.message]


def test_mutated_file_is_read_or_refused_and_no_error_holds_a_key() -> None:
    for data in mutations(good_fulfilment_csv(4), seed=1, count=2_000):
        assert CANARY_KEY[6:11] not in " ".join(messages_of(data))
