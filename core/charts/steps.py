"""Amounts that step at dates: one line for each series, drawn from its start to the right edge."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from core.charts.svg import Chart, Pen, Theme, describe, fit, nice_ticks, text_width


@dataclass(frozen=True, slots=True)
class StepSeries:
    """One line: its name, and each instant with the amount from then on."""

    label: str
    points: tuple[tuple[datetime, Decimal], ...]


def step_lines(
    series: Sequence[StepSeries],
    *,
    begin: datetime,
    end: datetime,
    now: datetime,
    now_label: str,
    headline: str,
    unit: str,
    chart_id: str,
    columns: tuple[str, str],
    format_amount: Callable[[Decimal], str],
    format_day: Callable[[datetime], str],
    theme: Theme = "web",
    width: int = 640,
    height: int = 240,
) -> Chart:
    """Draw amounts over time from zero; what lies before ``begin`` is drawn at the left edge."""
    pen = Pen(theme=theme, chart_id=chart_id)
    largest = max((amount for one in series for _at, amount in one.points), default=Decimal(1))
    ticks = nice_ticks(int(largest) + 1)
    left, top, bottom, right = text_width(str(ticks[-1])) + 10, 34.0, height - 24.0, width - 8.0
    whole = (end - begin).total_seconds()

    def x_of(at: datetime) -> float:
        share = min(max((at - begin).total_seconds() / whole, 0.0), 1.0)
        return left + (right - left) * share

    def y_of(amount: Decimal) -> float:
        return bottom - (bottom - top) * float(amount / ticks[-1])

    for tick in ticks:
        y = y_of(Decimal(tick))
        pen.line(left, y, right, y, role="axis" if not tick else "grid")
        pen.text(left - 6, y + 4, str(tick), role="muted", anchor="end")
    for at, anchor in ((begin, "start"), (end, "end")):
        pen.text(x_of(at), bottom + 16, format_day(at), role="muted", anchor=anchor)  # type: ignore[arg-type]
    x = x_of(now)
    pen.line(x, top - 8, x, bottom, role="link")
    pen.text(x, top - 12, now_label, role="muted", anchor="middle")
    for index, one in enumerate(series):
        _draw(pen, one, index, x_of=x_of, y_of=y_of, right=right, format_amount=format_amount)
    rows = tuple(
        (f"{one.label}, {format_day(at)}", format_amount(amount))
        for one in series
        for at, amount in one.points
    )
    svg = pen.finish(width, height, headline=headline, description=describe(columns, rows))
    return Chart(svg, headline, unit, columns, rows)


def _draw(
    pen: Pen,
    one: StepSeries,
    index: int,
    *,
    x_of: Callable[[datetime], float],
    y_of: Callable[[Decimal], float],
    right: float,
    format_amount: Callable[[Decimal], str],
) -> None:
    if not one.points:
        return
    run: list[tuple[float, float]] = []
    for at, amount in one.points:
        if run:
            run.append((x_of(at), run[-1][1]))
        run.append((x_of(at), y_of(amount)))
    last = one.points[-1]
    run.append((right, run[-1][1]))
    pen.polyline(run, role=f"line-{index % 3 + 1}")
    for at, amount in one.points:
        pen.circle(x_of(at), y_of(amount), 3, role=f"series-{index % 3 + 1}")
    words = fit(f"{one.label}: {format_amount(last[1])}", 260)
    pen.text(right, run[-1][1] - 7, words, role="strong", anchor="end")
