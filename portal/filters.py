"""The filters of the table component: read from the query string, applied to a queryset, shown as chips.

A filter knows one whitelisted ORM lookup. What a visitor types is a value for it, never a lookup.
A value that cannot be read filters everything out rather than nothing: a shared link with a
broken value must not show more rows than its sender saw.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Model, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from core.people import reference_to
from partners.selectors.people import ids_of_people_named
from portal.formatting import day
from portal.status import Text
from portal.status import choices as status_choices

MAX_VALUE_LENGTH = 200
Rows = QuerySet[Any]
Choice = tuple[str, Text]
Choices = Iterable[Choice] | Callable[[], Iterable[Choice]]


@dataclass(frozen=True, slots=True)
class Chip:
    """One active filter as words, with the parameters that vanish when it is taken off."""

    label: Text
    value: Text
    parameters: tuple[str, ...]


def clean(value: str | None) -> str:
    """Trim what was typed; Postgres refuses NUL in text, so it goes."""
    return (value or "").replace("\x00", "").strip()[:MAX_VALUE_LENGTH]


def narrow(rows: Rows, **lookup: Any) -> Rows:
    """Filter; a value of the wrong type for the field matches nothing."""
    try:
        return rows.filter(**lookup)
    except (ValueError, TypeError, ValidationError):
        return rows.none()


@dataclass(frozen=True, slots=True)
class Filter:
    """What the three kinds share: a name in the URL, a label, a lookup."""

    name: str
    label: Text
    lookup: str = ""

    @property
    def parameters(self) -> tuple[str, ...]:
        return (self.name,)

    @property
    def orm_lookup(self) -> str:
        return self.lookup or self.name


@dataclass(frozen=True, slots=True)
class TextFilter(Filter):
    """A text field. Name the match in the lookup: `number__exact`, `company__icontains`.

    `normalise` brings the typed value to the stored form, such as upper case without spaces.
    """

    normalise: Callable[[str], str] | None = None
    kind = "text"

    def apply(self, rows: Rows, values: Mapping[str, str]) -> Rows:
        value = values[self.name]
        return narrow(rows, **{self.orm_lookup: self.normalise(value) if self.normalise else value})

    def chip(self, values: Mapping[str, str]) -> Chip:
        return Chip(self.label, values[self.name], self.parameters)


@dataclass(frozen=True, slots=True)
class WhoFilter(TextFilter):
    """A part of a person's name or a station's: rows hold references, so the name is looked up first.

    The lookup names the label's column, such as `actor_label`.
    """

    def apply(self, rows: Rows, values: Mapping[str, str]) -> Rows:
        value = values[self.name]
        people = [reference_to(user_id) for user_id in ids_of_people_named(value)]
        by_name = Q(**{f"{self.orm_lookup}__in": people})
        return rows.filter(by_name | Q(**{f"{self.orm_lookup}__icontains": value}))


@dataclass(frozen=True, slots=True)
class ChoiceFilter(Filter):
    """One of a few values. `choices` may be a function, called once per request."""

    choices: Choices = ()
    kind = "choice"

    def options(self) -> list[Choice]:
        given = self.choices() if callable(self.choices) else self.choices
        return [(str(value), label) for value, label in given]

    def apply(self, rows: Rows, values: Mapping[str, str]) -> Rows:
        value = values[self.name]
        if value not in dict(self.options()):
            return rows.none()
        return narrow(rows, **{self.orm_lookup: value})

    def chip(self, values: Mapping[str, str]) -> Chip:
        value = values[self.name]
        return Chip(self.label, dict(self.options()).get(value, value), self.parameters)


def status_filter(name: str, label: Text, kind: str, lookup: str = "") -> ChoiceFilter:
    """Return a choice filter over every state of a kind in portal.status."""
    return ChoiceFilter(name, label, lookup, status_choices(kind))


@dataclass(frozen=True, slots=True)
class DateRangeFilter(Filter):
    """Two dates, both included, read in the visitor's zone. `of_datetime` says what the field holds."""

    of_datetime: bool = True
    kind = "dates"

    @property
    def parameters(self) -> tuple[str, ...]:
        return (f"{self.name}_from", f"{self.name}_to")

    def apply(self, rows: Rows, values: Mapping[str, str]) -> Rows:
        first, last = (values.get(parameter, "") for parameter in self.parameters)
        try:
            if first:
                rows = rows.filter(**{f"{self.orm_lookup}__gte": self._edge(first)})
            if last:
                rows = rows.filter(**{f"{self.orm_lookup}__lt": self._edge(last, days=1)})
        except (ValueError, OverflowError):
            return rows.none()
        return rows

    def chip(self, values: Mapping[str, str]) -> Chip:
        first, last = (_shown(values.get(parameter, "")) for parameter in self.parameters)
        if first and last:
            text = _("%(first)s to %(last)s") % {"first": first, "last": last}
        elif first:
            text = _("from %(first)s") % {"first": first}
        else:
            text = _("to %(last)s") % {"last": last}
        return Chip(self.label, text, self.parameters)

    def _edge(self, text: str, *, days: int = 0) -> dt.date | dt.datetime:
        date = dt.date.fromisoformat(text) + dt.timedelta(days=days)
        if not self.of_datetime:
            return date
        return timezone.make_aware(dt.datetime.combine(date, dt.time.min))


def _shown(text: str) -> str:
    try:
        return day(dt.date.fromisoformat(text)) if text else ""
    except ValueError:
        return text


AnyFilter = TextFilter | ChoiceFilter | DateRangeFilter


def search(rows: QuerySet[Model], value: str, lookups: Iterable[str]) -> Rows:
    """Keep the rows in which any of the lookups matches; a plain field name means "contains".

    Each lookup is tried by itself, so that a number field does not spoil a search for a word.
    """
    from django.db.models import Q

    anywhere = Q()
    for lookup in lookups:
        condition = {lookup if _has_match(lookup) else f"{lookup}__icontains": value}
        try:
            rows.filter(**condition)
        except (ValueError, TypeError, ValidationError):
            continue
        anywhere |= Q(**condition)
    return rows.filter(anywhere) if anywhere else rows.none()


_MATCHES = frozenset(("exact", "iexact", "contains", "icontains", "startswith", "istartswith"))


def _has_match(lookup: str) -> bool:
    return lookup.rpartition("__")[2] in _MATCHES
