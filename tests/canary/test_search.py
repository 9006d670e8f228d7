"""The control: the search finds a planted key wherever and however it stands."""

import base64
import gzip
import io
import zipfile
from collections.abc import Callable
from pathlib import Path

import pikepdf
import pytest

from tests.canary.canaries import Search, new_canaries

KEY, OTHER = new_canaries(2)
BARE = KEY.replace("-", "")
WRITINGS: dict[str, Callable[[], bytes]] = {
    "dashes": lambda: f'{{"key": "{KEY}"}}'.encode(),
    "no dashes": lambda: f"x {BARE} y".encode(),
    "lower case": lambda: KEY.lower().encode(),
    "mixed case": lambda: KEY.title().encode(),
    "utf-16": lambda: f"<ProductKey>{KEY}</ProductKey>".encode("utf-16"),
    "utf-16 no dashes": lambda: BARE.lower().encode("utf-16-le"),
    "base64": lambda: base64.b64encode(KEY.encode()),
    "base64, second place": lambda: base64.b64encode(b"a" + KEY.encode() + b"bc"),
    "base64, third place": lambda: base64.b64encode(b'{"' + BARE.encode() + b'"}'),
    "base64 of utf-16": lambda: base64.b64encode(b"x" + KEY.encode("utf-16-le")),
    "hex": lambda: KEY.encode().hex().encode(),
    "groups apart": lambda: "".join(f"<span class='g'>{group}</span>\n" for group in KEY.split("-")).encode(),
}


FRAGMENTS = {
    "first two": "-".join(KEY.split("-")[:2]),
    "last two": "-".join(KEY.split("-")[3:]),
    "first and last": f"{KEY[:5]}-•••••-•••••-•••••-{KEY[-5:]}",
    "two without a dash": KEY.replace("-", "")[5:15],
    "two in cells": f"<td>{KEY[6:11]}</td><td>{KEY[12:17]}</td>".lower(),
}


@pytest.mark.parametrize("fragment", FRAGMENTS)
def test_search_finds_two_groups_of_a_key(fragment: str) -> None:
    content = b"\x00noise " * 50 + FRAGMENTS[fragment].encode() + b" more\xff" * 50
    assert [hit.form for hit in Search([KEY]).in_bytes(content, "here")] == ["in pieces"]
    assert Search([OTHER]).in_bytes(content, "here") == []


def test_the_last_group_alone_is_no_hit() -> None:
    masked = f"•••••-{KEY[-5:]} " * 20 + f"•••••-{OTHER[-5:]}"
    assert Search([KEY, OTHER]).in_bytes(masked.encode(), "here") == []


@pytest.mark.parametrize("writing", list(WRITINGS), ids=str)
def test_search_finds_a_key_however_it_is_written(writing: str) -> None:
    content = b"\x00noise " * 50 + WRITINGS[writing]() + b" more\xff" * 50
    assert Search([KEY]).in_bytes(content, "here") != []
    assert Search([OTHER]).in_bytes(content, "here") == []


def _pdf() -> bytes:
    pdf = pikepdf.new()
    page = pdf.add_blank_page()
    page.Contents = pdf.make_stream(f"BT ({KEY}) Tj ET".encode(), Filter=None)
    target = io.BytesIO()
    pdf.save(target, compress_streams=True, recompress_flate=True)
    return target.getvalue()


def _pdf_with_attachment() -> bytes:
    pdf = pikepdf.new()
    pdf.add_blank_page()
    pdf.attachments["devices.csv"] = pikepdf.AttachedFileSpec(
        pdf, f"id;{KEY}\n".encode(), filename="devices.csv"
    )
    target = io.BytesIO()
    pdf.save(target, compress_streams=True, recompress_flate=True)
    return target.getvalue()


def _zip() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("inner.txt.gz", gzip.compress(KEY.encode()))
    return target.getvalue()


@pytest.mark.parametrize("make", [_pdf, _pdf_with_attachment, _zip])
def test_search_looks_into_packed_files(make: Callable[[], bytes], tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file.bin").write_bytes(make())
    assert Search([KEY]).in_tree(tmp_path) != []
    assert Search([OTHER]).in_tree(tmp_path) == []


def test_search_looks_at_names_of_files(tmp_path: Path) -> None:
    (tmp_path / f"OA3-{KEY}.xml").touch()
    assert [hit.place for hit in Search([KEY]).in_tree(tmp_path)] != []


def test_canaries_are_keys_and_never_twice_the_same() -> None:
    from licensing.rules.key_syntax import is_key, is_placeholder, is_synthetic

    keys = new_canaries(500)
    assert len(set(keys)) == 500
    assert all(is_key(key) and not is_placeholder(key) and not is_synthetic(key) for key in keys)
