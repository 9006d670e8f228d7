"""The one table component: filter, sort and page on the server, with the whole state in the URL.

    class OrderTable(Table):
        dom_id = "orders"
        caption = _("Orders")
        columns = (
            Column("number", _("Order"), kind="mono", sort="number", primary=True),
            Column("placed", _("Placed"), kind="datetime", accessor="created_at", sort="created_at"),
            Column("state", _("State"), kind="status", status="order", sort="state"),
        )
        filters = (status_filter("state", _("State"), "order"),)
        search = ("number", "reference")
        order = "-placed"

        def row_url(self, row): return reverse("tpr:order-detail", args=[row.pk])

    table = OrderTable(request, orders_of(request.partner))
    return render_table(request, "tpr/order_list.html", {"table": table})

A visitor can sort only by what a column names and filter only by what a filter names. The table
runs one count and one page query; what a cell reads of other models the caller has to join with
`select_related` or annotate. docs/design.md lists every option.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, Literal, TypeVar

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.utils.cache import patch_vary_headers
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_htmx.middleware import HtmxDetails

from portal import formatting
from portal.filters import (
    AnyFilter,
    Chip,
    ChoiceFilter,
    DateRangeFilter,
    TextFilter,
    WhoFilter,
    clean,
    search,
    status_filter,
)
from portal.status import Text
from portal.table_columns import Column

__all__ = [
    "ChoiceFilter",
    "Column",
    "DateRangeFilter",
    "Empty",
    "Export",
    "Table",
    "TextFilter",
    "WhoFilter",
    "render_table",
    "status_filter",
]

COUNT_CAP = 10_000
PAGE_SIZES = (25, 50, 100)
RowType = TypeVar("RowType")
_CELL = '<td role="cell" class="{} kind-{}" data-label="{}">'
_HEADING_CELL = '<th role="rowheader" scope="row" class="{} kind-{}">'


@dataclass(frozen=True, slots=True)
class Empty:
    """What an empty list says: why it is empty, and the one thing to do about it."""

    title: Text = ""
    text: Text = ""
    action_label: Text = ""
    action_url: str = ""
    icon: str = "inbox"


@dataclass(frozen=True, slots=True)
class Export:
    """A download of the current view; the table adds its query string to the address."""

    label: Text
    url: str


@dataclass(frozen=True, slots=True)
class Heading:
    column: Column
    sort_url: str
    direction: Literal["ascending", "descending", ""]


@dataclass(frozen=True, slots=True)
class Row:
    html: SafeString  # the cells, ready: the template engine would spend most of a page on them
    url: str | None
    source: Any


@dataclass(frozen=True, slots=True)
class Link:
    label: Text
    url: str
    is_current: bool = False


class Table:
    """A list of rows as people see it. Subclass it once per list and name the columns."""

    dom_id: ClassVar[str] = "table"
    caption: ClassVar[Text] = ""
    columns: ClassVar[Sequence[Column]] = ()
    filters: ClassVar[Sequence[AnyFilter]] = ()
    search: ClassVar[Sequence[str]] = ()
    search_label: ClassVar[Text] = gettext_lazy("Search")
    order: ClassVar[str] = ""  # a column's key, with "-" for descending
    page_sizes: ClassVar[Sequence[int]] = PAGE_SIZES
    empty: ClassVar[Empty] = Empty(gettext_lazy("Nothing here yet"))
    prefix: ClassVar[str] = ""  # tells two tables of one page apart in the URL

    def __init__(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        *,
        exports: Iterable[Export] = (),
        empty: Empty | None = None,
    ) -> None:
        self.request = request
        self.queryset = queryset
        self.empty_state = empty or self.empty
        self._exports = tuple(exports)

    def row_url(self, row: Any) -> str | None:
        """Return where a row leads, or None when rows do not open."""
        return None

    # What the visitor asked for

    @cached_property
    def values(self) -> Mapping[str, str]:
        """Every filter parameter that has a value, under its name without prefix."""
        names = [parameter for each in self.filters for parameter in each.parameters]
        given = {name: self._read(name) for name in names}
        return {name: value for name, value in given.items() if value}

    @cached_property
    def term(self) -> str:
        return self._read("q") if self.search else ""

    @cached_property
    def sorting(self) -> tuple[Column, bool] | None:
        """The column sorted by and whether it descends: the asked one, else the default."""
        sortable = {column.key: column for column in self.columns if column.sort}
        for asked in (self._read("sort"), self.order):
            if (key := asked.removeprefix("-")) in sortable:
                return sortable[key], asked.startswith("-")
        return None

    @cached_property
    def page_size(self) -> int:
        asked = self._read("size")
        return int(asked) if asked in map(str, self.page_sizes) else self.page_sizes[0]

    @property
    def active_filters(self) -> list[AnyFilter]:
        return [each for each in self.filters if any(name in self.values for name in each.parameters)]

    @property
    def is_filtered(self) -> bool:
        return bool(self.term or self.active_filters)

    # What the database answers

    @cached_property
    def matching(self) -> QuerySet[Any]:
        """All rows that pass search and filters, sorted; an export streams these."""
        rows = self.queryset
        for each in self.active_filters:
            rows = each.apply(rows, {name: self.values.get(name, "") for name in each.parameters})
        if self.term:
            rows = search(rows, self.term, self.search)
        return self._sorted(rows)

    @cached_property
    def count(self) -> int:
        """How many rows match, counted up to one more than the cap."""
        return self.matching.order_by()[: COUNT_CAP + 1].count()

    @cached_property
    def page_count(self) -> int:
        return max(1, -(-min(self.count, COUNT_CAP) // self.page_size))

    @cached_property
    def page_number(self) -> int:
        asked = self._read("page")
        wanted = int(asked) if asked.isdecimal() and len(asked) < 7 else 1
        return min(max(wanted, 1), self.page_count)

    @cached_property
    def rows(self) -> list[Row]:
        if not self.count:
            return []
        first = (self.page_number - 1) * self.page_size
        # Two statements: the page's keys from an index, then what the page shows of these rows alone. In
        # one, the planner may join a million rows before it sorts them, whenever its statistics are old.
        keys = list(self.matching.values_list("pk", flat=True)[first : first + self.page_size])
        found = {source.pk: source for source in self.queryset.order_by().filter(pk__in=keys)}
        return [self._row(found[key]) for key in keys if key in found]

    def _row(self, source: Any) -> Row:
        url = self.row_url(source)
        cells = (
            begin + _linked(column.html(source), url) + "</th>"
            if column is self.heading_column
            else begin + column.html(source) + "</td>"
            for column, begin in self._cell_beginnings
        )
        return Row(mark_safe("".join(cells)), url, source)  # noqa: S308  (every part is escaped already)

    @cached_property
    def _cell_beginnings(self) -> list[tuple[Column, SafeString]]:
        """Each column with the opening tag of its cells; the primary column's cell names its row."""
        return [
            (column, format_html(_HEADING_CELL, column.alignment, column.kind))
            if column is self.heading_column
            else (column, format_html(_CELL, column.alignment, column.kind, column.label))
            for column in self.columns
        ]

    @cached_property
    def heading_column(self) -> Column:
        """The column that names a row: the primary one, else the first."""
        return next((column for column in self.columns if column.primary), self.columns[0])

    def _sorted(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """Sort by the whitelisted fields; the primary key last makes the pages stable."""
        if not self.sorting:
            return rows if rows.ordered else rows.order_by("pk")
        column, descends = self.sorting
        sign = "-" if descends else ""
        return rows.order_by(*(sign + field for field in column.sort_fields), sign + "pk")

    # What the template shows

    @property
    def is_capped(self) -> bool:
        return self.count > COUNT_CAP

    @property
    def count_text(self) -> str:
        return f"{formatting.number(COUNT_CAP)}+" if self.is_capped else formatting.number(self.count)

    @property
    def range_text(self) -> str:
        """Return which rows are shown, such as "1–25 of 1,284"."""
        first = (self.page_number - 1) * self.page_size + 1
        return _("%(first)s–%(last)s of %(total)s") % {
            "first": formatting.number(first),
            "last": formatting.number(first + len(self.rows) - 1),
            "total": self.count_text,
        }

    @cached_property
    def headings(self) -> list[Heading]:
        return [self._heading(column) for column in self.columns]

    def _heading(self, column: Column) -> Heading:
        if not column.sort:
            return Heading(column, "", "")
        is_current = self.sorting is not None and self.sorting[0] is column
        descends = is_current and self.sorting is not None and self.sorting[1]
        url = self.url(sort=column.key if descends or not is_current else f"-{column.key}", page=None)
        return Heading(column, url, ("descending" if descends else "ascending") if is_current else "")

    @cached_property
    def chips(self) -> list[tuple[Chip, str]]:
        """Each active filter with the address of the list without it."""
        chips = [each.chip(self.values) for each in self.active_filters]
        if self.term:
            chips.insert(0, Chip(_("Search"), self.term, ("q",)))
        return [(chip, self.url(page=None, **dict.fromkeys(chip.parameters))) for chip in chips]

    @property
    def clear_url(self) -> str:
        names = [name for each in self.filters for name in each.parameters]
        return self.url(page=None, **dict.fromkeys(["q", *names]))

    @property
    def previous_url(self) -> str:
        return self.url(page=str(self.page_number - 1)) if self.page_number > 1 else ""

    @property
    def next_url(self) -> str:
        return self.url(page=str(self.page_number + 1)) if self.page_number < self.page_count else ""

    @property
    def size_links(self) -> list[Link]:
        return [Link(str(n), self.url(size=str(n), page=None), n == self.page_size) for n in self.page_sizes]

    @property
    def export_links(self) -> list[Link]:
        query = self.url(page=None).removeprefix(self.request.path)
        return [Link(export.label, export.url + query) for export in self._exports]

    @property
    def kept_parameters(self) -> list[tuple[str, str]]:
        """What the filter form has to carry along: the sorting, the size, and other tables' state."""
        own = {self.field_name(name) for each in self.filters for name in each.parameters}
        own |= {self.field_name("q"), self.field_name("page")}
        return [
            (key, value) for key, values in self.request.GET.lists() if key not in own for value in values
        ]

    def url(self, **changes: str | None) -> str:
        """Return the address of this list with some parameters set, or dropped when None."""
        query: QueryDict = self.request.GET.copy()
        for name, value in changes.items():
            if value is None:
                query.pop(self.field_name(name), None)
            else:
                query[self.field_name(name)] = value
        encoded = query.urlencode()
        return f"{self.request.path}?{encoded}" if encoded else self.request.path

    def field_name(self, name: str) -> str:
        return f"{self.prefix}{name}"

    def _read(self, name: str) -> str:
        return clean(self.request.GET.get(self.field_name(name)))


def render_table(
    request: HttpRequest, template: str, context: Mapping[str, Any], *, table: str = "table"
) -> HttpResponse:
    """Answer with the table alone when htmx asked for it, else with the whole page."""
    shown: Table = context[table]
    htmx: HtmxDetails | None = getattr(request, "htmx", None)
    is_partial = htmx and not htmx.history_restore_request and htmx.target == shown.dom_id
    chosen = "components/table.html" if is_partial else template
    response = render(request, chosen, {**context, "table": shown})
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def _linked(shown: SafeString, url: str | None) -> SafeString:
    return format_html('<a href="{}" data-row-link>{}</a>', url, shown) if url else shown
