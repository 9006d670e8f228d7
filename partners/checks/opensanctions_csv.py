"""Read OpenSanctions' ``targets.simple.csv``: one line an entity, several values of a field by semicolons.

The columns needed are id, schema, name, aliases, countries, sanctions, dataset and last_seen; others, old
and new ones, are passed over. The date of the list is the newest ``last_seen``.
Source: opensanctions.org/docs/bulk/csv.
"""

import csv
import io
from collections.abc import Iterator
from datetime import date
from typing import BinaryIO

from partners.checks.list_entries import MOST_ALIASES, NAME_LENGTH, ListEntry
from partners.checks.list_refusals import ListRefused, RowErrors
from partners.models.sanctions import SanctionsEntry

MAX_BYTES = 64 * 1024 * 1024
MAX_ROWS = 500_000
MAX_LINE_CHARACTERS = 512 * 1024
COLUMNS = ("id", "schema", "name", "aliases", "countries", "sanctions", "dataset", "last_seen")
_KINDS = {
    "Person": SanctionsEntry.Kind.PERSON,
    "Company": SanctionsEntry.Kind.ORGANISATION,
    "LegalEntity": SanctionsEntry.Kind.ORGANISATION,
    "Organization": SanctionsEntry.Kind.ORGANISATION,
    "PublicBody": SanctionsEntry.Kind.ORGANISATION,
}


class OpenSanctionsReader:
    """Read one file. ``published_on`` is known once all of it has been read."""

    def __init__(self, source: BinaryIO, errors: RowErrors) -> None:
        self._source = source
        self._errors = errors
        self._seen: set[str] = set()
        self.published_on: date | None = None

    def entries(self) -> Iterator[ListEntry]:
        """Yield the entries; wrong rows go to the errors, numbered as a spreadsheet does.

        :raises ListRefused: for a file that is no such list, possibly after some entries were yielded
        """
        records = self._records()
        header = [name.strip().lower() for name in next(records, [])]
        if not set(COLUMNS) <= set(header) or len(set(header)) != len(header):
            raise ListRefused("header", line=1, columns=", ".join(COLUMNS))
        for number, record in enumerate(records, start=2):
            if number > MAX_ROWS:
                raise ListRefused("too_many_rows", limit=MAX_ROWS)
            if not any(record):
                continue
            if len(record) != len(header):
                self._errors.add(number, "columns")
                continue
            said = dict(zip(header, record, strict=True))
            problem = self._problem(said)
            if problem:
                self._errors.add(number, problem)
                continue
            self._seen.add(said["id"].strip())
            self._note_date(said["last_seen"])
            yield _entry(said)
        if self._seen and self.published_on is None:
            raise ListRefused("no_date")

    def _problem(self, said: dict[str, str]) -> str:
        reference = said["id"].strip()
        if not reference:
            return "no_reference"
        if reference in self._seen:
            return "twice"
        if not said["name"].strip():
            return "no_name"
        return "name_too_long" if len(said["name"]) > NAME_LENGTH else ""

    def _note_date(self, last_seen: str) -> None:
        try:
            seen_on = date.fromisoformat(last_seen.strip()[:10])
        except ValueError:
            return
        self.published_on = max(seen_on, self.published_on or seen_on)

    def _records(self) -> Iterator[list[str]]:
        reader = csv.reader(_lines(self._source), strict=True)
        while True:
            is_broken = False
            try:
                record = next(reader)
            except StopIteration:
                return
            except csv.Error:
                is_broken = True
            if is_broken:
                raise ListRefused("quotes", line=reader.line_num)
            yield record


def _lines(source: BinaryIO) -> Iterator[str]:
    """Yield the lines, decoded strictly, within the caps."""
    text = io.TextIOWrapper(source, encoding="utf-8-sig", errors="strict", newline="")
    number = total = 0
    while True:
        number += 1
        line = _read_line(text)
        if line is None:
            raise ListRefused("encoding", line=number)
        if not line:
            if number == 1:
                raise ListRefused("empty")
            text.detach()
            return
        total += len(line)
        if total > MAX_BYTES:
            raise ListRefused("too_large", limit_mb=MAX_BYTES // 2**20)
        if len(line) > MAX_LINE_CHARACTERS:
            raise ListRefused("too_long", line=number)
        if "\0" in line:
            raise ListRefused("nul", line=number)
        yield line


def _read_line(text: io.TextIOWrapper) -> str | None:
    try:
        return text.readline(MAX_LINE_CHARACTERS + 1)
    except UnicodeError:
        return None


def _entry(said: dict[str, str]) -> ListEntry:
    aliases = [" ".join(alias.split())[:NAME_LENGTH] for alias in said["aliases"].split(";")]
    names = [" ".join(said["name"].split()), *[alias for alias in aliases if alias][:MOST_ALIASES]]
    programme = said.get("program_ids", "") or said["sanctions"] or said["dataset"]
    kind = _KINDS.get(said["schema"].strip(), SanctionsEntry.Kind.OTHER)
    return ListEntry(
        said["id"].strip()[:100],
        tuple(dict.fromkeys(names)),
        kind.value,
        ", ".join(part.strip() for part in programme.split(";") if part.strip())[:300],
        ", ".join(part.strip().upper() for part in said["countries"].split(";") if part.strip())[:60],
    )
