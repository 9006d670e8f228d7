"""A bridge: totals one after the other and what was lost or gained between them."""

import itertools
from collections.abc import Sequence
from dataclasses import dataclass

from core.charts.bars import Format
from core.charts.svg import Chart, Pen, Theme, describe, fit, nice_ticks, text_width, thousands


@dataclass(frozen=True, slots=True)
class Stage:
    """One total of a bridge."""

    label: str
    value: int


def bridge(
    stages: Sequence[Stage],
    *,
    headline: str,
    unit: str,
    chart_id: str,
    columns: tuple[str, str, str],
    theme: Theme = "web",
    width: int = 480,
    height: int = 220,
    format_count: Format = thousands,
) -> Chart:
    """Draw each total from zero and, between two, the difference; `columns` name stage, total, difference."""
    pen = Pen(theme=theme, chart_id=chart_id)
    ticks = nice_ticks(max((stage.value for stage in stages), default=0))
    left, top, bottom = text_width(format_count(ticks[-1])) + 8, 22.0, height - 24.0
    scale = (bottom - top) / ticks[-1]
    for tick in ticks:
        if tick:
            pen.line(left, bottom - tick * scale, width, bottom - tick * scale, role="grid")
        pen.text(left - 6, bottom - tick * scale + 4, format_count(tick), role="muted", anchor="end")
    # Totals are twice as wide as the differences between them.
    step = (width - left) / max(3 * len(stages) - 1, 1)
    for place, stage in enumerate(stages):
        x, tall = left + 3 * step * place, stage.value * scale
        words = format_count(stage.value)
        pen.bar(x + 3, bottom - tall, 2 * step - 6, tall, role="series-1", title=f"{stage.label}: {words}")
        pen.text(x + step, bottom - tall - 6, words, role="strong", anchor="middle")
        pen.text(x + step, bottom + 16, fit(stage.label, 2.9 * step), role="muted", anchor="middle")
        if place + 1 < len(stages):
            _draw_difference(pen, stage, stages[place + 1], x + 2 * step, step, bottom, scale, format_count)
    pen.line(left, bottom, width, bottom, role="axis")
    rows = _rows(stages, format_count)
    svg = pen.finish(width, height, headline=headline, description=describe(columns, rows))
    return Chart(svg, headline, unit, columns, rows)


def _draw_difference(
    pen: Pen,
    stage: Stage,
    following: Stage,
    x: float,
    step: float,
    bottom: float,
    scale: float,
    format_count: Format,
) -> None:
    """Draw what lies between two totals: vermilion and hatched down, green and dotted up."""
    before, after = bottom - stage.value * scale, bottom - following.value * scale
    pen.line(x - 3, before, x + step + 3, before, role="link")
    difference = following.value - stage.value
    if not difference:
        return
    role, pattern = ("series-2", "diagonal") if difference < 0 else ("series-3", "dots")
    words = signed(difference, format_count)
    told = f"{stage.label} \u2192 {following.label}: {words}"
    high, low = min(before, after), max(before, after)
    pen.bar(x + 3, high, step - 6, max(low - high, 1), role=role, pattern=pattern, title=told)
    pen.text(x + step / 2, high - 6, words, role="muted", anchor="middle", size=10)


def signed(difference: int, format_count: Format) -> str:
    """Return a difference with its sign; none is written as 0."""
    return f"+{format_count(difference)}" if difference > 0 else format_count(difference)


def _rows(stages: Sequence[Stage], format_count: Format) -> tuple[tuple[str, ...], ...]:
    differences = [""] + [
        signed(following.value - stage.value, format_count) for stage, following in itertools.pairwise(stages)
    ]
    return tuple(
        (stage.label, format_count(stage.value), difference)
        for stage, difference in zip(stages, differences[: len(stages)], strict=True)
    )
