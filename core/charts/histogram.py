"""A histogram with the line of a limit."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.charts.bars import Format
from core.charts.svg import Chart, Pen, Theme, describe, fit, nice_ticks, text_width, thousands


@dataclass(frozen=True, slots=True)
class Bin:
    """One class of a histogram, such as '0-7 days'."""

    label: str
    value: int


def histogram(
    bins: Sequence[Bin],
    *,
    limit_after: int | None,
    limit_label: str,
    headline: str,
    unit: str,
    chart_id: str,
    columns: tuple[str, str],
    theme: Theme = "web",
    width: int = 480,
    height: int = 220,
    format_count: Format = thousands,
) -> Chart:
    """Draw bins side by side; those after the first `limit_after` bins lie beyond the limit."""
    pen = Pen(theme=theme, chart_id=chart_id)
    ticks = nice_ticks(max((part.value for part in bins), default=0))
    left, top, bottom = text_width(format_count(ticks[-1])) + 8, 30.0, height - 24.0
    scale, step = (bottom - top) / ticks[-1], (width - left) / max(len(bins), 1)
    for tick in ticks[1:]:
        pen.line(left, bottom - tick * scale, width, bottom - tick * scale, role="grid")
        pen.text(left - 6, bottom - tick * scale + 4, format_count(tick), role="muted", anchor="end")
    for place, part in enumerate(bins):
        is_over = limit_after is not None and place >= limit_after
        _draw_bin(pen, part, left + step * place, step, bottom, scale, is_over, format_count)
    pen.line(left, bottom, width, bottom, role="axis")
    if limit_after is not None:
        _draw_limit(pen, left + step * limit_after, limit_label, top, bottom, width)
    rows = tuple((part.label, format_count(part.value)) for part in bins)
    svg = pen.finish(width, height, headline=headline, description=describe(columns, rows))
    return Chart(svg, headline, unit, columns, rows)


def _draw_bin(
    pen: Pen,
    part: Bin,
    x: float,
    step: float,
    bottom: float,
    scale: float,
    is_over: bool,
    format_count: Format,
) -> None:
    words, tall = format_count(part.value), part.value * scale
    role, pattern = ("bad", "diagonal") if is_over else ("series-1", None)
    told = f"{part.label}: {words}"
    pen.bar(x + 2, bottom - tall, step - 4, tall, role=role, pattern=pattern, title=told)
    if part.value:
        pen.text(x + step / 2, bottom - tall - 5, words, role="strong", anchor="middle")
    pen.text(x + step / 2, bottom + 16, fit(part.label, step), role="muted", anchor="middle")


def _draw_limit(pen: Pen, x: float, label: str, top: float, bottom: float, width: float) -> None:
    """Draw the limit and write its name on the side that has room."""
    pen.line(x, top - 14, x, bottom, role="limit")
    fits_right = x + 6 + text_width(label) <= width
    pen.text(
        x + 6 if fits_right else x - 6,
        top - 8,
        label,
        role="danger-text",
        anchor="start" if fits_right else "end",
    )
