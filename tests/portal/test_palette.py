"""The contrast of the palette, computed from the style sheet (WCAG 2.2: 4.5 for text, 3 for controls)."""

import re
from pathlib import Path

import pytest
from django.conf import settings

SHEET = Path(settings.BASE_DIR, "static/css/portal.css").read_text()
TOKENS = {
    name: (light, dark)
    for name, light, dark in re.findall(r"--([a-z-]+): light-dark\((#[0-9a-f]{6}), (#[0-9a-f]{6})\)", SHEET)
}
GROUNDS = ("surface", "canvas", "raised", "sunken", "hover")
TEXT = ("ink", "muted", "heading", "primary", "success", "warning", "danger", "info", "neutral")
BADGES = ("success", "warning", "danger", "info", "neutral", "primary")
PAIRS = [
    *((text, ground, 4.5) for text in TEXT for ground in GROUNDS),
    *((tone, f"{tone}-soft", 4.5) for tone in BADGES),
    ("on-primary", "primary", 4.5),
    ("on-primary", "primary-strong", 4.5),
    ("on-danger", "danger", 4.5),
    ("on-danger", "danger-strong", 4.5),
    ("ink", "primary-soft", 4.5),
    ("muted", "primary-soft", 4.5),
    ("control-line", "surface", 3.0),
    ("control-line", "canvas", 3.0),
    ("ring", "surface", 3.0),
    ("ring", "canvas", 3.0),
]


def luminance(colour: str) -> float:
    channels = (int(colour[start : start + 2], 16) / 255 for start in (1, 3, 5))
    red, green, blue = (
        value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in channels
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(first: str, second: str) -> float:
    dark, light = sorted((luminance(first), luminance(second)))
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize(("front", "back", "least"), PAIRS)
def test_each_pair_can_be_read(front: str, back: str, least: float, theme: str) -> None:
    side = ("light", "dark").index(theme)
    assert contrast(TOKENS[front][side], TOKENS[back][side]) >= least
