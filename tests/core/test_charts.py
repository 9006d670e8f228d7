import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from defusedxml.ElementTree import fromstring
from hypothesis import given
from hypothesis import strategies as st

from core.charts import (
    Bin,
    Chart,
    MonthBox,
    MonthValues,
    RankedBar,
    Segment,
    Stage,
    Theme,
    bridge,
    histogram,
    month_bars,
    month_strip,
    ranked_bars,
    sparkline,
    stacked_bar,
    thousands,
)
from core.charts.svg import clean, fit, nice_ticks, number

SVG = "{http://www.w3.org/2000/svg}"
CSS = Path(__file__).resolve().parents[2] / "static" / "css" / "charts.css"
NASTY = '<b> & "Söhne" \x00\x0b\uffff'


def samples(theme: Theme, *, label: str = "Gdańsk", value: int = 7) -> list[Chart]:
    """Return one chart of each kind with this label and value in it."""
    words = {"headline": f"{label} leads", "unit": "Keys in October 2026", "theme": theme}
    return [
        stacked_bar(
            [Segment(label, value), Segment("Bound", 3), Segment("Sent", 2), Segment("Denied", 1)],
            chart_id="stack", columns=("State", "Keys"), **words,
        ),
        month_bars(
            [MonthValues(label, (value, 2)), MonthValues("Oct", (1, 0))],
            series=("Enabled", "Denied"), month_column="Month", chart_id="months", **words,
        ),
        ranked_bars(
            [RankedBar(label, (value, 2)), RankedBar("B", (0, 0))],
            series=("Enabled", "Denied"), label_column="Partner", chart_id="ranks", **words,
        ),
        histogram(
            [Bin(label, value), Bin("8-30", 4), Bin("31-60", 2), Bin("61+", 1)],
            limit_after=2, limit_label="Limit: 30 days", chart_id="ages", columns=("Age", "Keys"), **words,
        ),
        bridge(
            [Stage(label, value), Stage("Assigned", 4), Stage("Reported", 9), Stage("Enabled", 9)],
            chart_id="road", columns=("Step", "Keys", "Difference"), **words,
        ),
        sparkline([(label, value), ("Oct", 3)], chart_id="spark", columns=("Month", "Keys"), **words),
        month_strip(
            [MonthBox(label, "good", "in time"), MonthBox("F", "warn", "1 day late"),
             MonthBox("M", "bad", "missing"), MonthBox("A", "empty", "not due")],
            chart_id="strip", columns=("Month", "Report"), **words,
        ),
    ]  # fmt: skip


def each(theme: Theme) -> Iterator[Chart]:
    yield from samples(theme)


@pytest.mark.parametrize("theme", ["web", "print"])
def test_each_picture_is_xml_with_role_title_and_description(theme: Theme) -> None:
    for chart in each(theme):
        root = fromstring(chart.svg)
        title, description = root.find(f"{SVG}title"), root.find(f"{SVG}desc")
        assert root.tag == f"{SVG}svg"
        assert root.get("role") == "img"
        assert title is not None
        assert description is not None
        assert title.text == chart.headline == "Gdańsk leads"
        assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert "Gdańsk" in (description.text or "")


@pytest.mark.parametrize("theme", ["web", "print"])
def test_a_strict_content_policy_has_nothing_to_refuse(theme: Theme) -> None:
    for chart in each(theme):
        for element in fromstring(chart.svg).iter():
            assert element.tag.removeprefix(SVG) in {
                "svg", "title", "desc", "defs", "pattern", "path", "circle", "g", "rect", "line", "polyline",
                "text",
            }  # fmt: skip
            for name, value in element.attrib.items():
                assert name != "style"
                assert not name.startswith("on")
                assert "href" not in name
                assert "url(" not in value or value.startswith("url(#")


def test_web_pictures_colour_by_classes_that_the_style_sheet_knows() -> None:
    known = set(re.findall(r"\.(chart-[a-z0-9-]+)", CSS.read_text()))
    used = {
        element.get("class")
        for chart in each("web")
        for element in fromstring(chart.svg).iter()
        if element.get("class")
    }
    assert used <= known
    for chart in each("web"):
        assert not re.search(r'(fill|stroke)="#', chart.svg)


def test_paper_pictures_colour_by_attributes() -> None:
    for chart in each("print"):
        drawn = [
            element
            for element in fromstring(chart.svg).iter()
            if element.tag in (f"{SVG}rect", f"{SVG}text", f"{SVG}line")
        ]
        assert drawn
        assert [element for element in drawn if not (element.get("fill") or element.get("stroke"))] == []


def test_the_style_sheet_defines_each_variable_for_both_schemes() -> None:
    css = CSS.read_text()
    used = set(re.findall(r"var\((--chart-[a-z0-9-]+)\)", css))
    assert used
    for name in used:
        assert css.count(f"{name}:") == 3


@pytest.mark.parametrize("theme", ["web", "print"])
def test_words_of_others_are_escaped(theme: Theme) -> None:
    for chart in samples(theme, label=NASTY):
        fromstring(chart.svg)
        assert "<b>" not in chart.svg


def test_rows_and_columns_stand_beside_each_picture() -> None:
    for chart in each("web"):
        assert chart.rows
        assert {len(row) for row in chart.rows} == {len(chart.columns)}
        assert chart.unit == "Keys in October 2026"


def test_every_id_is_unique_over_all_charts_of_a_page() -> None:
    ids = [
        element.get("id")
        for chart in each("web")
        for element in fromstring(chart.svg).iter()
        if element.get("id")
    ]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("chart_id", ["", "A", "1a", "a b", 'a"', "a_b"])
def test_an_id_that_could_break_the_markup_is_refused(chart_id: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        sparkline([], headline="", unit="", chart_id=chart_id, columns=("a", "b"))


def bars_of(chart: Chart) -> list[tuple[float, float, float]]:
    """Return y, height and bottom of each coloured box."""
    return [
        (float(box.get("y")), float(box.get("height")), float(box.get("y")) + float(box.get("height")))
        for box in fromstring(chart.svg).iter(f"{SVG}rect")
        if (box.get("class") or "").startswith("chart-")
    ]


def test_columns_stand_on_the_zero_line() -> None:
    chart = month_bars(
        [MonthValues("a", (10,)), MonthValues("b", (5,)), MonthValues("c", (0,))],
        series=("Keys",), headline="h", unit="u", chart_id="c", month_column="m",
    )  # fmt: skip
    legend, tall, half = bars_of(chart)
    assert tall[2] == half[2]
    assert tall[1] == pytest.approx(2 * half[1], abs=0.02)
    assert legend[1] == 11


def test_a_bridge_writes_losses_and_gains_with_their_signs() -> None:
    chart = bridge(
        [Stage("a", 1000), Stage("b", 700), Stage("c", 900), Stage("d", 900)],
        headline="h", unit="u", chart_id="c", columns=("Step", "Keys", "Difference"),
    )  # fmt: skip
    assert chart.rows == (("a", "1,000", ""), ("b", "700", "−300"), ("c", "900", "+200"), ("d", "900", "0"))


def test_bins_beyond_the_limit_are_marked_by_colour_and_pattern() -> None:
    chart = samples("web")[3]
    assert chart.svg.count('class="chart-bad"') == 2
    assert chart.svg.count('fill="url(#ages-diagonal)"') == 2
    assert "Limit: 30 days" in chart.svg


def test_a_histogram_without_limit_draws_none() -> None:
    chart = histogram(
        [Bin("a", 1)],
        limit_after=None,
        limit_label="",
        headline="h",
        unit="u",
        chart_id="c",
        columns=("a", "b"),
    )
    assert "chart-limit" not in chart.svg


def test_series_differ_by_pattern_as_well_as_colour() -> None:
    chart = samples("web")[0]
    assert [f'fill="url(#stack-{name})"' in chart.svg for name in ("diagonal", "dots", "rows")] == [True] * 3


def test_boxes_of_a_year_carry_signs() -> None:
    chart = samples("web")[6]
    signs = [text.text for text in fromstring(chart.svg).iter(f"{SVG}text")]
    assert signs[:5] == ["✓", "Gdańsk", "!", "F", "×"]


Empty = Callable[[Theme], Chart]
EMPTY: list[Empty] = [
    lambda theme: stacked_bar(
        [], headline="h", unit="u", chart_id="c", columns=("a", "b"), theme=theme
    ),
    lambda theme: stacked_bar(
        [Segment("a", 0)], headline="h", unit="u", chart_id="c", columns=("a", "b"), theme=theme
    ),
    lambda theme: month_bars(
        [], series=("s",), headline="h", unit="u", chart_id="c", month_column="m", theme=theme
    ),
    lambda theme: ranked_bars(
        [], series=("s",), headline="h", unit="u", chart_id="c", label_column="l", theme=theme
    ),
    lambda theme: histogram(
        [],
        limit_after=1,
        limit_label="l",
        headline="h",
        unit="u",
        chart_id="c",
        columns=("a", "b"),
        theme=theme,
    ),
    lambda theme: bridge(
        [], headline="h", unit="u", chart_id="c", columns=("a", "b", "c"), theme=theme
    ),
    lambda theme: sparkline([], headline="h", unit="u", chart_id="c", columns=("a", "b"), theme=theme),
    lambda theme: month_strip([], headline="h", unit="u", chart_id="c", columns=("a", "b"), theme=theme),
]  # fmt: skip


@pytest.mark.parametrize("make", EMPTY)
@pytest.mark.parametrize("theme", ["web", "print"])
def test_nothing_to_show_is_still_a_picture(make: Empty, theme: Theme) -> None:
    fromstring(make(theme).svg)


@given(st.integers(0, 10**9))
def test_ticks_are_round_start_at_zero_and_cover_the_largest_value(largest: int) -> None:
    ticks = nice_ticks(largest)
    step = ticks[1]
    assert ticks[0] == 0
    assert ticks[-1] >= largest
    assert ticks == [step * place for place in range(len(ticks))]
    assert len(ticks) <= 6
    assert str(step).rstrip("0") in {"1", "2", "5"}


@given(st.text(), st.integers(0, 10**6))
def test_any_label_gives_a_well_formed_picture(label: str, value: int) -> None:
    label = label.encode("utf-8", "ignore").decode()
    for chart in samples("web", label=label, value=value):
        fromstring(chart.svg)


def test_numbers_are_written_short_and_the_same_everywhere() -> None:
    assert [number(value) for value in (1.0, 1.25, 1.256, -0.001, 100.0)] == ["1", "1.25", "1.26", "0", "100"]
    assert [thousands(value) for value in (0, 1234567, -5)] == ["0", "1,234,567", "−5"]


def test_long_labels_end_in_an_ellipsis() -> None:
    assert fit("short", 100) == "short"
    assert fit("a very long label indeed", 60).endswith("…")
    assert len(fit("a very long label indeed", 60)) <= 10
    assert clean("a\x00b<") == "ab&lt;"
