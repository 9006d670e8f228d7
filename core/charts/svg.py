"""The pen all charts are drawn with: escaping, themes, patterns, text that fits."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

from django.utils.safestring import SafeString, mark_safe

Theme = Literal["web", "print"]
Anchor = Literal["start", "middle", "end"]

FONT_SIZE = 11
_GLYPH = 0.58  # mean width of an Inter glyph in em; wide enough for capitals and digits mixed
_CHART_ID = re.compile(r"[a-z][a-z0-9-]*")

# Web pages colour by class (static/css/charts.css, light and dark); paper gets the same colours here.
_PAPER: dict[str, str] = {
    "series-1": 'fill="#0072B2"',
    "series-2": 'fill="#D55E00"',
    "series-3": 'fill="#009E73"',
    "series-4": 'fill="#CC79A7"',
    "good": 'fill="#0B6B3A"',
    "warn": 'fill="#8A4B00"',
    "bad": 'fill="#B3261E"',
    "quiet": 'fill="#7A8694"',
    "empty": 'fill="#ECEFF3" stroke="#7A8694" stroke-width="1"',
    "hatch": 'fill="none" stroke="#FFFFFF" stroke-width="1.6"',
    "dot": 'fill="#FFFFFF"',
    "grid": 'stroke="#DDE2E8" stroke-width="1"',
    "axis": 'stroke="#55606E" stroke-width="1"',
    "limit": 'stroke="#B3261E" stroke-width="1.5" stroke-dasharray="5 3"',
    "link": 'stroke="#7A8694" stroke-width="1" stroke-dasharray="2 2"',
    "line": 'fill="none" stroke="#0072B2" stroke-width="1.8"',
    "line-1": 'fill="none" stroke="#0072B2" stroke-width="2"',
    "line-2": 'fill="none" stroke="#D55E00" stroke-width="2" stroke-dasharray="7 3"',
    "line-3": 'fill="none" stroke="#009E73" stroke-width="2" stroke-dasharray="2 3"',
    "text": 'fill="#1B2430" font-family="Inter, Inter Ext"',
    "strong": 'fill="#1B2430" font-family="Inter, Inter Ext" font-weight="600"',
    "muted": 'fill="#55606E" font-family="Inter, Inter Ext"',
    "inverse": 'fill="#FFFFFF" font-family="Inter, Inter Ext" font-weight="600"',
    "danger-text": 'fill="#B3261E" font-family="Inter, Inter Ext" font-weight="600"',
}

# One pattern a series: the first is plain, so a chart of one series stays quiet.
_PATTERNS: dict[str, tuple[int, str, str]] = {
    "diagonal": (6, "hatch", '<path d="M-1.5 1.5 L1.5 -1.5 M0 6 L6 0 M4.5 7.5 L7.5 4.5" {paint}/>'),
    "dots": (6, "dot", '<circle cx="3" cy="3" r="1.2" {paint}/>'),
    "rows": (5, "hatch", '<path d="M0 2.5 L5 2.5" {paint}/>'),
}
SERIES_PATTERNS = (None, "diagonal", "dots", "rows")


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture with the words and the table that belong to it; the SVG is safe to print as it is."""

    svg: SafeString
    headline: str
    unit: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def thousands(value: int) -> str:
    """Return a count as English text writes it: 12,345, with a real minus."""
    return f"{value:,}".replace("-", "\u2212")


def number(value: float) -> str:
    """Return a coordinate with at most two decimals."""
    text = f"{value:.2f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def clean(text: str) -> str:
    """Return text escaped for XML, without the control characters XML forbids."""
    return escape(re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]", "", text))


def fit(text: str, width: float, *, size: float = FONT_SIZE) -> str:
    """Return the text, cut with an ellipsis where it would be wider than `width` units."""
    room = max(int(width / (size * _GLYPH)), 1)
    return text if len(text) <= room else text[: max(room - 1, 1)].rstrip() + "\u2026"


def text_width(text: str, *, size: float = FONT_SIZE) -> float:
    """Return about how wide the text is, in units."""
    return len(text) * size * _GLYPH


def nice_ticks(largest: int, *, about: int = 4) -> list[int]:
    """Return whole ticks from zero to at least `largest`, in steps of 1, 2 or 5 times a power of ten."""
    step = 1
    for factor in _steps():
        step = factor
        if factor * about >= largest:
            break
    count = max(-(-largest // step), 1)
    return [step * index for index in range(count + 1)]


def _steps() -> Iterable[int]:
    power = 1
    while True:
        yield from (power, 2 * power, 5 * power)
        power *= 10


class Pen:
    """Collects the marks of one chart in a theme."""

    def __init__(self, *, theme: Theme, chart_id: str) -> None:
        if not _CHART_ID.fullmatch(chart_id):
            raise ValueError(f"not an id of lower-case letters, digits and dashes: {chart_id!r}")
        self.theme = theme
        self.chart_id = chart_id
        self._marks: list[str] = []
        self._patterns: list[str] = []

    def paint(self, role: str) -> str:
        """Return the attributes that colour a mark: a class on the web, colours on paper."""
        return f'class="chart-{role}"' if self.theme == "web" else _PAPER[role]

    def bar(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        role: str,
        pattern: str | None = None,
        title: str = "",
    ) -> None:
        """Draw a filled box; `title` is what a pointer resting on it is told."""
        if width <= 0 or height <= 0:
            return
        box = f'x="{number(x)}" y="{number(y)}" width="{number(width)}" height="{number(height)}"'
        told = f"<title>{clean(title)}</title>" if title else ""
        marks = f"<rect {box} {self.paint(role)}/>"
        if pattern:
            marks += f'<rect {box} fill="url(#{self._pattern_id(pattern)})"/>'
        self._marks.append(f"<g>{told}{marks}</g>" if told or pattern else marks)

    def series_bar(
        self, x: float, y: float, width: float, height: float, *, index: int, title: str = ""
    ) -> None:
        """Draw a box in the colour and pattern of series `index`, counted from 0."""
        index %= len(SERIES_PATTERNS)
        self.bar(x, y, width, height, role=f"series-{index + 1}", pattern=SERIES_PATTERNS[index], title=title)

    def line(self, x1: float, y1: float, x2: float, y2: float, *, role: str) -> None:
        """Draw a straight line."""
        ends = f'x1="{number(x1)}" y1="{number(y1)}" x2="{number(x2)}" y2="{number(y2)}"'
        self._marks.append(f"<line {ends} {self.paint(role)}/>")

    def polyline(self, points: Sequence[tuple[float, float]], *, role: str) -> None:
        """Draw a line through points."""
        path = " ".join(f"{number(x)},{number(y)}" for x, y in points)
        self._marks.append(f'<polyline points="{path}" {self.paint(role)}/>')

    def circle(self, x: float, y: float, radius: float, *, role: str) -> None:
        """Draw a filled dot."""
        self._marks.append(
            f'<circle cx="{number(x)}" cy="{number(y)}" r="{number(radius)}" {self.paint(role)}/>'
        )

    def text(
        self,
        x: float,
        y: float,
        words: str,
        *,
        role: str = "text",
        anchor: Anchor = "start",
        size: float = FONT_SIZE,
    ) -> None:
        """Write words with their base line at `y`."""
        place = f'x="{number(x)}" y="{number(y)}" text-anchor="{anchor}" font-size="{number(size)}"'
        self._marks.append(f"<text {place} {self.paint(role)}>{clean(words)}</text>")

    def legend(self, names: Sequence[str], *, x: float, y: float) -> None:
        """Write a legend of series on one line."""
        for index, name in enumerate(names):
            self.series_bar(x, y - 9, 11, 11, index=index)
            self.text(x + 16, y, name, role="muted")
            x += 16 + text_width(name) + 18

    def finish(self, width: float, height: float, *, headline: str, description: str) -> SafeString:
        """Return the whole picture."""
        name, told = f"{self.chart_id}-title", f"{self.chart_id}-desc"
        size = f'viewBox="0 0 {number(width)} {number(height)}"'
        if self.theme == "print":
            size += f' width="{number(width)}" height="{number(height)}"'
        patterns = f"<defs>{''.join(self._patterns)}</defs>" if self._patterns else ""
        # Every word in it went through clean(), every number through number().
        return mark_safe(  # noqa: S308
            f'<svg xmlns="http://www.w3.org/2000/svg" {size} class="chart-svg" role="img" '
            f'aria-labelledby="{name} {told}"><title id="{name}">{clean(headline)}</title>'
            f'<desc id="{told}">{clean(description)}</desc>{patterns}{"".join(self._marks)}</svg>'
        )

    def _pattern_id(self, pattern: str) -> str:
        identifier = f"{self.chart_id}-{pattern}"
        size, role, drawing = _PATTERNS[pattern]
        definition = (
            f'<pattern id="{identifier}" width="{size}" height="{size}" patternUnits="userSpaceOnUse">'
            f"{drawing.format(paint=self.paint(role))}</pattern>"
        )
        if definition not in self._patterns:
            self._patterns.append(definition)
        return identifier


def describe(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return the table as one sentence for those who hear the picture."""
    parts = [
        f"{row[0]}: "
        + ", ".join(
            f"{cell} {column}" if len(row) > 2 else cell
            for column, cell in zip(columns[1:], row[1:], strict=True)
        )
        for row in rows
    ]
    return "; ".join(parts) + "." if parts else ""
