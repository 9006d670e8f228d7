"""Write numbers, money and times in the reader's language and zone (CLDR through Babel).

Used by the template tags and by the table component, so that a value looks the same everywhere.
Nothing here reads the database or the clock, but for `relative`, whose `now` is an argument.
"""

from __future__ import annotations

import datetime as dt
import re
from decimal import Decimal
from functools import lru_cache
from typing import Protocol, runtime_checkable

from babel import Locale, UnknownLocaleError
from babel import dates as babel_dates
from babel import numbers as babel_numbers
from django.utils import timezone
from django.utils.translation import get_language, gettext, to_locale

EMPTY = "–"
MASK = "•••••-…-"
# CLDR puts an unbreakable space between a letter code and the number; Babel does not know that rule.
_LETTERS_THEN_DIGITS = re.compile(r"(?<=[A-Za-z])(?=\d)")


@runtime_checkable
class MoneyLike(Protocol):
    """Anything with an amount and an ISO 4217 currency, such as `core.money.Money`."""

    @property
    def amount(self) -> Decimal: ...

    @property
    def currency(self) -> str: ...


@lru_cache(maxsize=32)
def _locale_for(language: str) -> Locale:
    try:
        return Locale.parse(to_locale(language))
    except (UnknownLocaleError, ValueError):
        return Locale.parse("en_GB")


def active_locale() -> Locale:
    """Return the CLDR locale of the active language.

    Plain `en` becomes British: the programme runs in Europe, and 11/22/2026 would be misread.
    """
    language = get_language() or "en"
    return _locale_for("en-gb" if language == "en" else language)


def money(amount: Decimal | int, currency: str) -> str:
    """Write an amount with its currency, always with the currency's own decimals."""
    written = babel_numbers.format_currency(amount, currency, locale=active_locale())
    return _LETTERS_THEN_DIGITS.sub("\u00a0", str(written))


def number(value: Decimal | int | float) -> str:
    """Write a number with the language's grouping."""
    return str(babel_numbers.format_decimal(value, locale=active_locale()))


def percent(value: Decimal | float) -> str:
    """Write a share between 0 and 1 as a percentage with at most one decimal."""
    return str(babel_numbers.format_percent(value, format="#,##0.#%", locale=active_locale()))


def day(value: dt.date) -> str:
    """Write a date, such as 22 Nov 2026. An aware datetime is read in the active zone."""
    if isinstance(value, dt.datetime):
        value = in_zone(value).date()
    return str(babel_dates.format_date(value, format="medium", locale=active_locale()))


def short_day(value: dt.date) -> str:
    """Write a date where room is short, such as 22/11."""
    return str(babel_dates.format_skeleton("Md", value, locale=active_locale()))


def month(value: dt.date) -> str:
    """Write a month, such as November 2026."""
    return str(babel_dates.format_skeleton("yMMMM", value, locale=active_locale()))


def short_month(value: dt.date) -> str:
    """Write a month where room is short, such as Nov 2026."""
    return str(babel_dates.format_skeleton("yMMM", value, locale=active_locale()))


def in_zone(moment: dt.datetime) -> dt.datetime:
    """Return the moment in the active zone; a naive value is taken as already local."""
    return timezone.localtime(moment) if timezone.is_aware(moment) else moment


def moment(value: dt.datetime) -> str:
    """Write a date and time of day without zone, such as 22 Nov 2026, 14:03."""
    locale = active_locale()
    local = in_zone(value)
    clock = babel_dates.format_time(local, format="short", locale=locale, tzinfo=local.tzinfo)
    return f"{day(local.date())}, {clock}"


def clock(value: dt.datetime) -> str:
    """Write the time of day with its zone, such as 14:03 CET."""
    local = in_zone(value)
    text = babel_dates.format_time(local, format="short", locale=active_locale(), tzinfo=local.tzinfo)
    return f"{text} {zone_name(value)}".strip()


def zone_name(value: dt.datetime) -> str:
    """Return the short name of the zone the moment is written in, such as CET."""
    return in_zone(value).tzname() or ""


def exact(value: dt.datetime) -> str:
    """Write date, time with seconds and zone, such as 22 Nov 2026, 14:03:11 CET."""
    locale = active_locale()
    local = in_zone(value)
    clock = babel_dates.format_time(local, format="medium", locale=locale, tzinfo=local.tzinfo)
    return f"{day(local.date())}, {clock} {zone_name(value)}".strip()


def relative(value: dt.datetime, *, now: dt.datetime) -> str:
    """Write the distance from now in words, such as 2 hours ago or in 3 days."""
    distance = value - now
    if abs(distance) < dt.timedelta(seconds=45):
        return gettext("just now")
    return str(babel_dates.format_timedelta(distance, add_direction=True, locale=active_locale()))


def masked_key(last_five: str) -> str:
    """Write the only form of a product key that may appear on a page: its last five characters."""
    return f"{MASK}{last_five[-5:]}" if last_five else EMPTY
