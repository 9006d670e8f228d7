"""Bars: one bar in segments, bars by month, bars by rank."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from core.charts.svg import Chart, Pen, Theme, describe, fit, nice_ticks, text_width, thousands

Format = Callable[[int], str]


@dataclass(frozen=True, slots=True)
class Segment:
    """One part of a whole."""

    label: str
    value: int


@dataclass(frozen=True, slots=True)
class MonthValues:
    """One month: its short label and one value per series."""

    label: str
    values: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class RankedBar:
    """One row of a ranking: one value per series."""

    label: str
    values: tuple[int, ...]


def stacked_bar(
    segments: Sequence[Segment],
    *,
    headline: str,
    unit: str,
    chart_id: str,
    columns: tuple[str, str],
    theme: Theme = "web",
    width: int = 480,
    format_count: Format = thousands,
) -> Chart:
    """Draw parts of a whole as one bar with a legend beneath; more than four parts repeat patterns."""
    pen = Pen(theme=theme, chart_id=chart_id)
    total = sum(segment.value for segment in segments)
    x = 0.0
    for index, segment in enumerate(segments):
        part = width * segment.value / total if total else 0.0
        words = format_count(segment.value)
        pen.series_bar(x, 4, max(part - 1.5, 0), 34, index=index, title=f"{segment.label}: {words}")
        x += part
    if not total:
        pen.bar(0.5, 4.5, width - 1, 33, role="empty")
    bottom = _stacked_legend(pen, segments, width=width, format_count=format_count)
    rows = tuple((segment.label, format_count(segment.value)) for segment in segments)
    svg = pen.finish(width, bottom, headline=headline, description=describe(columns, rows))
    return Chart(svg, headline, unit, columns, rows)


def _stacked_legend(pen: Pen, segments: Sequence[Segment], *, width: int, format_count: Format) -> float:
    """Write the legend in as many lines as it needs and return the height used."""
    x, y = 0.0, 62.0
    for index, segment in enumerate(segments):
        words = format_count(segment.value)
        room = 16 + text_width(segment.label) + 6 + text_width(words) + 18
        if x and x + room > width:
            x, y = 0.0, y + 20
        pen.series_bar(x, y - 9, 11, 11, index=index)
        pen.text(x + 16, y, segment.label, role="muted")
        pen.text(x + 22 + text_width(segment.label), y, words, role="strong")
        x += room
    return y + 8


def month_bars(
    months: Sequence[MonthValues],
    *,
    series: Sequence[str],
    headline: str,
    unit: str,
    chart_id: str,
    month_column: str,
    theme: Theme = "web",
    width: int = 480,
    height: int = 220,
    format_count: Format = thousands,
) -> Chart:
    """Draw the values of each month stacked on a zero baseline."""
    pen = Pen(theme=theme, chart_id=chart_id)
    ticks = nice_ticks(max((sum(month.values) for month in months), default=0))
    left, top, bottom = text_width(format_count(ticks[-1])) + 8, 32.0, height - 24.0
    scale = (bottom - top) / ticks[-1]
    pen.legend(series, x=left, y=12)
    _value_axis(pen, ticks, left=left, right=width, bottom=bottom, scale=scale, format_count=format_count)
    step = (width - left) / max(len(months), 1)
    for place, month in enumerate(months):
        x, y = left + step * place + step * 0.18, bottom
        for index, value in enumerate(month.values):
            y -= value * scale
            told = f"{month.label}, {series[index]}: {format_count(value)}"
            pen.series_bar(x, y, step * 0.64, value * scale, index=index, title=told)
        pen.text(x + step * 0.32, bottom + 16, fit(month.label, step), role="muted", anchor="middle")
    pen.line(left, bottom, width, bottom, role="axis")
    columns = (month_column, *series)
    rows = tuple((month.label, *map(format_count, month.values)) for month in months)
    svg = pen.finish(width, height, headline=headline, description=describe(columns, rows))
    return Chart(svg, headline, unit, columns, rows)


def _value_axis(
    pen: Pen,
    ticks: Sequence[int],
    *,
    left: float,
    right: float,
    bottom: float,
    scale: float,
    format_count: Format,
) -> None:
    for tick in ticks:
        y = bottom - tick * scale
        if tick:
            pen.line(left, y, right, y, role="grid")
        pen.text(left - 6, y + 4, format_count(tick), role="muted", anchor="end")


def ranked_bars(
    bars: Sequence[RankedBar],
    *,
    series: Sequence[str],
    headline: str,
    unit: str,
    chart_id: str,
    label_column: str,
    theme: Theme = "web",
    width: int = 480,
    label_width: int = 150,
    format_count: Format = thousands,
) -> Chart:
    """Draw one horizontal bar a row, in the order given, its total written behind it."""
    pen = Pen(theme=theme, chart_id=chart_id)
    largest = max((sum(bar.values) for bar in bars), default=0)
    left, row_height, top = label_width + 8.0, 20.0, 26.0
    room = width - left - text_width(format_count(largest)) - 10
    pen.legend(series, x=left, y=12)
    for place, bar in enumerate(bars):
        y, x = top + place * row_height, left
        pen.text(left - 8, y + 13, fit(bar.label, label_width), anchor="end")
        for index, value in enumerate(bar.values):
            part = room * value / largest if largest else 0.0
            told = f"{bar.label}, {series[index]}: {format_count(value)}"
            pen.series_bar(x, y + 3, part, row_height - 6, index=index, title=told)
            x += part
        pen.text(x + 6, y + 13, format_count(sum(bar.values)), role="strong")
    bottom = top + len(bars) * row_height
    pen.line(left, top, left, bottom, role="axis")
    columns = (label_column, *series)
    rows = tuple((bar.label, *map(format_count, bar.values)) for bar in bars)
    svg = pen.finish(width, bottom + 4, headline=headline, description=describe(columns, rows))
    return Chart(svg, headline, unit, columns, rows)
