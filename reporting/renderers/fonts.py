"""The font files of our documents: static Inter and IBM Plex Mono, Latin and Latin Extended."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class FontFile:
    """One font file below the fonts directory."""

    family: str
    weight: int
    path: str


# Each subset is a family of its own: WeasyPrint tells embedded fonts apart by family and weight, and
# would draw the letters of one file with the glyphs of the other.
FONT_FILES: tuple[FontFile, ...] = (
    *(
        FontFile(family, weight, f"inter-static/inter-{subset}-{weight}-normal.woff2")
        for weight in (400, 500, 600, 700)
        for family, subset in (("Inter", "latin"), ("Inter Ext", "latin-ext"))
    ),
    *(
        FontFile(family, weight, f"plex-mono/ibm-plex-mono-{subset}-{weight}-normal.woff2")
        for weight in (400, 600)
        for family, subset in (("Plex Mono", "latin"), ("Plex Mono Ext", "latin-ext"))
    ),
)


class FontMissing(Exception):
    """A font file of the report is not where it should be; carries its path below the directory."""


def read_fonts(fonts_dir: Path) -> dict[str, bytes]:
    """Return the report's font files by their path below the directory.

    :raises FontMissing: one of them is not there.
    """
    fonts: dict[str, bytes] = {}
    for font in FONT_FILES:
        try:
            fonts[font.path] = (fonts_dir / font.path).read_bytes()
        except FileNotFoundError:
            raise FontMissing(font.path) from None
    return fonts
