"""What a leaving partner's data file holds, and whether one is whole: columns, types, counts, checksums."""

import csv
import hashlib
import io
import json
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO, Any

from core.csv_guard import unguard_text

VERSION = "2"
SCHEMA_NAME = "schema.json"
README_NAME = "README.txt"

_KINDS = {
    "text": re.compile(r".*", re.DOTALL),
    "integer": re.compile(r"-?\d+"),
    "decimal": re.compile(r"-?\d+\.\d{2}"),
    "date": re.compile(r"\d{4}-\d{2}-\d{2}"),
    "time": re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z"),
    "sha256": re.compile(r"[0-9a-f]{64}"),
}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name, its type, whether a cell may be empty, and what it says."""

    name: str
    kind: str
    says: str
    may_be_empty: bool = False


def _optional(name: str, kind: str, says: str) -> Column:
    return Column(name, kind, says, may_be_empty=True)


# Names of tables and columns are fixed English words: programs read them. No product key, no last five
# characters, no hardware hash: of a hash only its own SHA-256, by which the partner knows his file again.
TABLES: dict[str, tuple[Column, ...]] = {
    "orders": (
        Column("order_number", "text", "number of the order"),
        Column("placed_at", "time", "when it was placed, UTC"),
        Column("product_code", "text", "product"),
        Column("quantity", "integer", "licences ordered"),
        Column("unit_price", "decimal", "net price of one licence"),
        Column("currency", "text", "ISO 4217"),
        Column("state", "text", "state of the order"),
        _optional("reference", "text", "your own reference"),
    ),
    "keys": (
        Column("product_key_id", "text", "Microsoft's id of the key"),
        Column("product_code", "text", "product"),
        Column("state", "text", "Microsoft's name of the state"),
        Column("state_since", "time", "since when, UTC"),
        _optional("order_number", "text", "number of the order"),
    ),
    "devices": (
        Column("manufacturer", "text", "as reported"),
        Column("model", "text", "as reported"),
        Column("serial", "text", "as reported"),
        Column("first_seen_at", "time", "when the first key was taken for it, UTC"),
        _optional("sold_on", "date", "when it was sold"),
    ),
    "builds": (
        Column("product_key_id", "text", "Microsoft's id of the key"),
        Column("serial", "text", "serial number of the PC"),
        Column("reported_at", "time", "when it was reported to the MAR, UTC"),
        Column("state", "text", "state of the report"),
        _optional("answer", "text", "Microsoft's code"),
        _optional("answered_at", "time", "when Microsoft answered, UTC"),
        Column("hardware_hash_sha256", "sha256", "SHA-256 of the hardware hash you reported"),
    ),
    "returns": (
        Column("rma_number", "text", "number of the return"),
        Column("product_key_id", "text", "Microsoft's id of the key"),
        Column("sent_at", "time", "when it was sent to Microsoft, UTC"),
        _optional("answer", "text", "Microsoft's code"),
        _optional("answered_at", "time", "when Microsoft answered, UTC"),
    ),
    "agreements": (
        Column("agreement", "text", "code of the agreement"),
        Column("version", "text", "version of the text"),
        Column("accepted_at", "time", "when it was accepted, UTC"),
        Column("role", "text", "role of the person who accepted"),
        Column("text_sha256", "sha256", "SHA-256 of the text that was shown"),
    ),
    "documents": (
        Column("kind", "text", "what it proves"),
        _optional("title", "text", "its title"),
        Column("file_name", "text", "name of the file"),
        Column("handed_in_at", "time", "when it was handed in, UTC"),
        _optional("expires_on", "date", "valid through this day"),
        Column("sha256", "sha256", "SHA-256 of the file"),
    ),
}


def file_name(table: str) -> str:
    """Return the name of a table's file in the archive."""
    return f"{table}.csv"


def schema_of(*, partner_code: str, made_at: str, counts: dict[str, int], digests: dict[str, str]) -> bytes:
    """Return the description that goes into the archive: every file, column, count and checksum."""
    tables = {
        name: {
            "file": file_name(name),
            "rows": counts[name],
            "sha256": digests[name],
            "columns": [
                {"name": each.name, "type": each.kind, "may_be_empty": each.may_be_empty, "says": each.says}
                for each in columns
            ],
        }
        for name, columns in TABLES.items()
    }
    described: dict[str, Any] = {
        "format": "refurb-licence-portal exit file",
        "version": VERSION,
        "partner": partner_code,
        "made_at": made_at,
        "encoding": "UTF-8, RFC 4180, LF; an apostrophe before = + - @ is a guard, not data",
        "tables": tables,
    }
    return (json.dumps(described, indent=1, ensure_ascii=False) + "\n").encode()


def problems_of(archive: IO[bytes]) -> list[str]:
    """Return what is wrong with a data file; nothing for one that is whole."""
    try:
        with zipfile.ZipFile(archive) as opened:
            if (broken := opened.testzip()) is not None:
                return [f"{broken} is damaged"]
            return list(_problems(opened))
    except (zipfile.BadZipFile, KeyError, ValueError) as error:
        return [f"it cannot be read: {type(error).__name__}"]


def _problems(opened: zipfile.ZipFile) -> Iterator[str]:
    names = {SCHEMA_NAME, README_NAME, *map(file_name, TABLES)}
    if set(opened.namelist()) != names:
        yield f"it holds other files: {sorted(set(opened.namelist()) ^ names)}"
        return
    described = json.loads(opened.read(SCHEMA_NAME))["tables"]
    for name, columns in TABLES.items():
        content = opened.read(file_name(name))
        if hashlib.sha256(content).hexdigest() != described[name]["sha256"]:
            yield f"{name}: the checksum differs"
        rows = csv.reader(io.StringIO(content.decode()))
        if next(rows, []) != [column.name for column in columns]:
            yield f"{name}: other columns"
            continue
        count = 0
        for count, row in enumerate(rows, start=1):
            yield from _row_problems(name, count, row, columns)
        if count != described[name]["rows"]:
            yield f"{name}: {count} rows, described as {described[name]['rows']}"


def _row_problems(name: str, number: int, row: list[str], columns: tuple[Column, ...]) -> Iterator[str]:
    if len(row) != len(columns):
        yield f"{name} row {number}: {len(row)} cells"
        return
    for cell, column in zip(row, columns, strict=True):
        if cell == "" and column.may_be_empty:
            continue
        if not _KINDS[column.kind].fullmatch(unguard_text(cell)) or cell == "":
            yield f"{name} row {number}: {column.name} is no {column.kind}"
