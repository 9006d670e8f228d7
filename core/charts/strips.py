"""Small strips: a sparkline and twelve boxes of a year."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from core.charts.bars import Format
from core.charts.svg import Chart, Pen, Theme, describe, thousands

BoxStatus = Literal["good", "warn", "bad", "empty"]

_SIGNS: dict[BoxStatus, str] = {"good": "\u2713", "warn": "!", "bad": "\u00d7", "empty": ""}


@dataclass(frozen=True, slots=True)
class MonthBox:
    """One month of a strip: short label, how it went, and that in words."""

    label: str
    status: BoxStatus
    note: str


def sparkline(
    values: Sequence[tuple[str, int]],
    *,
    headline: str,
    unit: str,
    chart_id: str,
    columns: tuple[str, str],
    theme: Theme = "web",
    width: int = 120,
    height: int = 28,
    format_count: Format = thousands,
) -> Chart:
    """Draw labelled values as a small line from zero, its last value marked."""
    pen = Pen(theme=theme, chart_id=chart_id)
    largest = max((value for _, value in values), default=0) or 1
    step = (width - 8) / max(len(values) - 1, 1)
    points = [
        (4 + step * place, height - 4 - (height - 8) * value / largest)
        for place, (_, value) in enumerate(values)
    ]
    pen.line(0, height - 3, width, height - 3, role="grid")
    if len(points) > 1:
        pen.polyline(points, role="line")
    if points:
        pen.circle(*points[-1], 2.6, role="series-1")
    rows = tuple((label, format_count(value)) for label, value in values)
    svg = pen.finish(width, height, headline=headline, description=describe(columns, rows))
    return Chart(svg, headline, unit, columns, rows)


def month_strip(
    boxes: Sequence[MonthBox],
    *,
    headline: str,
    unit: str,
    chart_id: str,
    columns: tuple[str, str],
    theme: Theme = "web",
    width: int = 480,
) -> Chart:
    """Draw one box a month; a sign in it says the same as its colour."""
    pen = Pen(theme=theme, chart_id=chart_id)
    step = width / max(len(boxes), 1)
    for place, box in enumerate(boxes):
        x = step * place
        told = f"{box.label}: {box.note}"
        pen.bar(x + 2, 2, step - 4, 28, role=box.status, title=told)
        if box.status != "empty":
            pen.text(x + step / 2, 21, _SIGNS[box.status], role="inverse", anchor="middle", size=14)
        pen.text(x + step / 2, 46, box.label, role="muted", anchor="middle")
    rows = tuple((box.label, box.note) for box in boxes)
    svg = pen.finish(width, 52, headline=headline, description=describe(columns, rows))
    return Chart(svg, headline, unit, columns, rows)
