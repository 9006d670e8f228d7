"""Zip files from outside: structure checked by ourselves first, contents counted while they are unpacked."""

import stat
import struct
import unicodedata
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

from licensing.exchange.refusals import ZipRefused
from licensing.rules.key_syntax import mask_keys

MEGABYTE = 1024 * 1024
MAX_PACKED_BYTES = 50 * MEGABYTE
MAX_UNPACKED_BYTES = 200 * MEGABYTE
MAX_ENTRY_BYTES = 25 * MEGABYTE
MAX_ENTRIES = 10_000
# Our files are text that shrinks three to twenty times; only padding made to explode shrinks 200 times.
MAX_RATIO = 200

_END, _END64, _CENTRAL, _LOCAL = b"PK\x05\x06", b"PK\x06\x07", b"PK\x01\x02", b"PK\x03\x04"
_END_BYTES, _CENTRAL_BYTES, _LOCAL_BYTES = 22, 46, 30
_PIECE_BYTES = 64 * 1024
_ARCHIVE_STARTS = (
    _LOCAL,
    _END,
    b"\x1f\x8b",
    b"7z\xbc\xaf\x27\x1c",
    b"Rar!",
    b"BZh",
    b"\xfd7zXZ",
    b"\x28\xb5\x2f\xfd",
)
_ARCHIVE_ENDINGS = (".zip", ".7z", ".rar", ".gz", ".tgz", ".bz2", ".xz", ".tar", ".cab", ".jar", ".zst")
_CLUTTER = ("thumbs.db", "desktop.ini", ".ds_store")


@dataclass(frozen=True, slots=True)
class ZipLimits:
    """Bound one zip file."""

    max_packed_bytes: int = MAX_PACKED_BYTES
    max_unpacked_bytes: int = MAX_UNPACKED_BYTES
    max_entry_bytes: int = MAX_ENTRY_BYTES
    max_entries: int = MAX_ENTRIES
    max_ratio: int = MAX_RATIO


def read_zip(source: BinaryIO, *, limits: ZipLimits | None = None) -> Iterator[tuple[str, bytes]]:
    """Yield name and contents of each file, in the order of the zip's list; folders and clutter are left out.

    Names come with forward slashes. Every check of structure and names precedes the first file; sizes are
    counted while unpacking, so a refusal can follow files already yielded.

    :raises ZipRefused: for anything but an ordinary, honest zip file
    """
    limits = limits or ZipLimits()
    _check_structure(source, limits)
    try:
        archive = zipfile.ZipFile(source)
    except (zipfile.BadZipFile, ValueError, struct.error, OSError, NotImplementedError):
        archive = None
    if archive is None:
        raise ZipRefused("zip_broken")
    entries = archive.infolist()
    _check_entries(entries)
    unpacked = 0
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        if entry.is_dir() or name.endswith("/") or _is_clutter(name):
            continue
        contents = _unpack(archive, entry, limits, room=limits.max_unpacked_bytes - unpacked)
        unpacked += len(contents)
        yield name, contents


def show_name(name: str) -> str:
    """Return an entry's name fit for an error message: short, visible characters only, keys masked."""
    visible = "".join(letter if letter.isprintable() else "?" for letter in name)
    masked = mask_keys(visible)
    return masked if len(masked) <= 80 else masked[:40] + "…" + masked[-39:]


# -- structure -----------------------------------------------------------------------------------------------


def _check_structure(source: BinaryIO, limits: ZipLimits) -> None:
    """Walk the zip's list ourselves: Python would first build all of a list of a million entries."""
    size = source.seek(0, 2)
    if size > limits.max_packed_bytes:
        raise ZipRefused("zip_too_large", limit_bytes=limits.max_packed_bytes)
    source.seek(0)
    if source.read(4) not in (_LOCAL, _END):
        raise ZipRefused("zip_broken")
    list_start, list_size = _find_list(source, size)
    source.seek(list_start)
    spans = _spans(source.read(list_size), limits)
    _check_overlaps(source, spans, list_start)


def _find_list(source: BinaryIO, size: int) -> tuple[int, int]:
    tail_start = max(0, size - _END_BYTES - 0xFFFF)
    source.seek(tail_start)
    tail = source.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) - at < _END_BYTES:
        raise ZipRefused("zip_broken")
    fields = struct.unpack("<4s4H2LH", tail[at : at + _END_BYTES])
    list_size, list_start, comment_bytes = fields[5], fields[6], fields[7]
    if tail[at - 20 : at].startswith(_END64) or 0xFFFFFFFF in (list_size, list_start):
        raise ZipRefused("zip_zip64")
    # List, end record and comment must fill the file exactly: no second archive hides before or behind them.
    if list_start + list_size != tail_start + at or tail_start + at + _END_BYTES + comment_bytes != size:
        raise ZipRefused("zip_broken")
    return list_start, list_size


def _spans(directory: bytes, limits: ZipLimits) -> list[tuple[int, int]]:
    """Return where each entry's local header starts and how many packed bytes the list gives it."""
    spans: list[tuple[int, int]] = []
    at = 0
    while at < len(directory):
        if directory[at : at + 4] != _CENTRAL or at + _CENTRAL_BYTES > len(directory):
            raise ZipRefused("zip_broken")
        if len(spans) >= limits.max_entries:
            raise ZipRefused("zip_too_many_entries", limit=limits.max_entries)
        packed, unpacked, name_bytes, extra_bytes, comment_bytes = struct.unpack_from(
            "<2L3H", directory, at + 20
        )
        (start,) = struct.unpack_from("<L", directory, at + 42)
        if 0xFFFFFFFF in (packed, unpacked, start):
            raise ZipRefused("zip_zip64")
        if b"\0" in directory[at + _CENTRAL_BYTES : at + _CENTRAL_BYTES + name_bytes]:
            raise ZipRefused("zip_name", entry=len(spans) + 1)
        spans.append((start, packed))
        at += _CENTRAL_BYTES + name_bytes + extra_bytes + comment_bytes
    return spans


def _check_overlaps(source: BinaryIO, spans: list[tuple[int, int]], list_start: int) -> None:
    free_from = 0
    for start, packed in sorted(spans):
        source.seek(start)
        header = source.read(_LOCAL_BYTES)
        if start < free_from:
            raise ZipRefused("zip_overlap")
        if len(header) < _LOCAL_BYTES or not header.startswith(_LOCAL):
            raise ZipRefused("zip_broken")
        name_bytes, extra_bytes = struct.unpack_from("<2H", header, 26)
        free_from = start + _LOCAL_BYTES + name_bytes + extra_bytes + packed
    if free_from > list_start:
        raise ZipRefused("zip_overlap")


# -- entries -------------------------------------------------------------------------------------------------


def _check_entries(entries: list[zipfile.ZipInfo]) -> None:
    seen: set[str] = set()
    for entry in entries:
        name = entry.filename.replace("\\", "/")
        if not _is_safe_name(name):
            raise ZipRefused("zip_name", entry=show_name(name))
        key = unicodedata.normalize("NFC", name).casefold()
        if key in seen:
            raise ZipRefused("zip_duplicate", entry=show_name(name))
        seen.add(key)
        _check_kind(entry, name)


def _check_kind(entry: zipfile.ZipInfo, name: str) -> None:
    file_type = stat.S_IFMT(entry.external_attr >> 16)
    if file_type not in (0, stat.S_IFREG, stat.S_IFDIR):
        raise ZipRefused("zip_link", entry=show_name(name))
    if entry.flag_bits & 0x2041:  # encrypted, strongly encrypted, masked headers
        raise ZipRefused("zip_encrypted", entry=show_name(name))
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ZipRefused("zip_method", entry=show_name(name))
    if name.lower().endswith(_ARCHIVE_ENDINGS) and not _is_clutter(name):
        raise ZipRefused("zip_nested", entry=show_name(name))


def _is_safe_name(name: str) -> bool:
    parts = name.split("/")
    if not name or len(name) > 255 or name.startswith("/") or ".." in parts or ":" in name:
        return False
    return not any(unicodedata.category(letter)[0] == "C" for letter in name)


def _is_clutter(name: str) -> bool:
    """Tell whether an operating system added this file by itself."""
    parts = name.lower().split("/")
    return parts[0] == "__macosx" or parts[-1] in _CLUTTER


def _unpack(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, limits: ZipLimits, *, room: int) -> bytes:
    pieces: list[bytes] = []
    total = 0
    for piece in _pieces(archive, entry):
        total += len(piece)
        if total > limits.max_entry_bytes:
            raise ZipRefused(
                "zip_entry_too_large", entry=show_name(entry.filename), limit_bytes=limits.max_entry_bytes
            )
        if total > room:
            raise ZipRefused("zip_unpacked_too_large", limit_bytes=limits.max_unpacked_bytes)
        if total > MEGABYTE and total > limits.max_ratio * max(entry.compress_size, 1):
            raise ZipRefused("zip_ratio", entry=show_name(entry.filename))
        pieces.append(piece)
    contents = b"".join(pieces)
    if contents.startswith(_ARCHIVE_STARTS):
        raise ZipRefused("zip_nested", entry=show_name(entry.filename))
    return contents


def _pieces(archive: zipfile.ZipFile, entry: zipfile.ZipInfo) -> Iterator[bytes]:
    is_broken = False
    try:
        with archive.open(entry) as file:
            while piece := file.read(_PIECE_BYTES):
                yield piece
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, OSError, RuntimeError, struct.error):
        is_broken = True
    if is_broken:
        raise ZipRefused("zip_broken")
