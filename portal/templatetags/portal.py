"""The tags of the portal: `{% load portal %}`. docs/design.md shows each in use."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, Literal

from django import template
from django.forms import BaseForm, BoundField
from django.template import Context
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString

from core.people import Who
from partners.rules.countries import country_name
from portal import formatting, markup
from portal.rule_titles import rule_title
from portal.status import Code, Status
from portal.status import status as find_status
from portal.tables import Table

register = template.Library()


@register.simple_tag
def icon(name: str, classes: str = "") -> SafeString:
    """{% icon "check" %}: a decorative icon; put words beside it."""
    return markup.icon(name, classes)


@register.simple_tag
def status(kind: str, code: Code) -> SafeString:
    """{% status "order" order.state %}: the state as word, icon and colour."""
    return markup.badge(kind, code)


@register.simple_tag
def status_of(kind: str, code: Code) -> Status:
    """{% status_of "order" order.state as state %}: the words themselves, to place freely."""
    return find_status(kind, code)


@register.simple_tag
def when(value: dt.datetime | None, style: Literal["ago", "exact", "evidence"] = "ago") -> SafeString:
    """{% when order.created_at %}: "2 hours ago", "exact": to the minute, "evidence": seconds and zone."""
    if style == "exact":
        return markup.exact_time(value)
    return markup.zoned_time(value) if style == "evidence" else markup.relative_time(value)


@register.filter
def who(label: str | None) -> Who:
    """{{ comparison.by|who }}: the name of the person a label refers to, other labels as they are."""
    return Who(label or "")


@register.filter
def rule(number: str) -> SafeString:
    """{{ refusal.rule|rule }}: the rule's title, with its number small beside it."""
    title = rule_title(number)
    if str(title) == number:
        return format_html("{}", number)
    return format_html('{} <span class="mono small">{}</span>', title, number)


@register.filter
def day(value: dt.date | None) -> SafeString:
    """{{ report.due_on|day }}"""
    return markup.date(value)


@register.filter
def month(value: dt.date | None) -> str:
    """{{ report.starts_on|month }}: November 2026"""
    return formatting.month(value) if value else formatting.EMPTY


@register.filter
def money(value: Any, currency: str = "") -> SafeString:
    """{{ order.total|money }} for a Money, {{ amount|money:currency }} for a Decimal."""
    return markup.amount(value, currency)


@register.filter
def number(value: Decimal | int | float | None) -> SafeString:
    """{{ count|number }}: grouped, figures of one width."""
    return markup.figure(value)


@register.filter
def percent(value: Decimal | float | None) -> str:
    """{{ 0.031|percent }}: 3.1%"""
    return formatting.percent(value) if value is not None else formatting.EMPTY


@register.filter
def masked_key(last_five: str | None) -> SafeString:
    """{{ key.last_five|masked_key }}: the masked form, the only one a page may hold."""
    return markup.masked_key(last_five)


@register.filter
def mono(value: object) -> SafeString:
    """{{ device.serial|mono }}: serials and ids in the typewriter face."""
    return markup.mono(value)


@register.inclusion_tag("components/table.html", takes_context=True)
def table(context: Context, shown: Table) -> dict[str, Any]:
    """{% table table %}: the table with its search, filters, chips and pages."""
    return _with(context, table=shown)


@register.simple_tag
def table_value(shown: Table, name: str) -> str:
    """Return what a filter's parameter holds now."""
    return shown.term if name == "q" else shown.values.get(name, "")


@register.simple_tag
def table_field(shown: Table, name: str) -> str:
    """Return the name a filter's field has in the URL."""
    return shown.field_name(name)


@register.inclusion_tag("components/timeline.html", takes_context=True)
def timeline(context: Context, events: Iterable[Any], upcoming: Iterable[Any] = ()) -> dict[str, Any]:
    """{% timeline events upcoming %}: newest on top, grouped by day; future steps in grey above."""
    dated = sorted(events, key=lambda event: _get(event, "at"), reverse=True)
    days = [(date, list(group)) for date, group in itertools.groupby(dated, key=_local_day)]
    return _with(context, days=days, upcoming=list(upcoming))


@register.inclusion_tag("components/key_life.html", takes_context=True)
def key_life(context: Context, steps: Iterable[Any]) -> dict[str, Any]:
    """{% key_life steps %}: a key's steps in full, newest day first."""
    days = [(date, list(group)) for date, group in itertools.groupby(steps, key=_local_day)]
    return _with(context, days=days)


@register.filter
def system_events(events: Iterable[Any]) -> list[Any]:
    """Keep the events the timeline folds away."""
    return [event for event in events if _get(event, "is_system")]


@register.filter
def clock(value: dt.datetime) -> SafeString:
    """{{ event.at|clock }}: time of day with zone, under a heading that names the day."""
    return markup.clock_time(value)


@register.filter
def countries(codes: Iterable[str]) -> str:
    """{{ version.countries|countries }}: Austria, Germany."""
    return ", ".join(sorted(country_name(code) for code in codes))


@register.filter
def fact(value: object) -> object:
    """{{ value|fact }}: money, numbers, dates by their type; a dash where a value is missing."""
    return markup.plain(value)


@register.filter
def on_day(value: object) -> object:
    """{{ refusal.until|on_day }}: the day of a date or an instant, also of one that was stored as text."""
    if isinstance(value, str):
        value = dt.datetime.fromisoformat(value) if value else None
    if isinstance(value, dt.datetime):
        value = timezone.localtime(value).date()
    return markup.date(value) if isinstance(value, dt.date) else markup.nothing()


@register.filter
def or_nothing(value: object) -> object:
    """{{ text|or_nothing }}: the value as it is, a dash where it is missing; nought is a value."""
    return markup.nothing() if value is None or value == "" else value


@register.filter
def pairs(facts: Mapping[str, Any] | Iterable[tuple[Any, Any]] | None) -> list[tuple[Any, Any]]:
    """Return (label, value) pairs of a mapping or of pairs."""
    if not facts:
        return []
    return list(facts.items() if isinstance(facts, Mapping) else facts)


@register.filter
def has_errors(form: BaseForm | None) -> bool:
    """{% if form|has_errors %}: a form was sent and has something to correct."""
    return bool(isinstance(form, BaseForm) and form.is_bound and form.errors)


@register.filter
def widget_kind(field: BoundField) -> str:
    """Return how a field is laid out: hidden, checkbox, group (radio or many boxes) or plain."""
    if field.is_hidden:
        return "hidden"
    if field.use_fieldset:
        return "group"
    return "checkbox" if getattr(field.field.widget, "input_type", "") == "checkbox" else "plain"


@register.filter
def first_control(field: BoundField) -> str:
    """Return the id an error link jumps to: of a group, its first button."""
    return field.id_for_label or f"{field.auto_id}_0"


def _with(context: Context, **extra: Any) -> dict[str, Any]:
    """Return what the page knows, with more; an inclusion tag sees nothing else."""
    known: dict[str, Any] = {str(name): value for name, value in context.flatten().items()}
    return known | extra


def _local_day(event: Any) -> dt.date:
    return formatting.in_zone(_get(event, "at")).date()


def _get(event: Any, name: str) -> Any:
    return event.get(name) if isinstance(event, dict) else getattr(event, name, None)
