"""The summary CSV: stock lines and partner lines of a report in one file, told apart by `row_type`."""

from collections.abc import Iterable
from dataclasses import fields

from core.csv_guard import Cell, write_row
from reporting.builders.lines import PartnerLine, StockLine
from reporting.builders.usage_report import UsageReport
from reporting.rules.key_pattern import refuse_keys

STOCK_COLUMNS = tuple(field.name for field in fields(StockLine))
PARTNER_COLUMNS = tuple(f"partner_{field.name}" for field in fields(PartnerLine))
SUMMARY_COLUMNS = ("report_number", "report_month", "row_type", *STOCK_COLUMNS, *PARTNER_COLUMNS)

BOM = "\ufeff"


def write_summary_csv(report: UsageReport, *, with_bom: bool = False) -> bytes:
    """Return the file: UTF-8, quoting after RFC 4180, numbers as numbers, text guarded.

    :raises KeyInDocument: a cell holds a full product key.
    """
    text = "".join(map(write_row, _rows(report)))
    refuse_keys(text, place="summary CSV")
    return ((BOM if with_bom else "") + text).encode()


def _rows(report: UsageReport) -> Iterable[tuple[Cell, ...]]:
    yield SUMMARY_COLUMNS
    start: tuple[Cell, ...] = (report.header.number, report.header.period)
    for stock in report.stock:
        yield (*start, "stock", *_cells(stock), *[None] * len(PARTNER_COLUMNS))
    for partner in report.partners:
        yield (*start, "partner", *[None] * len(STOCK_COLUMNS), *_cells(partner))


def _cells(line: StockLine | PartnerLine) -> tuple[Cell, ...]:
    return tuple(getattr(line, field.name) for field in fields(line))
