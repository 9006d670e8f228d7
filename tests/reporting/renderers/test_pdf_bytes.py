"""The same report gives the same bytes, whatever process, zone, locale or hash seed it is rendered in."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reporting.renderers.fingerprint import renderer_fingerprint
from reporting.renderers.fonts import FONT_FILES
from tests.reporting.renderers.conftest import FONTS

ROOT = Path(__file__).resolve().parents[3]

SURROUNDINGS = (
    {"PYTHONHASHSEED": "0", "TZ": "UTC", "LC_ALL": "C.UTF-8"},
    {"PYTHONHASHSEED": "1", "TZ": "Pacific/Kiritimati", "LC_ALL": "de_DE.UTF-8", "SOURCE_DATE_EPOCH": "1"},
    {"PYTHONHASHSEED": "4242", "TZ": "America/St_Johns", "LC_ALL": "C", "LANGUAGE": "pl"},
)


def render_in_process(out: Path, surroundings: dict[str, str]) -> bytes:
    command = [sys.executable, "-m", "tests.reporting.renderers.pdf_process", "small", str(out)]
    environment = {"PATH": os.environ["PATH"], "HOME": os.environ.get("HOME", "/"), **surroundings}
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True, timeout=120)
    return out.read_bytes()


def test_fresh_processes_in_other_surroundings_give_the_same_bytes(tmp_path: Path) -> None:
    made = []
    for number, surroundings in enumerate(SURROUNDINGS):
        made.append(render_in_process(tmp_path / f"{number}.pdf", surroundings))
        time.sleep(1.1)  # a time stamp of the clock would differ
    assert made[0].startswith(b"%PDF-1.7")
    assert made[0] == made[1] == made[2]


def test_the_process_environment_is_left_as_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    from tests.reporting import samples
    from tests.reporting.renderers.conftest import read_back

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "7")
    read_back(*samples.make_report(partners=2))
    assert os.environ["SOURCE_DATE_EPOCH"] == "7"
    monkeypatch.delenv("SOURCE_DATE_EPOCH")
    read_back(*samples.make_report(partners=2))
    assert "SOURCE_DATE_EPOCH" not in os.environ


def test_the_fingerprint_names_libraries_fonts_and_sources() -> None:
    facts = renderer_fingerprint(FONTS)
    assert facts["weasyprint"] == "70.0"
    assert facts["pango"].count(".") == 2
    assert facts["harfbuzz"].count(".") == 2
    assert set(facts["fonts"]) == {font.path for font in FONT_FILES}
    assert all(len(digest) == 64 for digest in [*facts["fonts"].values(), facts["sources"]])
    assert renderer_fingerprint(FONTS) == facts


def test_another_font_file_is_another_fingerprint(tmp_path: Path) -> None:
    for font in FONT_FILES:
        copy = tmp_path / font.path
        copy.parent.mkdir(exist_ok=True)
        copy.write_bytes((FONTS / font.path).read_bytes())
    assert renderer_fingerprint(tmp_path) == renderer_fingerprint(FONTS)
    (tmp_path / FONT_FILES[0].path).write_bytes(b"other")
    assert renderer_fingerprint(tmp_path) != renderer_fingerprint(FONTS)
