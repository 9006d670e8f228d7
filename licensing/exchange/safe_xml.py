"""Hostile XML made safe: one streaming reader with hard limits under every XML file we take in.

Expat is fed piece by piece with text we decoded strictly ourselves; a DOCTYPE, and with it every entity,
is refused before it is read. Limits are counted while reading, before anything is built.
"""

import codecs
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import BinaryIO, NoReturn
from xml.etree.ElementTree import Element
from xml.parsers import expat

from licensing.exchange.refusals import XmlRefused

MEGABYTE = 1024 * 1024
_PIECE_BYTES = 64 * 1024
_ENCODINGS = {
    "utf-8": {"utf-8", "utf8"},
    "utf-16-le": {"utf-16", "utf-16le"},
    "utf-16-be": {"utf-16", "utf-16be"},
}


@dataclass(frozen=True, slots=True)
class XmlLimits:
    """Bound one XML file; attributes and text are measured in characters, everything else in bytes."""

    max_bytes: int
    max_depth: int = 32
    max_elements: int = 20_000
    max_attributes: int = 32
    max_attribute_bytes: int = 16 * 1024
    max_text_bytes: int = 64 * 1024
    max_token_bytes: int = 256 * 1024


OA3_LIMITS = XmlLimits(max_bytes=MEGABYTE)
MICROSOFT_LIMITS = XmlLimits(max_bytes=64 * MEGABYTE, max_elements=1_000_000)


@dataclass(frozen=True, slots=True)
class Subtree:
    """One finished element with the still open elements around it, outermost first."""

    element: Element
    ancestors: tuple[Element, ...]
    line: int


def local_name(name: str) -> str:
    """Return the element or attribute name without its namespace."""
    return name.rpartition("}")[2]


def parse(
    data: bytes,
    *,
    max_bytes: int,
    max_depth: int = 32,
    max_elements: int = 20_000,
    max_attributes: int = 32,
    max_attribute_bytes: int = 16 * 1024,
) -> Element:
    """Return the root element; names keep their namespace as `{namespace}name`.

    :raises XmlRefused: for anything but well-formed, harmless XML within the limits
    """
    limits = XmlLimits(max_bytes, max_depth, max_elements, max_attributes, max_attribute_bytes)
    return parse_within(data, limits)


def parse_within(data: bytes, limits: XmlLimits, *, roots: tuple[str, ...] = ()) -> Element:
    """Return the root element of a file that keeps within the limits and has one of the roots, if given.

    :raises XmlRefused: as `parse` or xml_wrong_root
    """
    reader = _Reader(limits, wanted=None, roots=roots)
    for _nothing in reader.read(BytesIO(data)):
        pass
    if reader.root is None:
        raise XmlRefused("xml_empty")
    return reader.root


def check(data: bytes, limits: XmlLimits) -> None:
    """Refuse the file as `parse` would, keeping nothing in memory.

    :raises XmlRefused: as `parse`
    """
    for _nothing in _Reader(limits, wanted=frozenset({"*"})).read(BytesIO(data)):
        pass


def iter_subtrees(
    source: BinaryIO, *, wanted: frozenset[str], roots: tuple[str, ...], limits: XmlLimits
) -> Iterator[Subtree]:
    """Yield each element whose local name is wanted when it ends, then forget it, so memory stays flat.

    `roots` are the local names the outermost element may have; the first one names the kind of file.

    :raises XmlRefused: as `parse` or xml_wrong_root, possibly after some elements were yielded
    """
    return _Reader(limits, wanted=wanted, roots=roots).read(source)


class _Reader:
    """Build elements from expat's events and stop at the first limit."""

    def __init__(
        self, limits: XmlLimits, *, wanted: frozenset[str] | None, roots: tuple[str, ...] = ()
    ) -> None:
        self._limits = limits
        self._wanted = wanted
        self._roots = roots
        self._open: list[Element] = []
        self._lines: list[int] = []
        self._texts: list[list[str]] = []
        self._text_bytes: list[int] = []
        self._elements = 0
        self._done: list[Subtree] = []
        self.root: Element | None = None
        self._encoding = "utf-8"
        self._parser = self._make_parser()

    def _make_parser(self) -> expat.XMLParserType:
        parser = expat.ParserCreate("utf-8", "}")
        parser.buffer_text = True
        parser.ordered_attributes = True
        parser.XmlDeclHandler = self._on_declaration
        parser.StartDoctypeDeclHandler = self._on_doctype
        parser.StartElementHandler = self._on_start
        parser.EndElementHandler = self._on_end
        parser.CharacterDataHandler = self._on_text
        return parser

    # -- reading -----------------------------------------------------------------------------------------

    def read(self, source: BinaryIO) -> Iterator[Subtree]:
        total = 0
        fed = 0
        first = source.read(_PIECE_BYTES)
        if not first.strip():
            raise XmlRefused("xml_empty")
        self._encoding, skip = detect_encoding(first)
        decoder = codecs.getincrementaldecoder(self._encoding)("strict")
        piece, at_start = first, True
        while True:
            total += len(piece)
            if total > self._limits.max_bytes:
                raise XmlRefused("xml_too_large", limit_bytes=self._limits.max_bytes)
            text = self._decode(decoder, piece[skip:] if at_start else piece, is_last=not piece)
            fed += self._feed(text, is_last=not piece)
            self._check_token(fed)
            if self._done:
                yield from self._take_done()
            if not piece:
                return
            piece, at_start = source.read(_PIECE_BYTES), False

    def _decode(self, decoder: codecs.IncrementalDecoder, piece: bytes, *, is_last: bool) -> bytes:
        # The error is raised outside the except block: a UnicodeDecodeError carries the file's bytes along.
        try:
            text = decoder.decode(piece, is_last)
        except UnicodeError:
            text = None
        if text is None:
            raise XmlRefused("xml_encoding", line=self._parser.CurrentLineNumber)
        if "\0" in text:
            raise XmlRefused("xml_nul", line=self._parser.CurrentLineNumber)
        return text.encode()

    def _feed(self, text: bytes, *, is_last: bool) -> int:
        line = None
        try:
            self._parser.Parse(text, is_last)
        except expat.ExpatError as error:
            line = error.lineno
        except UnicodeError:
            line = self._parser.CurrentLineNumber
        if line is not None:
            raise XmlRefused("xml_broken", line=line)
        return len(text)

    def _check_token(self, fed: int) -> None:
        """Refuse a tag that never ends: old expat versions read it again from its start with every piece."""
        if fed - max(self._parser.CurrentByteIndex, 0) > self._limits.max_token_bytes + _PIECE_BYTES:
            limit = self._limits.max_token_bytes
            raise XmlRefused("xml_token_too_long", line=self._parser.CurrentLineNumber, limit_bytes=limit)

    def _take_done(self) -> list[Subtree]:
        done, self._done = self._done, []
        return done

    # -- expat's events ----------------------------------------------------------------------------------

    def _refuse(self, code: str, **params: int | str) -> NoReturn:
        raise XmlRefused(code, line=self._parser.CurrentLineNumber, **params)

    def _on_declaration(self, version: str, encoding: str | None, _standalone: int) -> None:
        if version != "1.0":
            self._refuse("xml_broken")
        if encoding is not None and encoding.lower() not in _ENCODINGS[self._encoding]:
            known = any(encoding.lower() in names for names in _ENCODINGS.values())
            self._refuse("xml_encoding_mismatch" if known else "xml_encoding")

    def _on_doctype(self, *_parts: object) -> None:
        self._refuse("xml_doctype")

    def _on_start(self, name: str, attributes: list[str]) -> None:
        self._elements += 1
        limits = self._limits
        if len(self._open) >= limits.max_depth:
            self._refuse("xml_too_deep", limit=limits.max_depth)
        if self._elements > limits.max_elements:
            self._refuse("xml_too_many_elements", limit=limits.max_elements)
        if attributes:
            self._check_attributes(attributes)
        element = Element(name if "}" not in name else "{" + name)
        if attributes:
            pairs = iter(attributes)
            element.attrib.update({local_name(key): value for key, value in zip(pairs, pairs, strict=True)})
        if self._open:
            self._open[-1].append(element)
        else:
            self.root = element
            if self._roots and local_name(name) not in self._roots:
                self._refuse("xml_wrong_root", expected=self._roots[0])
        self._open.append(element)
        self._lines.append(self._parser.CurrentLineNumber)
        self._texts.append([])
        self._text_bytes.append(0)

    def _check_attributes(self, attributes: list[str]) -> None:
        limits = self._limits
        if len(attributes) > 2 * limits.max_attributes:
            self._refuse("xml_too_many_attributes", limit=limits.max_attributes)
        if sum(map(len, attributes)) > limits.max_attribute_bytes:
            self._refuse("xml_attribute_too_long", limit_bytes=limits.max_attribute_bytes)

    def _on_text(self, text: str) -> None:
        self._text_bytes[-1] += len(text)
        if self._text_bytes[-1] > self._limits.max_text_bytes:
            self._refuse("xml_text_too_long", limit_bytes=self._limits.max_text_bytes)
        self._texts[-1].append(text)

    def _on_end(self, _name: str) -> None:
        element = self._open.pop()
        line = self._lines.pop()
        self._text_bytes.pop()
        text = "".join(self._texts.pop())
        element.text = text if not len(element) else text.strip()
        if self._wanted is None or not self._open:
            if self._wanted is not None and local_name(element.tag) in self._wanted:
                self._done.append(Subtree(element, (), line))
            return
        if "*" in self._wanted:
            del self._open[-1][-1]
        elif local_name(element.tag) in self._wanted:
            self._done.append(Subtree(element, tuple(self._open), line))
            del self._open[-1][-1]


def detect_encoding(start: bytes) -> tuple[str, int]:
    """Return Python's name of the file's encoding and the length of its byte order mark.

    :raises XmlRefused: xml_encoding for anything but UTF-8, or UTF-16 with a byte order mark
    """
    if start.startswith((b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff", b"+/v8", b"+/v9", b"+/v+", b"+/v/")):
        raise XmlRefused("xml_encoding", line=1)
    if start.startswith(codecs.BOM_UTF8):
        return "utf-8", 3
    if start.startswith(codecs.BOM_UTF16_LE):
        return "utf-16-le", 2
    if start.startswith(codecs.BOM_UTF16_BE):
        return "utf-16-be", 2
    if b"\0" in start[:4]:
        raise XmlRefused("xml_encoding", line=1)
    return "utf-8", 0
