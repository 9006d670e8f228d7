"""One column of a table: where its value comes from, how it is sorted, and how a cell shows it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from portal import markup
from portal.status import Text

Kind = Literal["text", "mono", "number", "money", "date", "datetime", "ago", "status", "key", "link"]
Accessor = str | Callable[[Any], Any]
_RIGHT_ALIGNED = frozenset(("number", "money"))


@dataclass(frozen=True, slots=True)
class Column:
    """One column. `sort` is the whitelisted ORM field (or several); without it the column cannot sort."""

    key: str
    label: Text
    kind: Kind = "text"
    accessor: Accessor | None = None
    sort: str | tuple[str, ...] = ()
    status: str = ""  # which dictionary of portal.status, for kind "status"
    url: Callable[[Any], str | None] | None = None
    primary: bool = False  # carries the link of the row and heads the card on a phone
    align: Literal["start", "end"] | None = None

    @property
    def alignment(self) -> str:
        return self.align or ("end" if self.kind in _RIGHT_ALIGNED else "start")

    @property
    def sort_fields(self) -> tuple[str, ...]:
        return (self.sort,) if isinstance(self.sort, str) else self.sort

    def value(self, row: Any) -> Any:
        accessor = self.accessor or self.key
        return accessor(row) if callable(accessor) else _reach(row, accessor)

    def html(self, row: Any) -> SafeString:
        value = self.value(row)
        if self.kind == "status":
            shown = markup.nothing() if value is None else markup.badge(self.status, value)
        else:
            shown = _RENDERERS[self.kind](value)
        url = self.url(row) if self.url else None
        return format_html('<a href="{}">{}</a>', url, shown) if url else shown


def _reach(row: Any, path: str) -> Any:
    """Follow a dotted path over attributes; a missing relation on the way gives None."""
    for part in path.replace("__", ".").split("."):
        if row is None:
            return None
        row = row[part] if isinstance(row, Mapping) else getattr(row, part)
    return row() if callable(row) else row


def _text(value: Any) -> SafeString:
    return markup.nothing() if value is None or value == "" else format_html("{}", value)


_RENDERERS: Mapping[str, Callable[[Any], SafeString]] = {
    "text": _text,
    "link": _text,
    "mono": markup.mono,
    "key": markup.masked_key,
    "number": markup.figure,
    "money": markup.amount,
    "date": markup.date,
    "datetime": markup.exact_time,
    "ago": lambda value: markup.relative_time(value, focusable=False),
}
