"""The cut of the icon package."""

from pathlib import Path

import pytest

from portal.icons import MissingIconError, cut_sprite, main

SOURCE = (
    '<svg><defs><symbol id="tabler-check" viewBox="0 0 24 24" stroke-width="2">'
    '<path stroke="none" d="M0 0h24v24H0z" fill="none" /><path d="M5 12l5 5l10 -10" /></symbol>'
    '<symbol id="tabler-x"><path d="M18 6l-12 12" /></symbol></defs></svg>'
)


def test_only_the_named_drawings_are_kept() -> None:
    assert cut_sprite(SOURCE, ("check",)) == (
        '<svg xmlns="http://www.w3.org/2000/svg">\n'
        '<symbol id="tabler-check" viewBox="0 0 24 24"><path d="M5 12l5 5l10 -10" /></symbol>\n</svg>\n'
    )


def test_a_missing_drawing_is_named() -> None:
    with pytest.raises(MissingIconError, match="no drawing named: ghost, moon"):
        cut_sprite(SOURCE, ("moon", "check", "ghost"))


def test_the_command_writes_the_file_into_a_new_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("portal.icons.cut_sprite", lambda source: source.upper())
    source, target = tmp_path / "all.svg", tmp_path / "new" / "some.svg"
    source.write_text("<svg/>")
    assert main([str(source), str(target)]) == 0
    assert target.read_text() == "<SVG/>"


def test_the_command_without_two_paths_says_how(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().err
