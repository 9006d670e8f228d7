"""Filters of the PDF templates: counts, months and instants written the same in every locale."""

import re
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from django import template
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.charts import thousands

register = template.Library()


@register.filter
def count(value: int) -> str:
    """Return a count with thousands marked; nothing at all is a dash."""
    return thousands(value) if value else "\u2013"


@register.filter
def total(value: int) -> str:
    """Return a count with thousands marked, zero written as 0."""
    return thousands(value)


@register.filter
def month(period: str) -> str:
    """Return 'YYYY-MM' as words: October 2026."""
    year, number = period.split("-")
    return f"{month_names()[int(number) - 1]} {year}"


def month_names() -> tuple[str, ...]:
    """Return the names of the months in the language of the document."""
    return (
        _("January"),
        _("February"),
        _("March"),
        _("April"),
        _("May"),
        _("June"),
        _("July"),
        _("August"),
        _("September"),
        _("October"),
        _("November"),
        _("December"),
    )


@register.filter
def utc(value: datetime) -> str:
    """Return an instant to the minute, in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")


@register.filter
def local(value: datetime, zone: str) -> str:
    """Return an instant to the second in a named zone, with its distance from UTC."""
    there = value.astimezone(ZoneInfo(zone))
    offset = there.strftime("%z")
    return f"{there:%Y-%m-%d %H:%M:%S} {offset[:3]}:{offset[3:]}"


@register.filter
def local_day(value: datetime, zone: str) -> str:
    """Return the day of an instant in a named zone."""
    return value.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d")


@register.filter
def utc_day(value: datetime) -> str:
    """Return the UTC day of an instant."""
    return value.astimezone(UTC).strftime("%Y-%m-%d")


@register.filter
def days(value: int) -> str:
    """Return a number of days in words."""
    return ngettext("%(days)s day", "%(days)s days", value) % {"days": thousands(value)}


@register.filter
def size(value: int) -> str:
    """Return bytes in the largest decimal unit that keeps at least 1, with one decimal."""
    amount, units = value * 10, ("B", "kB", "MB", "GB")
    for unit in units[:-1]:
        if amount < 10_000:
            return f"{amount // 10} {unit}" if unit == "B" else f"{amount // 10}.{amount % 10} {unit}"
        amount //= 1000
    return f"{amount // 10}.{amount % 10} {units[-1]}"


@register.filter
def breakable(name: str) -> SafeString:
    """Return a name such as ActivationEnabled with places where a narrow column may break it."""
    parts = re.findall(r"[A-Z][^A-Z]*|[^A-Z]+", name)
    return format_html_join("", "{}<wbr>", ((part,) for part in parts))
