"""Zip files that must be refused."""

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator

from tests.licensing.exchange.good_files import (
    CANARY_KEY,
    MEGABYTE,
    HostileFile,
    good_oa3,
    good_zip,
    hostile,
    make_zip,
)


def hostile_zips() -> Iterator[HostileFile]:
    """Yield zip files that must be refused."""
    nested = make_zip({"inner.zip": good_zip()})
    yield hostile("nothing", b"", "zip_broken")
    yield hostile("not a zip", good_oa3(), "zip_broken")
    yield hostile("cut off", good_zip()[:-10], "zip_broken")
    yield hostile("something before it", b"MZ" + good_zip(), "zip_broken")
    yield hostile("something behind it", good_zip() + b"x", "zip_broken")
    yield hostile("two zips in a row", good_zip() + good_zip(1), "zip_broken")
    yield hostile("100,000 entries", lambda: many_entries(100_000), "zip_zip64", "zip_too_many_entries")
    yield hostile("60,000 entries", lambda: many_entries(60_000), "zip_too_many_entries")
    yield hostile(
        "flat bomb", lambda: make_zip({"a.xml": bytes(300 * MEGABYTE)}), "zip_ratio", "zip_entry_too_large"
    )
    yield hostile("hidden bomb", lying_bomb, "zip_ratio", "zip_broken", "zip_entry_too_large")
    yield hostile(
        "many bombs", lambda: make_zip({f"{n}.xml": bytes(20 * MEGABYTE) for n in range(15)}), "zip_ratio"
    )
    yield hostile("overlapping bomb", overlapping_bomb, "zip_overlap")
    yield hostile("nested", nested, "zip_nested")
    yield hostile("nested, renamed", make_zip({"OA3.xml": good_zip()}), "zip_nested")
    yield hostile("gzip inside", make_zip({"OA3.xml": b"\x1f\x8b\x08" + bytes(20)}), "zip_nested")
    for name in ("../OA3.xml", "a/../../b.xml", "/etc/passwd", "C:/x.xml", "..\\OA3.xml", "a\\..\\b", "\\x"):
        yield hostile(f"name {name}", make_zip({name: b"<Key/>"}), "zip_name")
    yield hostile("name with direction mark", make_zip({"OA3\u202elmx.xml": b"<Key/>"}), "zip_name")
    yield hostile("name with control", make_zip({"OA3\x07.xml": b"<Key/>"}), "zip_name")
    yield hostile("name too long", make_zip({"n" * 300: b"<Key/>"}), "zip_name")
    yield hostile("key as bad name", make_zip({f"../{CANARY_KEY}.xml": b"<Key/>"}), "zip_name")
    yield hostile("nul in name", nul_in_name, "zip_name", "zip_broken")
    yield hostile("same name twice", make_zip({"OA3.xml": b"<Key/>", "oa3.XML": b"<Key/>"}), "zip_duplicate")
    yield hostile("symbolic link", symbolic_link, "zip_link")
    yield hostile("encrypted", encrypted, "zip_encrypted")
    for name, method in (("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)):
        yield hostile(name, make_zip({"OA3.xml": b"x" * 1_000}, method=method), "zip_method")
    yield hostile("bad checksum", bad_checksum, "zip_broken")
    yield hostile("list points outside", list_points_outside, "zip_broken", "zip_overlap")
    yield hostile(
        "51 MB", lambda: make_zip({"a": bytes(51 * MEGABYTE)}, method=zipfile.ZIP_STORED), "zip_too_large"
    )


def many_entries(count: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number in range(count):
            archive.writestr(zipfile.ZipInfo(f"{number}.xml"), b"")
    return target.getvalue()


def lying_bomb() -> bytes:
    """Return a zip whose 100 MB entry claims to hold 100 bytes, in both of its headers."""
    data = bytearray(make_zip({"a.xml": bytes(100 * MEGABYTE)}))
    for at, offset in ((data.find(b"PK\x03\x04"), 22), (data.rfind(b"PK\x01\x02"), 24)):
        data[at + offset : at + offset + 4] = struct.pack("<L", 100)
    return bytes(data)


def overlapping_bomb(count: int = 500) -> bytes:
    """Return a zip whose entries all point at the same packed megabytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    contents = bytes(MEGABYTE)
    packed = packer.compress(contents) + packer.flush()
    crc = zlib.crc32(contents)
    sizes = struct.pack("<3L", crc, len(packed), len(contents))
    local = b"PK\x03\x04" + struct.pack("<5H", 20, 0, 8, 0, 33) + sizes + struct.pack("<2H", 1, 0) + b"a"
    central = b"".join(
        b"PK\x01\x02"
        + struct.pack("<6H", 20, 20, 0, 8, 0, 33)
        + sizes
        + struct.pack("<5H2L", 1, 0, 0, 0, 0, 0, 0)
        + b"a"
        for _number in range(count)
    )
    start = len(local) + len(packed)
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, count, count, len(central), start, 0)
    return local + packed + central + end


def nul_in_name() -> bytes:
    return make_zip({"OA3#.xml": b"<Key/>"}).replace(b"OA3#.xml", b"OA3\0.xml")


def symbolic_link() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        entry = zipfile.ZipInfo("OA3.xml")
        entry.create_system = 3
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return target.getvalue()


def encrypted() -> bytes:
    data = bytearray(make_zip({"OA3.xml": b"<Key/>"}))
    data[data.find(b"PK\x03\x04") + 6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def bad_checksum() -> bytes:
    data = bytearray(make_zip({"OA3.xml": b"<Key/>"}, method=zipfile.ZIP_STORED))
    data[data.find(b"<Key/>") + 1] = ord("k")
    return bytes(data)


def list_points_outside() -> bytes:
    data = bytearray(make_zip({"OA3.xml": b"<Key/>"}))
    at = data.find(b"PK\x01\x02") + 42
    data[at : at + 4] = struct.pack("<L", 5_000)
    return bytes(data)
