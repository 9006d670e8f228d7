"""Amounts day by day: one line a series from zero, a mark where something is due."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date

from core.charts.bars import Format
from core.charts.svg import Anchor, Chart, Pen, Theme, describe, nice_ticks, text_width, thousands

_EVERY = 7  # days from one row of the table to the next


@dataclass(frozen=True, slots=True)
class DayLine:
    """One line: its name and a value for each day."""

    label: str
    values: tuple[int, ...]


def day_lines(
    lines: Sequence[DayLine],
    *,
    days: Sequence[date],
    marks: Sequence[tuple[date, str]],
    headline: str,
    unit: str,
    chart_id: str,
    day_column: str,
    format_day: Callable[[date], str],
    theme: Theme = "web",
    width: int = 640,
    height: int = 240,
    format_count: Format = thousands,
) -> Chart:
    """Draw values over days from zero; each mark is a named upright line. The table has a row a week."""
    pen = Pen(theme=theme, chart_id=chart_id)
    ticks = nice_ticks(max((max(line.values, default=0) for line in lines), default=0))
    left, top, bottom, right = text_width(format_count(ticks[-1])) + 10, 40.0, height - 24.0, width - 8.0
    step = (right - left) / max(len(days) - 1, 1)
    scale = (bottom - top) / ticks[-1]
    for tick in ticks:
        y = bottom - tick * scale
        pen.line(left, y, right, y, role="axis" if not tick else "grid")
        pen.text(left - 6, y + 4, format_count(tick), role="muted", anchor="end")
    _write_days(pen, days, left=left, step=step, y=bottom + 16, format_day=format_day)
    for on, label in marks:
        if on in days:
            _mark(pen, left + step * days.index(on), label, top=top, bottom=bottom, right=right)
    for index, line in enumerate(lines):
        points = [(left + step * place, bottom - value * scale) for place, value in enumerate(line.values)]
        pen.polyline(points, role=f"line-{index % 3 + 1}")
    _legend(pen, [line.label for line in lines], x=left)
    columns = (day_column, *(line.label for line in lines))
    shown = sorted({*range(0, len(days), _EVERY), len(days) - 1}) if days else []
    rows = tuple(
        (format_day(days[place]), *(format_count(line.values[place]) for line in lines)) for place in shown
    )
    svg = pen.finish(width, height, headline=headline, description=describe(columns, rows))
    return Chart(svg, headline, unit, columns, rows)


def _write_days(
    pen: Pen, days: Sequence[date], *, left: float, step: float, y: float, format_day: Callable[[date], str]
) -> None:
    last = len(days) - 1
    places: dict[int, Anchor] = {0: "start", last // 2: "middle", last: "end"} if last > 1 else {0: "start"}
    for place, anchor in places.items():
        if days:
            pen.text(left + step * place, y, format_day(days[place]), role="muted", anchor=anchor)


def _mark(pen: Pen, x: float, label: str, *, top: float, bottom: float, right: float) -> None:
    pen.line(x, top - 8, x, bottom, role="limit")
    fits = x + 6 + text_width(label) <= right
    pen.text(x + 6 if fits else x - 6, top - 2, label, role="strong", anchor="start" if fits else "end")


def _legend(pen: Pen, names: Sequence[str], *, x: float) -> None:
    """Write a legend of lines, each with a piece of its own stroke."""
    for index, name in enumerate(names):
        pen.line(x, 10, x + 22, 10, role=f"line-{index % 3 + 1}")
        pen.text(x + 28, 14, name, role="muted")
        x += 28 + text_width(name) + 18
