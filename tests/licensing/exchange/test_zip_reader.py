import io
import time
import tracemalloc
import zipfile

import pytest

from licensing.exchange.refusals import ZipRefused
from licensing.exchange.zip_reader import ZipLimits, read_zip, show_name
from tests.licensing.exchange.corpus import (
    CANARY_KEY,
    HostileFile,
    good_oa3,
    good_zip,
    hostile_zips,
    make_zip,
    mutations,
)

HOSTILE = list(hostile_zips())


def read(data: bytes, **limits: int) -> list[tuple[str, bytes]]:
    return list(read_zip(io.BytesIO(data), limits=ZipLimits(**limits)))


@pytest.mark.parametrize("file", HOSTILE, ids=str)
def test_hostile_zip_is_refused_quickly_and_in_little_memory(file: HostileFile) -> None:
    data = file.make()
    started = time.monotonic()
    tracemalloc.start()
    try:
        with pytest.raises(ZipRefused) as caught:
            for _name, _contents in read_zip(io.BytesIO(data)):
                pass
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert caught.value.code in file.codes
    shown = f"{caught.value} {caught.value.message} {caught.value.params}"
    assert not any(group in shown for group in CANARY_KEY.split("-")[:4])
    assert "\u202e" not in shown
    assert peak < 50 * 1024 * 1024
    assert time.monotonic() - started < 20


def test_good_zip_gives_names_and_contents_in_order() -> None:
    assert read(good_zip()) == [(f"OA3-{number}.xml", good_oa3(number)) for number in range(3)]


def test_folders_backslashes_and_clutter_are_forgiven() -> None:
    files = {
        "__MACOSX/._OA3.xml": b"x",
        "builds/": b"",
        "builds\\OA3.xml": b"<Key/>",
        "builds/Thumbs.db": b"x",
        "Größe.xml": b"<Key/>",
    }
    assert read(make_zip(files)) == [("builds/OA3.xml", b"<Key/>"), ("Größe.xml", b"<Key/>")]


def test_empty_zip_gives_nothing() -> None:
    assert read(make_zip({})) == []


def test_zip_with_a_comment_is_read() -> None:
    target = io.BytesIO(make_zip({"OA3.xml": b"<Key/>"}))
    with zipfile.ZipFile(target, "a") as archive:
        archive.comment = b"made by hand"
    assert read(target.getvalue()) == [("OA3.xml", b"<Key/>")]


def test_zip_written_without_sizes_in_front_is_read() -> None:
    class Pipe(io.BytesIO):
        def seekable(self) -> bool:
            return False

        def tell(self) -> int:
            raise io.UnsupportedOperation

    target = Pipe()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("OA3.xml", b"<Key/>")
    assert read(target.getvalue()) == [("OA3.xml", b"<Key/>")]


@pytest.mark.parametrize(
    ("limits", "code"),
    [
        ({"max_packed_bytes": 100}, "zip_too_large"),
        ({"max_unpacked_bytes": 10_000}, "zip_unpacked_too_large"),
        ({"max_entry_bytes": 4_000}, "zip_entry_too_large"),
        ({"max_entries": 2}, "zip_too_many_entries"),
    ],
)
def test_each_limit_is_counted(limits: dict[str, int], code: str) -> None:
    with pytest.raises(ZipRefused) as caught:
        read(good_zip(), **limits)
    assert caught.value.code == code


def test_limits_of_the_exact_size_pass() -> None:
    data = good_zip()
    total = sum(len(good_oa3(number)) for number in range(3))
    assert len(read(data, max_packed_bytes=len(data), max_unpacked_bytes=total, max_entries=3)) == 3


def test_structure_is_refused_before_the_first_file_is_given() -> None:
    data = make_zip({"OA3.xml": b"<Key/>", "../x": b""})
    with pytest.raises(ZipRefused):
        next(read_zip(io.BytesIO(data)))


def test_mutated_zip_is_read_or_refused() -> None:
    for data in mutations(make_zip({"a.xml": b"<Key/>" * 20, "b.csv": b"x,y\n"}), seed=3, count=1_500):
        try:
            read(data)
        except ZipRefused:
            continue


def test_show_name_masks_keys_and_shortens() -> None:
    assert CANARY_KEY[6:] not in show_name(f"a/{CANARY_KEY}.xml")
    assert len(show_name("x" * 500)) == 80
    assert show_name("a\u202eb\n") == "a?b?"
