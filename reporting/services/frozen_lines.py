"""Write and read the frozen lines of a report: dataclasses to JSON facts and back."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import Any
from uuid import UUID

from reporting.builders.lines import (
    AckTotal,
    AdjustmentLine,
    DeltaLine,
    DeniedLine,
    PartnerLine,
    ReportHeader,
    StockLine,
    TrendPoint,
    UnreportedLine,
)
from reporting.models import ReportLine

LINE_TYPES: dict[str, type[Any]] = {
    "stock": StockLine,
    "ack": AckTotal,
    "partner": PartnerLine,
    "denied": DeniedLine,
    "unreported": UnreportedLine,
    "adjustment": AdjustmentLine,
    "delta": DeltaLine,
    "trend": TrendPoint,
}
RECEIVED = "received"  # keys delivered so far per product: {"product_code", "keys"}
_BATCH = 2000

Facts = dict[str, Any]
Lines = dict[str, list[Any]]


def to_facts(line: Any) -> Facts:
    """Return a dataclass as plain JSON; instants in ISO 8601."""
    return {
        name: value.isoformat() if isinstance(value, datetime) else value
        for name, value in asdict(line).items()
    }


def from_facts(kind: type[Any], facts: Mapping[str, Any]) -> Any:
    """Return the dataclass that `to_facts` wrote."""
    return kind(
        **{
            field.name: datetime.fromisoformat(facts[field.name])
            if field.type is datetime and facts[field.name] is not None
            else facts[field.name]
            for field in fields(kind)
        }
    )


def header_of(facts: Mapping[str, Any], *, is_draft: bool) -> ReportHeader:
    """Return the header a report was frozen with, as draft or final."""
    known = {field.name: facts[field.name] for field in fields(ReportHeader) if field.name != "is_draft"}
    if is_draft:
        # A draft stays as it was made: names that came later stand on the issued report alone.
        known |= {"reviewed_by": None, "approved_by": None}
    header: ReportHeader = from_facts(ReportHeader, known | {"is_draft": is_draft})
    return header


def save_lines(report_id: UUID, *, kind: str, facts: Iterable[Facts]) -> int:
    """Append lines of one kind, numbered from 1, and return how many they are."""
    rows = [
        ReportLine(report_id=report_id, kind=kind, position=position, facts=line)
        for position, line in enumerate(facts, start=1)
    ]
    ReportLine.objects.bulk_create(rows, batch_size=_BATCH)
    return len(rows)


def load_lines(report_id: UUID) -> Lines:
    """Return the frozen lines by kind, in order: dataclasses, and plain facts of what was received."""
    found: Lines = {kind: [] for kind in (*LINE_TYPES, RECEIVED)}
    rows = ReportLine.objects.filter(report_id=report_id).order_by("kind", "position")
    for kind, facts in rows.values_list("kind", "facts").iterator(chunk_size=_BATCH):
        found[kind].append(facts if kind == RECEIVED else from_facts(LINE_TYPES[kind], facts))
    return found
