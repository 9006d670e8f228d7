"""Small pieces of HTML that both the template tags and the table component need.

Each function returns safe markup for one value: an icon, a badge, a time, an amount, a masked key.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from typing import Any

from django.templatetags.static import static
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from portal import formatting
from portal.icons import FALLBACK, ICONS, SPRITE
from portal.status import Code, status

_KNOWN_ICONS = frozenset(ICONS)


def icon(name: str, classes: str = "") -> SafeString:
    """Return a decorative icon; words beside it carry the meaning, so it is hidden from readers."""
    known = name if name in _KNOWN_ICONS else FALLBACK
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#tabler-{}"></use></svg>',
        classes,
        static(SPRITE),
        known,
    )


def badge(kind: str, code: Code) -> SafeString:
    """Return a state as word, icon and colour; its sentence is the title."""
    state = status(kind, code)
    return format_html(
        '<span class="state tone-{}" title="{}">{}{}</span>',
        state.tone,
        state.sentence,
        icon(state.icon),
        state.label,
    )


def nothing() -> SafeString:
    """Return a dash that is read aloud as "none"."""
    return format_html(
        '<span class="nothing"><span aria-hidden="true">{}</span>'
        '<span class="visually-hidden">{}</span></span>',
        formatting.EMPTY,
        _("none"),
    )


def exact_time(value: dt.datetime | None) -> SafeString:
    """Return date and time of day; seconds, zone and distance are in the title."""
    if value is None:
        return nothing()
    title = f"{formatting.exact(value)} · {formatting.relative(value, now=_now_like(value))}"
    return format_html(
        '<time class="tabular" datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        title,
        formatting.moment(value),
    )


def zoned_time(value: dt.datetime | None) -> SafeString:
    """Return date, time with seconds and zone: where a moment is evidence."""
    if value is None:
        return nothing()
    return format_html(
        '<time class="tabular" datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        formatting.relative(value, now=_now_like(value)),
        formatting.exact(value),
    )


def relative_time(value: dt.datetime | None, *, focusable: bool = True) -> SafeString:
    """Return the distance in words; the exact time shows on hover and on keyboard focus."""
    if value is None:
        return nothing()
    template = '<time class="ago" datetime="{}" data-tip="{}" tabindex="0">{}</time>'
    if not focusable:
        template = '<time class="ago" datetime="{}" title="{}">{}</time>'
    return format_html(
        template,
        value.isoformat(),
        formatting.exact(value),
        formatting.relative(value, now=_now_like(value)),
    )


def clock_time(value: dt.datetime) -> SafeString:
    """Return the time of day with its zone."""
    return format_html(
        '<time class="tabular" datetime="{}" title="{}">{}</time>',
        value.isoformat(),
        formatting.exact(value),
        formatting.clock(value),
    )


def date(value: dt.date | None) -> SafeString:
    if value is None:
        return nothing()
    return format_html(
        '<time class="tabular" datetime="{}">{}</time>', value.isoformat(), formatting.day(value)
    )


def amount(value: Any, currency: str = "") -> SafeString:
    """Return an amount with its currency: of a Money, of an (amount, currency) pair, or of both apart."""
    if value is None:
        return nothing()
    if isinstance(value, tuple):
        value, currency = value
    elif isinstance(value, formatting.MoneyLike):
        value, currency = value.amount, value.currency
    return format_html('<span class="tabular">{}</span>', formatting.money(Decimal(value), currency))


def figure(value: Decimal | int | float | None) -> SafeString:
    """Return a number with grouping and figures of one width."""
    if value is None:
        return nothing()
    return format_html('<span class="tabular">{}</span>', formatting.number(value))


def masked_key(last_five: str | None) -> SafeString:
    """Return the masked form of a key; a screen reader hears only "key ending in"."""
    if not last_five:
        return nothing()
    return format_html(
        '<span class="mono key"><span aria-hidden="true">{}</span>'
        '<span class="visually-hidden">{}</span>{}</span>',
        formatting.MASK,
        _("key ending in "),
        last_five[-5:],
    )


_STORED_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_STORED_MOMENT = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}[\d:.]*(?:Z|[+-]\d{2}:\d{2})", re.ASCII)
_STORED_AMOUNT = re.compile(r"(-?\d{1,15}(?:\.\d{1,4})?) ([A-Z]{3})", re.ASCII)


def plain(value: Any) -> Any:
    """Return any fact as people read it: money, numbers, dates and gaps by their type."""
    if value is None or value == "":
        return nothing()
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, formatting.MoneyLike):
        return amount(value)
    if isinstance(value, int | Decimal):
        return figure(value)
    if isinstance(value, dt.datetime):
        return zoned_time(value)
    if isinstance(value, str) and (stored := _STORED_AMOUNT.fullmatch(value)):
        return amount(Decimal(stored[1]), stored[2])
    if isinstance(value, str) and (moment := _stored_moment(value)):
        return exact_time(moment)
    day = _stored_date(value) if isinstance(value, str) else value
    return date(day) if isinstance(day, dt.date) else value


def _stored_moment(text: str) -> dt.datetime | None:
    """Return the moment of a fact that was stored with its zone, None for any other words."""
    try:
        return dt.datetime.fromisoformat(text) if _STORED_MOMENT.fullmatch(text) else None
    except ValueError:
        return None


def _stored_date(text: str) -> dt.date | None:
    """Return the date of a fact that was stored and came back as text, None for any other words."""
    try:
        return dt.date.fromisoformat(text) if _STORED_DATE.fullmatch(text) else None
    except ValueError:
        return None


def mono(value: object) -> SafeString:
    if value is None or value == "":
        return nothing()
    return format_html('<span class="mono">{}</span>', value)


def _now_like(value: dt.datetime) -> dt.datetime:
    return timezone.now() if timezone.is_aware(value) else dt.datetime.now()
