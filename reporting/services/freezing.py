"""Freeze a month: read the ledger in one snapshot, check that it balances, write the report's lines."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.utils import translation
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.periods import Period
from core.tenancy import mar_scope
from partners.models import Mar
from partners.selectors.mar import mar_zone, the_mar
from reporting.builders.lines import (
    AckTotal,
    AdjustmentLine,
    DeniedLine,
    DeviceFile,
    PartnerLine,
    ReportHeader,
    StockLine,
    TrendPoint,
    UnreportedLine,
)
from reporting.builders.usage_report import NotBalanced, build_report
from reporting.locks import lock_report_and_previous
from reporting.models import ReportFile, ReportState, UsageReport
from reporting.renderers.pdf_words import ANSWER_MEANINGS, ANSWER_UNKNOWN
from reporting.rules.key_pattern import KeyInDocument
from reporting.rules.numbering import document_name
from reporting.rules.stock_equation import find_gaps
from reporting.selectors import month_lines
from reporting.selectors.key_scan import place_of_key
from reporting.selectors.month_steps import MonthBounds, gather_steps
from reporting.selectors.reports import newest_frozen
from reporting.services.anchors import ANCHORS, anchors
from reporting.services.delta import causes_of, compare_devices, compare_lines
from reporting.services.device_lines import insert_device_lines
from reporting.services.frozen_lines import RECEIVED, Lines, header_of, load_lines, save_lines, to_facts

DOCUMENT_LANGUAGE = "en"


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Open the MAR's scope in a transaction that sees the database as of one instant.

    :raises RuntimeError: inside another transaction, where the snapshot would be older than asked.
    """
    with transaction.atomic(durable=True):
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        with mar_scope():
            yield


def freeze_report(report_id: UUID, *, by: Actor, at: datetime) -> bool:
    """Write the frozen lines and header of a report, once; return False when that was done before.

    Nothing is written when the figures contradict each other.

    :raises NotBalanced: the stock equation fails, partners and report disagree, or the month does not
        open with what the month before closed with.
    :raises KeyInDocument: a free text is shaped like a product key.
    :raises NotFound: there is no such report.
    """
    with one_snapshot(), translation.override(DOCUMENT_LANGUAGE):
        report, previous = lock_report_and_previous(report_id)
        if report.frozen_at is not None or report.state != ReportState.BUILDING:
            return False
        bounds = MonthBounds(Period.parse(report.period), mar_zone())
        ledger = gather_steps(bounds)
        lines = _read_lines(bounds)
        header = _header(report, bounds, previous, at=at)
        _check(header, lines)
        _check_carry_over(bounds, lines)
        counts = _save(report, lines)
        report.device_rows = insert_device_lines(bounds, report_id=report.pk)
        if previous is not None:
            counts["delta"] = _save_delta(report, previous, lines, ledger_rows=ledger["ledger_rows"])
        if place := place_of_key(report.pk):
            # Found later, by a renderer, it could never be taken out again: frozen lines do not change.
            raise KeyInDocument(place)
        snapshot = {**ledger, "lines": counts, "devices": report.device_rows, ANCHORS: anchors()}
        report.header = to_facts(header) | {"snapshot": snapshot}
        report.frozen_at, report.problem = at, ""
        report.save(update_fields=["device_rows", "header", "frozen_at", "problem"])
        audit.record(
            "reporting.report.frozen", by=by, at=at, object_type="report", object_id=report.pk,
            facts={"number": report.number, "devices": report.device_rows, **ledger},
        )  # fmt: skip
    return True


def _read_lines(bounds: MonthBounds) -> Lines:
    return {
        "stock": [StockLine(**row) for row in month_lines.stock_rows(bounds)],
        RECEIVED: list(month_lines.received_rows(bounds)),
        "ack": [AckTotal(**row) for row in month_lines.ack_rows(bounds)],
        "partner": [PartnerLine(**row) for row in month_lines.partner_rows(bounds)],
        "denied": [
            DeniedLine(**row, ack_meaning=str(ANSWER_MEANINGS.get(row["ack_code"], ANSWER_UNKNOWN)))
            for row in month_lines.denied_rows(bounds)
        ],
        "unreported": [UnreportedLine(**row) for row in month_lines.unreported_rows(bounds)],
        "adjustment": [AdjustmentLine(**row) for row in month_lines.adjustment_rows(bounds)],
        "trend": [TrendPoint(**row) for row in month_lines.trend_rows(bounds)],
    }


def _header(
    report: UsageReport, bounds: MonthBounds, previous: UsageReport | None, *, at: datetime
) -> ReportHeader:
    mar = the_mar() or Mar(legal_name=_("Not named"), sold_to_id="")
    return ReportHeader(
        mar_name=mar.legal_name,
        sold_to_id=mar.sold_to_id,
        period=report.period,
        period_start_utc=bounds.start,
        period_end_utc=bounds.end,
        time_zone=str(bounds.zone),
        number=report.number,
        revision=report.revision,
        kind="correction" if previous else "original",
        previous_number=previous.number if previous else None,
        previous_sha256=_pdf_checksum(previous) if previous else None,
        correction_reason=report.correction_reason or None,
        generated_at=at,
        generated_by=str(report.requested_by),
        reviewed_by=None,
        approved_by=None,
        is_draft=True,
    )


def _pdf_checksum(report: UsageReport) -> str:
    """Return the SHA-256 of the report's PDF: the issued one, else the draft."""
    found = ReportFile.objects.filter(report=report, kind=ReportFile.Kind.REPORT).order_by("is_draft").first()
    return found.sha256 if found else ""


def _check(header: ReportHeader, lines: Lines) -> None:
    name = document_name(header.number, "devices", is_draft=True)
    build_from_lines(header, lines, DeviceFile(name, rows=0, size=0, sha256=""))


def _check_carry_over(bounds: MonthBounds, lines: Lines) -> None:
    """Hold the openings against what the month before was reported to close with.

    A step that was stamped in that month but committed after its report was frozen shows here, and
    only here: both reports would balance, each for itself.

    :raises NotBalanced: naming each product and state; that month's report is to be corrected first.
    """
    before = newest_frozen(str(bounds.period.previous()))
    if before is not None:
        gaps = find_gaps(lines["stock"], load_lines(before.pk)["stock"])
        if gaps:
            raise NotBalanced(gaps)


def build_from_lines(header: ReportHeader, lines: Lines, device_file: DeviceFile) -> Any:
    """Return the checked report object of frozen lines.

    :raises NotBalanced: the figures contradict each other.
    """
    return build_report(
        header,
        stock_lines=lines["stock"],
        received_so_far={row["product_code"]: row["keys"] for row in lines[RECEIVED]},
        ack_totals=lines["ack"],
        partner_lines=lines["partner"],
        denied=lines["denied"],
        unreported=lines["unreported"],
        adjustments=lines["adjustment"],
        delta=lines.get("delta", ()),
        trend=lines["trend"],
        device_file=device_file,
    )


def _save(report: UsageReport, lines: Lines) -> dict[str, int]:
    return {
        kind: save_lines(report.pk, kind=kind, facts=found if kind == RECEIVED else map(to_facts, found))
        for kind, found in lines.items()
    }


def _save_delta(report: UsageReport, previous: UsageReport, lines: Lines, *, ledger_rows: int) -> int:
    late = ledger_rows - int(previous.header.get("snapshot", {}).get("ledger_rows", ledger_rows))
    causes = causes_of(late_steps=late)
    found = [*compare_lines(load_lines(previous.pk), lines, causes=causes)]
    found += compare_devices(before=previous.pk, after=report.pk, causes=causes)
    return save_lines(report.pk, kind="delta", facts=map(to_facts, found))


def zone_of(report: UsageReport) -> ZoneInfo:
    """Return the zone a frozen report was computed in."""
    return ZoneInfo(header_of(report.header, is_draft=True).time_zone)
