"""The forecast of stock in words and pictures."""

from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from django.utils.dates import WEEKDAYS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.charts import Chart, DayLine, MonthValues, day_lines, month_bars
from licensing.rules.forecast import DAYS, LEAST_WEEKS, Answer, Forecast, Pace
from portal import formatting

SOON, AHEAD = timedelta(weeks=2), timedelta(weeks=6)


def urgency(found: Forecast) -> str:
    """Return the state of the dictionary "forecast" that a forecast stands in."""
    if found.answer in (Answer.DRY, Answer.NEVER, Answer.TOO_LITTLE):
        return found.answer.value
    if found.likely_on is None or found.likely_on - found.today > AHEAD:
        return "enough"
    return "soon" if found.likely_on - found.today <= SOON else "ahead"


def sentence(found: Forecast) -> str:
    """Return the answer as one sentence."""
    if found.answer == Answer.DRY:
        return _("Nothing is left for the next order.")
    if found.answer == Answer.NEVER:
        return _("No key was used in the weeks looked at, so the stock lasts.")
    if found.answer == Answer.LATER:
        return _("At this pace the stock lasts longer than a year.")
    if found.answer == Answer.TOO_LITTLE or found.likely_on is None:
        return _(
            "Too little is known to name a day: it takes %(days)d days since the first delivery, and use on two."
        ) % {"days": LEAST_WEEKS * DAYS}
    days = (found.likely_on - found.today).days
    return ngettext(
        "Likely dry on %(day)s, in %(days)d day.", "Likely dry on %(day)s, in %(days)d days.", days
    ) % {"day": formatting.day(found.likely_on), "days": days}


def interval(found: Forecast) -> str:
    """Return the earliest and the latest day in words, empty without a day."""
    if found.answer not in (Answer.DATED, Answer.LATER) or found.early_on is None:
        return ""
    late = formatting.day(found.late_on) if found.late_on else _("later than a year")
    return _("%(early)s to %(late)s") % {"early": formatting.day(found.early_on), "late": late}


def gap(found: Forecast) -> str:
    """Return a warning where the stock likely ends before the next keys come, empty where it does not."""
    if not found.likely_on or not found.arriving or found.arriving[0].expected_on <= found.likely_on:
        return ""
    first = found.arriving[0].expected_on
    days = (first - found.likely_on).days
    return ngettext(
        "Likely dry %(days)d day before the next keys come on %(day)s. Ask for an earlier day.",
        "Likely dry %(days)d days before the next keys come on %(day)s. Ask for an earlier day.",
        days,
    ) % {"days": days, "day": formatting.day(first)}


def keys(amount: Decimal) -> str:
    """Write a number of keys that was computed: whole, but for small ones."""
    places = Decimal("0.1") if abs(amount) < 10 else Decimal(1)
    return formatting.number(amount.quantize(places, ROUND_HALF_UP))


def reasons(found: Forecast) -> list[tuple[str, str]]:
    """Return what the forecast rests on, label and value."""
    facts = [
        (_("Free now"), formatting.number(found.stock)),
        (_("Waiting in the queue"), formatting.number(found.backordered)),
        (_("On the way, counted"), _arrivals(found)),
    ]
    if found.overdue:
        late = sum(one.quantity for one in found.overdue)
        facts.append((_("Late, not counted"), formatting.number(late)))
    if found.pace is None:
        return [*facts, (_("Days known"), formatting.number(found.days_known))]
    return [*facts, *_of_pace(found.pace, found.today)]


def _arrivals(found: Forecast) -> str:
    return "; ".join(
        _("%(keys)s on %(day)s")
        % {"keys": formatting.number(one.quantity), "day": formatting.day(one.expected_on)}
        for one in found.arriving
    ) or _("nothing")


def _of_pace(pace: Pace, today: date) -> list[tuple[str, str]]:
    until = today - timedelta(days=1)
    facts = [
        (
            _("Weeks looked at"),
            _("%(weeks)d, %(first)s to %(last)s")
            % {
                "weeks": len(pace.weeks),
                "first": formatting.day(pace.weeks[0].starts_on),
                "last": formatting.day(until),
            },
        ),
        (_("Use of a week now"), keys(pace.per_week)),
        (_("Trend"), _trend(pace)),
        (_("By weekday"), _weekdays(pace)),
        (_("A week differs by"), _("± %(keys)s keys") % {"keys": keys(pace.spread)}),
    ]
    spikes = [week for week in pace.weeks if week.is_spike]
    if spikes:
        left_out = sum(week.used - week.counted for week in spikes)
        days = ", ".join(formatting.day(week.starts_on) for week in spikes)
        facts.append(
            (
                _("Counted in part"),
                _("the week of %(days)s: %(keys)s keys left out as a single spike")
                % {"days": days, "keys": keys(Decimal(left_out))},
            )
        )
    return facts


def _trend(pace: Pace) -> str:
    if not pace.trend:
        return _("none: the weeks neither rise nor fall")
    words = _("%(keys)s more each week, fading") if pace.trend > 0 else _("%(keys)s fewer each week, fading")
    return words % {"keys": keys(abs(pace.trend))}


def _weekdays(pace: Pace) -> str:
    return ", ".join(
        f"{str(WEEKDAYS[day])[:3]} {formatting.percent(share.quantize(Decimal('0.01')))}"
        for day, share in enumerate(pace.weekdays)
    )


def charts(found: Forecast, name: str) -> list[Chart]:
    """Return the use of the past weeks and what is left day by day; nothing where no pace is known."""
    if found.pace is None or not found.pace.per_week:
        return []
    drawn = [_weeks_chart(found.pace, name)]
    if found.path:
        drawn.append(_days_chart(found, name))
    return drawn


def _weeks_chart(pace: Pace, name: str) -> Chart:
    has_spike = any(week.is_spike for week in pace.weeks)
    months = []
    for week in pace.weeks:
        counted = int(week.counted)
        values = (counted, week.used - counted) if has_spike else (week.used,)
        months.append(MonthValues(formatting.short_day(week.starts_on), values))
    series = [_("Keys used"), _("left out")][: len(months[0].values)]
    return month_bars(
        months,
        series=series,
        headline=_("%(name)s: keys used by week") % {"name": name},
        unit=_("keys assigned to orders, less those that came back"),
        chart_id="use-by-week",
        month_column=_("Week from"),
        format_count=formatting.number,
    )


def _days_chart(found: Forecast, name: str) -> Chart:
    lines = [
        DayLine(_("Likely"), tuple(day.likely for day in found.path)),
        DayLine(_("At the fast end"), tuple(day.fast for day in found.path)),
        DayLine(_("At the slow end"), tuple(day.slow for day in found.path)),
    ]
    marks = [(found.likely_on, _("likely dry"))] if found.likely_on else []
    return day_lines(
        lines,
        days=[day.on for day in found.path],
        marks=marks,
        headline=_("%(name)s: keys left day by day") % {"name": name},
        unit=_("free keys at the end of the day, less the queue"),
        chart_id="keys-left",
        day_column=_("Day"),
        format_day=formatting.day,
        format_count=formatting.number,
    )


def row_of(found: Forecast) -> dict[str, Any]:
    """Return what a row of a list shows of a forecast."""
    return {
        "forecast": found,
        "state": urgency(found),
        "sentence": sentence(found),
        "interval": interval(found),
        "gap": gap(found),
        "per_week": keys(found.pace.per_week) if found.pace else "",
        "confidence": found.pace.confidence if found.pace and found.pace.per_week else "",
        "late": sum(one.quantity for one in found.overdue),
        "arriving": sum(one.quantity for one in found.arriving),
    }
