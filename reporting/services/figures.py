"""A frozen report's figures as a page shows them, read from its lines alone."""

from collections import Counter
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter
from typing import Any

from reporting.builders.lines import AckTotal, DeltaLine, PartnerLine, StockLine
from reporting.builders.reconciliation import ReconciliationLine, reconcile_product
from reporting.models import ReportLine, UsageReport
from reporting.rules.key_states import life_position
from reporting.services.frozen_lines import LINE_TYPES, from_facts

SHOWN_DELTA = 200


@dataclass(frozen=True, slots=True)
class ReportFigures:
    """The tables of a report; counts say how long the lists are that a page does not print."""

    reconciliation: tuple[ReconciliationLine, ...]
    states: tuple[StockLine, ...]
    partners: tuple[PartnerLine, ...]
    delta: tuple[DeltaLine, ...]
    counts: dict[str, int]

    def total(self, field: str) -> int:
        """Return the sum of a reconciliation column over all products, in keys."""
        return sum(getattr(line, field) for line in self.reconciliation)


def report_figures(report: UsageReport) -> ReportFigures | None:
    """Return the figures of a frozen report, None before it is frozen. Runs in the MAR's scope."""
    if report.frozen_at is None:
        return None
    stock: list[StockLine] = _lines(report, "stock")
    answers: list[AckTotal] = _lines(report, "ack")
    products = groupby(sorted(stock, key=attrgetter("product_code")), key=attrgetter("product_code"))
    reconciliation = tuple(
        reconcile_product(list(lines), [answer for answer in answers if answer.product_code == code])
        for code, lines in products
    )
    return ReportFigures(
        reconciliation=reconciliation,
        states=tuple(_sum_states(stock)),
        partners=tuple(_lines(report, "partner")),
        delta=tuple(_lines(report, "delta", limit=SHOWN_DELTA)),
        counts=Counter(ReportLine.objects.filter(report=report).order_by().values_list("kind", flat=True)),
    )


def _lines(report: UsageReport, kind: str, limit: int | None = None) -> list[Any]:
    rows = ReportLine.objects.filter(report=report, kind=kind).order_by("position")
    return [from_facts(LINE_TYPES[kind], facts) for facts in rows.values_list("facts", flat=True)[:limit]]


_MOVES = ("opening", "entries", "exits", "closing")


def _sum_states(stock: list[StockLine]) -> list[StockLine]:
    """Return one line for each key state over all products, along a key's life."""
    ordered = sorted(stock, key=lambda line: life_position(line.state_code))
    return [
        StockLine(
            "", "", "", "", code, name,
            *(sum(getattr(line, field) for line in lines) for field in _MOVES),
        )
        for (code, name), group in groupby(ordered, key=attrgetter("state_code", "state_name"))
        for lines in [list(group)]
    ]  # fmt: skip
