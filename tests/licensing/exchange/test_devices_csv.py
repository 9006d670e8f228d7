import io

import pytest

from licensing.exchange.devices_csv import (
    COLUMNS,
    DeviceRow,
    DevicesCsvReader,
    read_devices_csv,
    write_devices_csv,
)
from licensing.exchange.refusals import CsvRefused, WriteRefused
from tests.licensing.exchange.corpus import CANARY_KEY, FACTS, mutations

HEADER = ",".join(COLUMNS)
GOOD = [
    "3300000000017",
    "LENOVO",
    "ThinkPad T490",
    "PF0ABCDE",
    "Notebook",
    "Standard",
    "Non-Touch",
    "14",
    "20N2S00A00",
]


def read(*rows: list[str], header: str = HEADER) -> tuple[list[DeviceRow], DevicesCsvReader]:
    data = "\n".join([header, *(",".join(row) for row in rows)]).encode()
    reader = read_devices_csv(io.BytesIO(data))
    return list(reader), reader


def changed(**values: str) -> list[str]:
    return [values.get(name, value) for name, value in zip(COLUMNS, GOOD, strict=True)]


def test_good_row_is_read_and_normalised() -> None:
    rows, reader = read(GOOD)
    assert rows == [DeviceRow(2, "3300000000017", "LENOVO", "ThinkPad T490", "PF0ABCDE", FACTS)]
    assert (reader.error_count, reader.errors) == (0, ())


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_written_file_is_read_back(delimiter: str) -> None:
    devices = [
        DeviceRow(n + 2, f"33000000000{n:02}", "Fujitsu Siemens", "Größe", f"S{n}", FACTS) for n in range(20)
    ]
    assert list(read_devices_csv(io.BytesIO(write_devices_csv(devices, delimiter=delimiter)))) == devices


def test_decimal_comma_is_read_beside_semicolons() -> None:
    data = ";".join(COLUMNS) + "\n" + ";".join(changed(screen_size="14,0"))
    assert next(iter(read_devices_csv(io.BytesIO(data.encode())))).facts.screen_size == "14.0"


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("product_key_id", "", "required"),
        ("product_key_id", "3.3E+12", "scientific"),
        ("product_key_id", "=3300000000017", "formula"),
        ("manufacturer", "", "required"),
        ("manufacturer", "x" * 65, "too_long"),
        ("model", "@SUM(A1)", "formula"),
        ("model", "Think\u202ePad", "characters"),
        ("model", CANARY_KEY, "key_in_value"),
        ("serial_number", CANARY_KEY, "key_in_value"),
        ("model_sku", CANARY_KEY, "key_in_value"),
        ("serial_number", "", "required"),
        ("serial_number", "PF0АBCDE", "characters"),
        ("serial_number", "-1", "formula"),
        ("serial_number", "'-1", "formula"),
        ("serial_number", "x" * 37, "too_long"),
        ("form_factor_cl1", "Toaster", "ohr_choice"),
        ("form_factor_cl2", "", "required"),
        ("touch_screen", "perhaps", "ohr_choice"),
        ("screen_size", "huge", "ohr_screen_size"),
        ("model_sku", "", "required"),
    ],
)
def test_wrong_value_is_named_with_row_and_column(name: str, value: str, code: str) -> None:
    rows, reader = read(GOOD, changed(**{"product_key_id": "3300000000018", name: value}))
    assert len(rows) == 1
    assert [(error.row, error.field, error.code) for error in reader.errors] == [(3, name, code)]
    assert reader.errors[0].message.endswith(".")


def test_same_id_twice_is_named() -> None:
    _rows, reader = read(GOOD, GOOD)
    assert [(error.row, error.code, error.params) for error in reader.errors] == [
        (3, "product_key_id_twice", {"first_row": 2})
    ]


@pytest.mark.parametrize("header", ["", "product_key_id", HEADER + ",price", HEADER + ",model"])
def test_wrong_header_is_refused(header: str) -> None:
    with pytest.raises(CsvRefused) as caught:
        read(GOOD, header=header)
    assert caught.value.code in ("csv_header", "csv_header_twice")


def test_value_that_would_need_quotes_is_not_written() -> None:
    with pytest.raises(WriteRefused):
        write_devices_csv([DeviceRow(2, "3300000000017", 'a"b', "m", "s", FACTS)])


def test_mutated_file_is_read_or_refused() -> None:
    good = write_devices_csv(
        [DeviceRow(n, f"33000000000{n:02}", "LENOVO", "T490", f"S{n}", FACTS) for n in range(3)]
    )
    for data in mutations(good, seed=5, count=1_500):
        try:
            list(read_devices_csv(io.BytesIO(data)))
        except CsvRefused:
            continue
