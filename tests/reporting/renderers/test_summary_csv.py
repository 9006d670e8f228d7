import csv
import io
from dataclasses import replace

import pytest

from reporting.renderers.summary_csv import SUMMARY_COLUMNS, write_summary_csv
from reporting.rules.key_pattern import KeyInDocument
from tests.reporting import samples
from tests.reporting.golden import assert_golden


def test_the_file_is_the_golden_one() -> None:
    report, _csv = samples.make_report(partners=3)
    assert_golden("summary.csv", write_summary_csv(report))


def test_every_line_is_there_with_its_type() -> None:
    report, _csv = samples.make_report(partners=3)
    rows = list(csv.DictReader(io.StringIO(write_summary_csv(report).decode(), newline="")))
    assert [row["row_type"] for row in rows] == ["stock"] * len(report.stock) + ["partner"] * 3
    assert sum(int(row["closing"]) for row in rows if row["row_type"] == "stock") == (
        report.figures.received_so_far
    )
    assert rows[-1]["partner_name"] == "Groene Machine B.V."
    assert set(rows[0]) == set(SUMMARY_COLUMNS)


def test_a_name_that_could_be_a_formula_is_guarded() -> None:
    report, _csv = samples.make_report(partners=3)
    named = replace(report, partners=(replace(report.partners[0], name="=1+1"), *report.partners[1:]))
    assert b",'=1+1," in write_summary_csv(named)


def test_a_full_key_in_a_name_is_refused() -> None:
    report, _csv = samples.make_report(partners=3)
    leaky = replace(report.partners[0], name="BCDFG-HJKMP-QRTVW-XY234-6789N")
    with pytest.raises(KeyInDocument):
        write_summary_csv(replace(report, partners=(leaky, *report.partners[1:])))
