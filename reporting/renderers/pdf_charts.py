"""The two charts of the report: the month's road as a bridge, and the trend or the partners."""

from django.utils.translation import gettext as _

from core.charts import Chart, MonthValues, RankedBar, Stage, bridge, month_bars, ranked_bars, thousands
from reporting.builders.lines import PartnerLine, TrendPoint
from reporting.builders.usage_report import UsageReport
from reporting.renderers.report_tags import month, month_names

CHART_WIDTH = 657  # CSS pixels: the text width of an A4 page with margins of 18 mm
TOP_PARTNERS = 12


def road_chart(report: UsageReport) -> Chart:
    """Return the bridge received, assigned, reported, enabled."""
    figures = report.figures
    return bridge(
        [
            Stage(_("Received"), figures.received),
            Stage(_("Assigned"), figures.assigned),
            Stage(_("Reported to Microsoft"), figures.cbr_sent),
            Stage(_("Activation enabled"), figures.enabled),
        ],
        headline=_("%(assigned)s keys assigned, %(sent)s build reports sent, %(enabled)s activations enabled")
        % {
            "assigned": thousands(figures.assigned),
            "sent": thousands(figures.cbr_sent),
            "enabled": thousands(figures.enabled),
        },
        unit=_("Keys in %(month)s") % {"month": month(report.header.period)},
        chart_id="road",
        columns=(_("Step"), _("Keys"), _("Difference")),
        theme="print",
        width=CHART_WIDTH,
        height=212,
    )


def answers_chart(report: UsageReport) -> Chart:
    """Return the answers by month where earlier months are known, else by partner."""
    return _trend_chart(report.trend) if len(report.trend) > 1 else _partner_chart(report.partners)


def _trend_chart(trend: tuple[TrendPoint, ...]) -> Chart:
    last, before = trend[-1], trend[-2]
    change = last.enabled - before.enabled
    sentence = (
        _("%(enabled)s activations enabled, %(change)s more than the month before")
        if change > 0
        else _("%(enabled)s activations enabled, %(change)s fewer than the month before")
        if change < 0
        else _("%(enabled)s activations enabled, as many as the month before")
    )
    return month_bars(
        [MonthValues(_short_month(point.period), (point.enabled, point.denied)) for point in trend],
        series=(_("Enabled"), _("Denied")),
        headline=sentence % {"enabled": thousands(last.enabled), "change": thousands(abs(change))},
        unit=_("Microsoft's answers by month"),
        chart_id="trend",
        month_column=_("Month"),
        theme="print",
        width=CHART_WIDTH,
        height=212,
    )


def _short_month(period: str) -> str:
    """Return 'Oct 26' for '2026-10'."""
    year, number = period.split("-")
    return f"{month_names()[int(number) - 1][:3]} {year[2:]}"


def _partner_chart(partners: tuple[PartnerLine, ...]) -> Chart:
    largest = sorted(partners, key=lambda line: (-(line.enabled + line.denied), line.code))[:TOP_PARTNERS]
    answered = [line for line in largest if line.enabled + line.denied]
    sentence = (
        _("%(name)s had the most answers: %(enabled)s enabled, %(denied)s denied")
        % {
            "name": answered[0].name,
            "enabled": thousands(answered[0].enabled),
            "denied": thousands(answered[0].denied),
        }
        if answered
        else _("Microsoft gave no answers in this month")
    )
    return ranked_bars(
        [RankedBar(line.name, (line.enabled, line.denied)) for line in answered],
        series=(_("Enabled"), _("Denied")),
        headline=sentence,
        unit=_("Microsoft's answers by refurbisher, the %(count)s largest") % {"count": len(answered)},
        chart_id="partners",
        label_column=_("Refurbisher"),
        theme="print",
        width=CHART_WIDTH,
        label_width=190,
    )
