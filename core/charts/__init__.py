"""Charts drawn on the server as SVG, the same for web pages and PDFs.

Each function takes numbers and words and returns a `Chart`: the picture, its headline and the rows
of the table that stands beside it. Pictures carry no style attribute, no script and no outside
reference, differ by pattern as well as by colour, and start bars at zero.
"""

from core.charts.bars import MonthValues, RankedBar, Segment, month_bars, ranked_bars, stacked_bar
from core.charts.bridge import Stage, bridge
from core.charts.histogram import Bin, histogram
from core.charts.run_down import DayLine, day_lines
from core.charts.scores import ScoreRow, score_bars, score_line
from core.charts.steps import StepSeries, step_lines
from core.charts.strips import BoxStatus, MonthBox, month_strip, sparkline
from core.charts.svg import Chart, Theme, thousands

__all__ = [
    "Bin",
    "BoxStatus",
    "Chart",
    "DayLine",
    "MonthBox",
    "MonthValues",
    "RankedBar",
    "ScoreRow",
    "Segment",
    "Stage",
    "StepSeries",
    "Theme",
    "bridge",
    "day_lines",
    "histogram",
    "month_bars",
    "month_strip",
    "ranked_bars",
    "score_bars",
    "score_line",
    "sparkline",
    "stacked_bar",
    "step_lines",
    "thousands",
]
