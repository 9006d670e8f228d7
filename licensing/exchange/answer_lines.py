"""What the readers of Microsoft's answers share: header texts, and lines that must not contradict."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TypeVar
from xml.etree.ElementTree import Element

from licensing.exchange.fulfilment import normalise_guid, parse_time
from licensing.exchange.refusals import ErrorList, XmlRefused
from licensing.exchange.safe_xml import local_name
from licensing.exchange.xml_text import visible_text
from licensing.rules.key_syntax import is_product_key_id, mask_keys

MAX_CODE_CHARACTERS = 16
MAX_OTHERS = 50
# More than the 5,000 of a request: an answer should not fail on a limit that only our reading of it sets.
MAX_ANSWER_LINES = 10_000
MAX_ANSWERS = 1_000
Line = TypeVar("Line")
Value = TypeVar("Value")


def one_of_each(lines: Iterable[tuple[int, str, str, Line]], errors: ErrorList) -> tuple[Line, ...]:
    """Return one line per product key id, given (row, id, code, line), and note what was left out.

    A repetition with the same code is dropped; with different codes none of them is kept. Lines whose id is
    malformed are dropped.
    """
    kept: dict[str, tuple[str, Line]] = {}
    contradicted: set[str] = set()
    for row, key_id, code, line in lines:
        if not is_product_key_id(key_id):
            errors.add(row, "product_key_id", "product_key_id_syntax" if key_id else "required")
            continue
        first_code, _first = kept.setdefault(key_id, (code, line))
        if _first is not line:
            is_same = first_code == code
            errors.add(row, "product_key_id", "answer_twice" if is_same else "answer_conflict")
            if not is_same:
                contradicted.add(key_id)
    return tuple(line for key_id, (_code, line) in kept.items() if key_id not in contradicted)


def capped(items: Iterable[Line], *, limit: int, code: str) -> Iterator[Line]:
    """Yield the items and refuse the file at the first one beyond the limit.

    :raises XmlRefused: with the given code
    """
    for count, found in enumerate(items, start=1):
        if count > limit:
            raise XmlRefused(code, limit=limit)
        yield found


class HeaderTexts:
    """Look up the direct children of an element once each, noting missing and malformed ones."""

    def __init__(self, element: Element, errors: ErrorList) -> None:
        self._texts: dict[str, str] = {}
        self._children = {local_name(child.tag): child for child in element}
        self._errors = errors
        for name, child in self._children.items():
            self._texts[name] = (child.text or "").strip()

    def text(self, name: str, *, limit: int) -> str:
        text = self._texts.get(name, "")
        if len(text) > limit:
            self._errors.add(0, name, "too_long", limit=limit)
        return mask_keys(text)[:limit]

    def guid(self, name: str) -> str:
        return self._form(name, normalise_guid, "guid_syntax") or ""

    def time(self, name: str) -> datetime | None:
        return self._form(name, parse_time, "date_syntax")

    def number(self, name: str, *, default: int) -> int:
        text = self._texts.get(name, "")
        if not text:
            return default
        if text.isascii() and text.isdigit() and len(text) <= 9:
            return int(text)
        self._errors.add(0, name, "number_syntax")
        return default

    def others(self, known: Iterable[str]) -> dict[str, str]:
        """Return the unknown children as text, keyed by name."""
        names = [name for name in self._children if name not in set(known)]
        return {mask_keys(name): visible_text(self._children[name]) for name in names[:MAX_OTHERS]}

    def _form(self, name: str, convert: Callable[[str], Value | None], code: str) -> Value | None:
        text = self._texts.get(name, "")
        value = convert(text) if text else None
        if value is None:
            self._errors.add(0, name, code if text else "required")
        return value
