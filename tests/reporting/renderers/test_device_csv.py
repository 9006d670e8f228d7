import csv
import io
from dataclasses import replace

import pytest

from core.csv_guard import unguard_text
from reporting.renderers.device_csv import device_copy_sql, write_device_csv
from reporting.rules.device_columns import DEVICE_COLUMNS
from reporting.rules.key_pattern import KeyInDocument
from tests.reporting import samples
from tests.reporting.golden import assert_golden

PLAIN = samples.device_lines(2)
HOSTILE = replace(
    samples.device_lines(1)[0],
    tpr_name='=HYPERLINK("http://example.org";"x")',
    device_manufacturer="@SUM(1)",
    device_model='Model "15", blue',
    device_serial="-1+2",
    previous_coa_serial="'=quoted",
    recipient_org="Szkoła\nPodstawowa",
    channel="+48 123",
)


def test_the_file_is_the_golden_one() -> None:
    assert_golden("devices.csv", write_device_csv([*PLAIN, HOSTILE]))


def test_cells_read_back_exactly_after_the_guard_is_taken_off() -> None:
    rows = list(csv.reader(io.StringIO(write_device_csv([HOSTILE]).decode(), newline="")))
    assert tuple(rows[0]) == DEVICE_COLUMNS
    assert [unguard_text(cell) for cell in rows[1]] == [getattr(HOSTILE, name) for name in DEVICE_COLUMNS]


def test_no_cell_starts_a_formula() -> None:
    rows = list(csv.reader(io.StringIO(write_device_csv([HOSTILE]).decode(), newline="")))
    assert not [cell for cell in rows[1] if cell[:1] in set("=+-@\t\r")]


def test_a_bom_is_written_on_request_only() -> None:
    assert write_device_csv(PLAIN, with_bom=True) == b"\xef\xbb\xbf" + write_device_csv(PLAIN)


def test_no_devices_are_a_header_alone() -> None:
    assert write_device_csv([]) == (",".join(DEVICE_COLUMNS) + "\n").encode()


def test_a_cell_with_a_full_key_is_refused_with_its_row() -> None:
    leaky = replace(PLAIN[1], device_model="BCDFG-HJKMP-QRTVW-XY234-6789N")
    with pytest.raises(KeyInDocument) as refused:
        write_device_csv([PLAIN[0], leaky])
    assert refused.value.place == "device CSV, row 2"


def test_the_copy_statement_names_every_column_once_and_binds_the_report() -> None:
    sql = device_copy_sql("reporting_reportdeviceline")
    assert sql.count("%s") == 1
    assert [name for name in DEVICE_COLUMNS if f" END AS {name}" not in sql] == []
    assert sql.startswith("COPY (SELECT CASE WHEN left(report_month, 1) IN (")
    assert sql.endswith(
        "FROM reporting_reportdeviceline WHERE report_id = %s ORDER BY position) "
        "TO STDOUT WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')"
    )


@pytest.mark.parametrize("table", ["", "a b", "a;drop", 'a"b', "A", "public.lines", "1a", "x" * 64, "a\n"])
def test_only_a_plain_table_name_is_taken(table: str) -> None:
    with pytest.raises(ValueError, match="plain table name"):
        device_copy_sql(table)
