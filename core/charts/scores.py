"""Points out of a hundred: one bar a row, and their course over months, both with the line of a mark."""

from collections.abc import Sequence
from dataclasses import dataclass

from core.charts.svg import Chart, Pen, Theme, describe, fit, text_width

FULL = 100


@dataclass(frozen=True, slots=True)
class ScoreRow:
    """One row: its name, its points of a hundred (None: not measured), and that in words."""

    label: str
    points: int | None
    note: str = ""


def score_bars(
    rows: Sequence[ScoreRow],
    *,
    mark: int,
    mark_label: str,
    headline: str,
    unit: str,
    chart_id: str,
    columns: tuple[str, str],
    none_label: str,
    theme: Theme = "web",
    width: int = 480,
    label_width: int = 150,
) -> Chart:
    """Draw each row's points as a bar of a hundred; below the mark it is striped, so colour is not all."""
    pen = Pen(theme=theme, chart_id=chart_id)
    left, row_height, top = label_width + 8.0, 30.0, 24.0
    room = width - left - text_width("100") - 12
    bottom = top + len(rows) * row_height
    for place, row in enumerate(rows):
        y = top + place * row_height
        pen.text(left - 8, y + 18, fit(row.label, label_width), anchor="end")
        pen.bar(left + 0.5, y + 5.5, room - 1, row_height - 11, role="empty")
        if row.points is None:
            pen.text(left + 8, y + 18, none_label, role="muted")
            continue
        role, pattern = ("good", None) if row.points >= mark else ("bad", "diagonal")
        told = f"{row.label}: {row.points}"
        pen.bar(
            left, y + 5, room * row.points / FULL, row_height - 10, role=role, pattern=pattern, title=told
        )
        pen.text(left + room + 8, y + 19, str(row.points), role="strong")
    x = left + room * mark / FULL
    pen.line(x, top - 4, x, bottom, role="limit")
    pen.text(x, top - 9, mark_label, role="muted", anchor="middle")
    shown = tuple((row.label, none_label if row.points is None else str(row.points)) for row in rows)
    svg = pen.finish(width, bottom + 4, headline=headline, description=describe(columns, shown))
    return Chart(svg, headline, unit, columns, shown)


def score_line(
    points: Sequence[tuple[str, int | None]],
    *,
    mark: int,
    mark_label: str,
    headline: str,
    unit: str,
    chart_id: str,
    columns: tuple[str, str],
    none_label: str,
    theme: Theme = "web",
    width: int = 480,
    height: int = 200,
) -> Chart:
    """Draw points of a hundred month by month; a month without a total leaves a gap."""
    pen = Pen(theme=theme, chart_id=chart_id)
    left, top, bottom = text_width("100") + 8, 24.0, height - 24.0  # room for a figure above the dot at 100
    step = (width - left) / max(len(points), 1)

    def y_of(value: int) -> float:
        return bottom - (bottom - top) * value / FULL

    for tick in (0, 50, 100):
        pen.line(left, y_of(tick), width, y_of(tick), role="axis" if not tick else "grid")
        pen.text(left - 6, y_of(tick) + 4, str(tick), role="muted", anchor="end")
    pen.line(left, y_of(mark), width, y_of(mark), role="limit")
    pen.text(width, y_of(mark) - 5, mark_label, role="danger-text", anchor="end")
    run: list[tuple[float, float]] = []
    for place, (label, value) in enumerate(points):
        x = left + step * (place + 0.5)
        pen.text(x, bottom + 16, fit(label, step), role="muted", anchor="middle")
        if value is None:
            _draw_run(pen, run)
            run = []
            continue
        run.append((x, y_of(value)))
        pen.circle(x, y_of(value), 3, role="series-1")
        # Beneath the dot where the line of the mark runs just above it.
        below = 0 <= mark - value < 20
        pen.text(x, y_of(value) + (16 if below else -8), str(value), role="strong", anchor="middle")
    _draw_run(pen, run)
    rows = tuple((label, none_label if value is None else str(value)) for label, value in points)
    svg = pen.finish(width, height, headline=headline, description=describe(columns, rows))
    return Chart(svg, headline, unit, columns, rows)


def _draw_run(pen: Pen, run: list[tuple[float, float]]) -> None:
    if len(run) > 1:
        pen.polyline(run, role="line")
