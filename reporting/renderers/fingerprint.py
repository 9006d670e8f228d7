"""What decides the bytes of a PDF beside the report itself, so that a changed renderer is told apart."""

import ctypes
import zlib
from hashlib import sha256
from importlib.metadata import version
from pathlib import Path
from typing import Any

from reporting.renderers.fonts import read_fonts

_ROOT = Path(__file__).resolve().parents[2]
_SOURCES = ("templates/pdf", "reporting/renderers", "core/charts")
_ENDINGS = {".html", ".css", ".py"}
_PACKAGES = ("weasyprint", "pydyf", "tinycss2", "tinyhtml5", "cssselect2", "fonttools")


def renderer_fingerprint(fonts_dir: Path) -> dict[str, Any]:
    """Return versions of the libraries, hashes of the font files and one hash of our own sources.

    :raises FontMissing: a font file is not there.
    """
    return {
        **{package: version(package) for package in _PACKAGES},
        "pango": _library_version("libpango-1.0.so.0", "pango_version_string"),
        "harfbuzz": _library_version("libharfbuzz.so.0", "hb_version_string"),
        "zlib": zlib.ZLIB_RUNTIME_VERSION,
        "fonts": {
            path: sha256(content).hexdigest() for path, content in sorted(read_fonts(fonts_dir).items())
        },
        "sources": _sources_hash(),
    }


def _library_version(library: str, function: str) -> str:
    """Return what a C library says of itself."""
    ask = ctypes.CDLL(library)[function]
    ask.restype = ctypes.c_char_p
    answer: bytes = ask()
    return answer.decode()


def _sources_hash() -> str:
    """Return one SHA-256 over our templates, renderers and charts, by path and content."""
    digest = sha256()
    for folder in _SOURCES:
        for path in sorted((_ROOT / folder).rglob("*")):
            if path.suffix in _ENDINGS:
                content = path.read_bytes()
                digest.update(f"{path.relative_to(_ROOT).as_posix()} {len(content)}\n".encode() + content)
    return digest.hexdigest()
