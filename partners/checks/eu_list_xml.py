"""Read the EU consolidated financial sanctions list in its published XML, piece by piece.

The file is ``xmlFullSanctionsList_1_1``: an ``export`` with ``generationDate``, in it ``sanctionEntity``
elements with ``subjectType@code``, ``nameAlias@wholeName``, ``regulation@programme``, and the countries of
``citizenship`` and ``address``. A DOCTYPE, and with it every entity, is refused before it is read; limits
are counted while reading, and nothing but the entity at hand is kept.
Source: webgate.ec.europa.eu/fsd/fsf, XML 1.1.
"""

from collections.abc import Iterator
from datetime import date
from typing import BinaryIO
from xml.parsers import expat

from partners.checks.list_entries import MOST_ALIASES, NAME_LENGTH, ListEntry
from partners.checks.list_refusals import ListRefused, RowErrors
from partners.models.sanctions import SanctionsEntry

MAX_BYTES = 64 * 1024 * 1024
MAX_DEPTH = 12
MAX_ELEMENTS = 3_000_000
MAX_ATTRIBUTES = 40
MAX_ATTRIBUTE_CHARACTERS = 32 * 1024
MAX_TOKEN_BYTES = 256 * 1024
_PIECE_BYTES = 64 * 1024
_KINDS = {"person": SanctionsEntry.Kind.PERSON, "enterprise": SanctionsEntry.Kind.ORGANISATION}
_NO_COUNTRY = {"", "00"}


class EuListReader:
    """Read one file. ``published_on`` is known once the first piece has been read."""

    def __init__(self, source: BinaryIO, errors: RowErrors) -> None:
        self._source = source
        self._errors = errors
        self._depth = 0
        self._elements = 0
        self._number = 0
        self._line = 0
        self._entity: _Entity | None = None
        self._done: list[ListEntry] = []
        self._seen: set[str] = set()
        self.published_on: date | None = None
        self._parser = expat.ParserCreate(namespace_separator="}")
        self._parser.ordered_attributes = True
        self._parser.StartDoctypeDeclHandler = self._on_doctype
        self._parser.StartElementHandler = self._on_start
        self._parser.EndElementHandler = self._on_end

    def entries(self) -> Iterator[ListEntry]:
        """Yield the entries; wrong ones go to the errors.

        :raises ListRefused: for anything but a harmless list, possibly after some entries were yielded
        """
        total = 0
        while True:
            piece = self._source.read(_PIECE_BYTES)
            total += len(piece)
            if total > MAX_BYTES:
                raise ListRefused("too_large", limit_mb=MAX_BYTES // 2**20)
            if not total:
                raise ListRefused("empty")
            self._feed(piece)
            # A tag that never ends would be read again from its start with every piece.
            if total - max(self._parser.CurrentByteIndex, 0) > MAX_TOKEN_BYTES + _PIECE_BYTES:
                raise ListRefused("too_long", line=self._parser.CurrentLineNumber)
            done, self._done = self._done, []
            yield from done
            if not piece:
                return

    def _feed(self, piece: bytes) -> None:
        line = None
        try:
            self._parser.Parse(piece, not piece)
        except expat.ExpatError as error:
            line = error.lineno
        except (UnicodeError, LookupError, ValueError):
            line = self._parser.CurrentLineNumber
        # Raised outside the except block, so that no exception carries the file's bytes along.
        if line is not None:
            raise ListRefused("not_xml", line=line)

    def _refuse(self, code: str) -> None:
        raise ListRefused(code, line=self._parser.CurrentLineNumber)

    def _on_doctype(self, *_parts: object) -> None:
        self._refuse("doctype")

    def _on_start(self, tag: str, pairs: list[str]) -> None:
        self._depth += 1
        self._elements += 1
        if self._depth > MAX_DEPTH:
            self._refuse("too_deep")
        if self._elements > MAX_ELEMENTS:
            self._refuse("too_many")
        if len(pairs) > 2 * MAX_ATTRIBUTES or sum(map(len, pairs)) > MAX_ATTRIBUTE_CHARACTERS:
            self._refuse("too_long")
        name, said = tag.rpartition("}")[2], dict(zip(pairs[::2], pairs[1::2], strict=True))
        if self._depth == 1:
            self._open(name, said)
        elif self._depth == 2 and name == "sanctionEntity":
            self._number += 1
            self._line = self._parser.CurrentLineNumber
            self._entity = _Entity(said.get("euReferenceNumber", "") or said.get("logicalId", ""))
        elif self._depth == 3 and self._entity is not None:
            self._entity.take(name, said)

    def _open(self, name: str, said: dict[str, str]) -> None:
        if name != "export":
            self._refuse("wrong_root")
        try:
            self.published_on = date.fromisoformat(said.get("generationDate", "")[:10])
        except ValueError:
            self.published_on = None
        if self.published_on is None:
            self._refuse("no_date")

    def _on_end(self, _tag: str) -> None:
        self._depth -= 1
        if self._depth == 1 and self._entity is not None:
            entity, self._entity = self._entity, None
            problem = entity.problem(self._seen)
            if problem:
                self._errors.add(self._number, problem, line=self._line)
                return
            self._seen.add(entity.reference)
            self._done.append(entity.entry())


class _Entity:
    """One sanctionEntity while it is being read."""

    def __init__(self, reference: str) -> None:
        self.reference = reference.strip()[:100]
        self._kind = SanctionsEntry.Kind.OTHER
        self._strong: list[str] = []
        self._weak: list[str] = []
        self._programmes: dict[str, None] = {}
        self._countries: dict[str, None] = {}

    def take(self, name: str, said: dict[str, str]) -> None:
        """Take what a child element says."""
        if name == "subjectType":
            self._kind = _KINDS.get(said.get("code", "").lower(), SanctionsEntry.Kind.OTHER)
        elif name == "nameAlias":
            parts = (said.get("firstName", ""), said.get("middleName", ""), said.get("lastName", ""))
            whole = " ".join((said.get("wholeName") or " ".join(parts)).split())
            if whole and len(self._strong) + len(self._weak) < MOST_ALIASES:
                (self._strong if said.get("strong") == "true" else self._weak).append(whole)
        elif name == "regulation" and said.get("programme"):
            self._programmes[said["programme"].strip()[:20]] = None
        elif name in ("citizenship", "address"):
            code = said.get("countryIso2Code", "").strip().upper()[:2]
            if code not in _NO_COUNTRY:
                self._countries[code] = None

    def problem(self, seen: set[str]) -> str:
        """Return the code of what is wrong with the entity, empty for nothing."""
        names = self._strong + self._weak
        if not self.reference:
            return "no_reference"
        if self.reference in seen:
            return "twice"
        if not names:
            return "no_name"
        return "name_too_long" if max(map(len, names)) > NAME_LENGTH else ""

    def entry(self) -> ListEntry:
        """Return the entity as an entry; its first strong name is the one to show."""
        return ListEntry(
            self.reference,
            tuple(dict.fromkeys(self._strong + self._weak)),
            self._kind.value,
            ", ".join(self._programmes)[:300],
            ", ".join(self._countries)[:60],
        )
