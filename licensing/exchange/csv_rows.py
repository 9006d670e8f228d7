"""Rows of a CSV file from outside, one at a time; what spreadsheets do to them is forgiven or refused."""

import csv
import io
import re
import unicodedata
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO

from licensing.exchange.refusals import CsvRefused, ErrorList
from licensing.rules.key_syntax import mask_keys

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MAX_CSV_BYTES = 25 * 1024 * 1024
MAX_LINE_CHARACTERS = 16 * 1024
_PIECE_BYTES = 64 * 1024
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
_SCIENTIFIC = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: `number` as a spreadsheet counts (the header is 1), `values` by column name, trimmed."""

    number: int
    values: Mapping[str, str]


def read_rows(
    source: BinaryIO,
    *,
    required: tuple[str, ...],
    optional: tuple[str, ...] = (),
    max_rows: int,
    errors: ErrorList,
    max_bytes: int = MAX_CSV_BYTES,
) -> Iterator[CsvRow]:
    """Yield the rows that have as many values as the header has columns; put the others into `errors`.

    Separator is comma or semicolon, text is UTF-8 with or without byte order mark; empty lines are skipped.

    :raises CsvRefused: if the file as a whole cannot be read
    """
    lines = _lines(source, max_bytes=max_bytes)
    first = next(lines, None)
    if first is None:
        raise CsvRefused("csv_empty")
    delimiter = ";" if first.count(";") > first.count(",") else ","
    columns = _columns(_records(iter([first]), delimiter), required=required, optional=optional)
    count = 0
    for number, record in enumerate(_records(lines, delimiter, first_line=2), start=2):
        if not any(record):
            continue
        count += 1
        if count > max_rows:
            raise CsvRefused("csv_too_many_rows", limit=max_rows)
        if len(record) != len(columns):
            errors.add(number, "", "columns_missing", found=len(record), expected=len(columns))
            continue
        yield CsvRow(number, dict(zip(columns, (value.strip(" ") for value in record), strict=True)))


def value_problem(text: str) -> str | None:
    """Return the code of what makes a value unfit for a machine file: formula, characters, or None.

    Letters of any alphabet pass; control and invisible formatting characters do not.
    """
    if text.startswith(_FORMULA_STARTS) or (text.startswith("'") and text[1:2] in _FORMULA_STARTS):
        return "formula"
    if text.isascii():
        return None if text.isprintable() else "characters"
    # Unassigned, private, surrogate, control and format characters: among them every direction mark.
    if any(unicodedata.category(letter)[0] == "C" for letter in text):
        return "characters"
    return None


def text_problem(text: str) -> str | None:
    """Return as `value_problem`, but refuse a product key too: it would be stored and shown in clear here."""
    return value_problem(text) or ("key_in_value" if mask_keys(text) != text else None)


def ascii_problem(text: str) -> str | None:
    """Return as `text_problem`, but refuse letters beyond ASCII too, since look-alikes hide duplicates."""
    return text_problem(text) or (None if text.isascii() else "characters")


def is_scientific(text: str) -> bool:
    """Tell whether a spreadsheet has written a long number in its short form, such as 3.3E+12."""
    return _SCIENTIFIC.fullmatch(text) is not None


def _columns(
    header: Iterator[list[str]], *, required: tuple[str, ...], optional: tuple[str, ...]
) -> list[str]:
    names = [name.strip().lower() for name in next(header, [])]
    known = {*required, *optional}
    # The names found are not repeated in the error: a file without a header has a key there.
    if not set(required) <= set(names) or not set(names) <= known:
        raise CsvRefused("csv_header", line=1, columns=", ".join(required))
    for name in required + optional:
        if names.count(name) > 1:
            raise CsvRefused("csv_header_twice", line=1, field=name)
    return names


def _records(lines: Iterator[str], delimiter: str, *, first_line: int = 1) -> Iterator[list[str]]:
    reader = csv.reader(lines, delimiter=delimiter, strict=True)
    while True:
        failed = False
        try:
            record = next(reader)
        except StopIteration:
            return
        except csv.Error:
            failed = True
        if failed:
            raise CsvRefused("csv_quotes", line=reader.line_num + first_line - 1)
        yield record


class _Capped(io.RawIOBase):
    """Hand on a byte source and refuse when more than the cap has come through."""

    def __init__(self, source: BinaryIO, *, max_bytes: int) -> None:
        self._source = source
        self._max_bytes = max_bytes
        self._total = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: "WriteableBuffer", /) -> int:
        view = memoryview(buffer)
        piece = self._source.read(len(view))
        self._total += len(piece)
        if self._total > self._max_bytes:
            raise CsvRefused("csv_too_large", limit_bytes=self._max_bytes)
        view[: len(piece)] = piece
        return len(piece)


def _lines(source: BinaryIO, *, max_bytes: int) -> Iterator[str]:
    """Yield the lines with their ends, decoded strictly, never holding more than one line and one piece."""
    capped = io.BufferedReader(_Capped(source, max_bytes=max_bytes), _PIECE_BYTES)
    text = io.TextIOWrapper(capped, encoding="utf-8-sig", errors="strict", newline="")
    number = 0
    while True:
        number += 1
        line = _read_line(text)
        if line is None:
            raise CsvRefused("csv_encoding", line=number)
        if not line:
            return
        if len(line) > MAX_LINE_CHARACTERS:
            raise CsvRefused("csv_line_too_long", line=number, limit=MAX_LINE_CHARACTERS)
        if "\0" in line:
            raise CsvRefused("csv_nul", line=number)
        yield line


def _read_line(text: io.TextIOWrapper) -> str | None:
    """Return None for text that is not UTF-8, so that no exception carries the file's bytes along."""
    try:
        return text.readline(MAX_LINE_CHARACTERS + 1)
    except UnicodeError:
        return None
