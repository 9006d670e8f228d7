"""What the template of the report is given: rows, totals and notes, nothing left to work out."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from core.charts import Chart
from reporting.builders.lines import StockLine
from reporting.builders.usage_report import UsageReport
from reporting.renderers import pdf_words
from reporting.renderers.pdf_charts import answers_chart, road_chart
from reporting.rules.ack_codes import DENIED_CODES, ENABLED_CODES, is_denied, is_enabled
from reporting.rules.device_columns import DEVICE_COLUMN_MEANINGS
from reporting.rules.key_states import life_position, microsoft_name

LIST_LIMIT = 200

Rows = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class PrintedList:
    """The rows of a list that are printed, and how many there are in all."""

    rows: tuple[Any, ...]
    total: int

    @property
    def is_cut(self) -> bool:
        """Say whether rows were left out."""
        return len(self.rows) < self.total


@dataclass(frozen=True, slots=True)
class StateRow:
    """One key state over all products."""

    name: str
    opening: int
    entries: int
    exits: int
    closing: int


def first_rows(rows: Sequence[Any]) -> PrintedList:
    """Return what is printed of a list."""
    return PrintedList(tuple(rows[:LIST_LIMIT]), len(rows))


def report_context(
    report: UsageReport, *, is_device_csv_attached: bool, attached_name: str
) -> dict[str, Any]:
    """Return the variables of templates/pdf/usage_report.html."""
    codes = _answer_codes(report)
    return {
        "report": report,
        "header": report.header,
        "figures": report.figures,
        "device_file": report.device_file,
        "is_device_csv_attached": is_device_csv_attached,
        "attached_name": attached_name,
        "list_limit": LIST_LIMIT,
        "charts": _charts(report),
        "stock_totals": _sums(
            report.reconciliation,
            ("opening", "received", "recalled", "sent_back", "available", "assigned", "closing"),
        ),
        "answer_codes": codes,
        "answer_rows": [
            (line, [line.answers_of(code) for code, _kind in codes]) for line in report.reconciliation
        ],
        "answer_totals": [
            sum(line.answers_of(code) for line in report.reconciliation) for code, _kind in codes
        ],
        "flow_totals": _sums(
            report.reconciliation,
            ("handed_over", "consumed", "cbr_sent", "enabled", "denied", "returned", "total"),
        ),
        "state_rows": _state_rows(report.stock),
        **_state_matrix(report),
        "partner_totals": _sums(
            report.partners,
            (
                "ordered",
                "assigned",
                "enabled",
                "denied",
                "returned",
                "unreported_7",
                "unreported_30",
                "unreported_60",
                "citizenship_windows",
                "office",
            ),
        ),
        "denied": first_rows(report.denied),
        "unreported": first_rows(report.unreported),
        "adjustments": first_rows(report.adjustments),
        "delta": first_rows(report.delta),
        "stock_columns": pdf_words.STOCK_COLUMNS,
        "partner_columns": pdf_words.PARTNER_COLUMNS,
        "answer_meanings": [
            (code, pdf_words.ANSWER_MEANINGS.get(code, pdf_words.ANSWER_UNKNOWN))
            for code, _count in report.answers
        ],
        "state_meanings": [
            (int(code), microsoft_name(code), meaning) for code, meaning in pdf_words.STATE_MEANINGS.items()
        ],
        "device_columns": list(DEVICE_COLUMN_MEANINGS.items()),
    }


def _charts(report: UsageReport) -> list[tuple[Chart, Rows]]:
    """Return each chart with its table, heading first; a long month trend lies on its side, to be short."""
    road, answers = road_chart(report), answers_chart(report)
    rows: Rows = (answers.columns, *answers.rows)
    if len(report.trend) > 6:
        rows = tuple(zip(*rows, strict=True))
    return [(road, (road.columns, *road.rows)), (answers, rows)]


def _answer_codes(report: UsageReport) -> list[tuple[str, str]]:
    """Return each code that has a column, with its kind: enabled, denied or other."""
    known = [(code, "enabled") for code in ENABLED_CODES] + [(code, "denied") for code in DENIED_CODES]
    others = [code for code, _count in report.answers if not (is_enabled(code) or is_denied(code))]
    return known + [(code, "other") for code in others]


def _sums(lines: Iterable[Any], columns: Sequence[str]) -> dict[str, int]:
    rows = tuple(lines)
    return {column: sum(getattr(line, column) for line in rows) for column in columns}


def _states(stock: Iterable[StockLine]) -> list[tuple[int, str]]:
    """Return each state of the report once, along a key's life."""
    names = {line.state_code: line.state_name for line in stock}
    return sorted(names.items(), key=lambda state: life_position(state[0]))


def _state_rows(stock: Sequence[StockLine]) -> list[StateRow]:
    return [
        StateRow(name, **_sums((line for line in stock if line.state_code == code), _MOVES))
        for code, name in _states(stock)
    ]


_MOVES = ("opening", "entries", "exits", "closing")


def _state_matrix(report: UsageReport) -> dict[str, Any]:
    """Return the closings by product and state; states that hold nothing have no column."""
    closings = {(line.product_code, line.state_code): line.closing for line in report.stock}
    columns = [
        (code, name)
        for code, name in _states(report.stock)
        if any(line.closing for line in report.stock if line.state_code == code)
    ]
    rows = [
        (line, [closings.get((line.product_code, code), 0) for code, _name in columns])
        for line in report.reconciliation
    ]
    totals = [sum(cells[place] for _line, cells in rows) for place in range(len(columns))]
    return {
        "matrix_columns": [name for _code, name in columns],
        "matrix_rows": rows,
        "matrix_totals": totals,
        "received_so_far": report.figures.received_so_far,
    }
