"""The lists of the exchange."""

from collections.abc import Sequence
from typing import Any, ClassVar

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from licensing.models import CbrLine, ComputerBuildReport, ExchangeException, ReturnRequest
from licensing.models.exchange import CbrState
from licensing.rules.key_states import RESEND_CODES
from portal.formatting import number
from portal.status import Text
from portal.tables import Column, DateRangeFilter, Empty, Table, TextFilter, status_filter
from portal.web.mar.exchange_words import code_text, finding_label
from portal.web.return_words import type_label


def _answered(report: ComputerBuildReport) -> str:
    if report.state == CbrState.WITHDRAWN:
        return ""
    counts = {"done": number(report.answered_count), "all": number(report.line_count)}
    return _("%(done)s of %(all)s") % counts


class ReportTable(Table):
    """Every computer build report."""

    dom_id = "cbrs"
    caption = gettext_lazy("Computer build reports")
    columns = (
        Column("report", gettext_lazy("Report"), kind="mono", accessor=str, sort="number", primary=True),
        Column("state", gettext_lazy("State"), kind="status", status="cbr", sort="state"),
        Column("answered", gettext_lazy("Answered"), accessor=_answered, sort="answered_count", align="end"),
        Column("sent", gettext_lazy("Sent"), kind="ago", accessor="sent_at", sort="sent_at"),
        Column(
            "answered_at", gettext_lazy("Last answer"), kind="ago", accessor="answered_at", sort="answered_at"
        ),
    )
    filters = (
        status_filter("state", gettext_lazy("State"), "cbr"),
        DateRangeFilter("sent", gettext_lazy("Sent"), "sent_at"),
    )
    order = "-report"
    empty = Empty(
        gettext_lazy("Nothing was reported yet"),
        gettext_lazy("As soon as a partner's build is complete, it goes into a report by itself."),
        icon="send",
    )

    def row_url(self, row: ComputerBuildReport) -> str:
        """Return where a row leads."""
        return reverse("mar:cbr-detail", args=[row.pk])


class ExceptionTable(Table):
    """What did not fit and waits for a person."""

    dom_id = "exceptions"
    prefix = "x-"
    caption = gettext_lazy("Open exceptions")
    columns = (
        Column(
            "kind",
            gettext_lazy("What"),
            accessor=lambda row: finding_label(row.kind),
            sort="kind",
            primary=True,
        ),
        Column(
            "key",
            gettext_lazy("Product key id"),
            kind="mono",
            accessor="product_key_id",
            url=lambda row: reverse("mar:cbr-detail", args=[row.report_id]) if row.report_id else None,
        ),
        Column("code", gettext_lazy("Code"), kind="mono"),
        Column("text", gettext_lazy("In words")),
        Column("found", gettext_lazy("Found"), kind="ago", accessor="created_at", sort="created_at"),
    )
    filters = (TextFilter("code", gettext_lazy("Code"), "code"),)
    search = ("product_key_id__exact",)
    search_label = gettext_lazy("Product key id")
    order = "-found"
    empty = Empty(
        gettext_lazy("Every answer fitted"),
        gettext_lazy("Unknown codes, keys that are not ours and contradictions appear here."),
        icon="circle-check",
    )


class OperatorExceptionTable(ExceptionTable):
    """The same, for people who may close them."""

    def row_url(self, row: ExchangeException) -> str:
        """Return where a row leads."""
        return reverse("mar:exception-close", args=[row.pk])


class LineTable(Table):
    """The keys of one report with their answers."""

    dom_id = "lines"
    caption = gettext_lazy("Keys of this report")
    columns: ClassVar[Sequence[Column]] = (
        Column(
            "key",
            gettext_lazy("Product key id"),
            kind="mono",
            accessor="key.product_key_id",
            sort="key__product_key_id",
            primary=True,
        ),
        Column("partner", gettext_lazy("Partner"), accessor="partner.name", sort="partner__name"),
        Column("device", gettext_lazy("PC"), accessor="build.device"),
        Column("state", gettext_lazy("Key now"), kind="status", status="key", accessor="key.state"),
        Column(
            "answer", gettext_lazy("Answer"), accessor=lambda line: code_text(line.ack_code), sort="ack_code"
        ),
        Column("answered", gettext_lazy("Answered"), kind="ago", accessor="answered_at", sort="answered_at"),
    )
    filters = (
        TextFilter("code", gettext_lazy("Code"), "ack_code"),
        TextFilter("partner", gettext_lazy("Partner's code"), "partner__code"),
    )
    search = ("key__product_key_id__exact",)
    search_label = gettext_lazy("Product key id")
    order = "key"
    empty = Empty(
        gettext_lazy("No keys"),
        gettext_lazy("Its keys went into the file that took its place."),
        icon="archive",
    )

    def row_url(self, row: CbrLine) -> str:
        """Return where a row leads."""
        return reverse("mar:key-detail", args=[row.key.product_key_id])


def _may_resend(line: CbrLine) -> bool:
    return (
        line.build.state == "denied"
        and line.ack_code in RESEND_CODES
        and line.build.ack_code == line.ack_code
    )


def _resend_text(line: CbrLine) -> Text:
    return _("Send again") if _may_resend(line) else ""


def _resend_url(line: CbrLine) -> str | None:
    return reverse("mar:build-resend", args=[line.build_id]) if _may_resend(line) else None


class OperatorLineTable(LineTable):
    """The same, for people who may send a key again."""

    columns: ClassVar[Sequence[Column]] = (
        *LineTable.columns,
        Column("again", gettext_lazy("Another try"), accessor=_resend_text, url=_resend_url),
    )


class ReturnTable(Table):
    """Every return."""

    dom_id = "returns"
    caption = gettext_lazy("Returns")
    columns = (
        Column(
            "rma", gettext_lazy("Return"), kind="mono", accessor="rma_number", sort="number", primary=True
        ),
        Column(
            "type",
            gettext_lazy("What happened"),
            accessor=lambda row: type_label(row.return_type),
            sort="return_type",
        ),
        Column("keys", gettext_lazy("Keys"), kind="number", accessor="key_count", sort="key_count"),
        Column("answered", gettext_lazy("Answered"), kind="number", sort="answered"),
        Column("reason", gettext_lazy("Reason")),
        Column("sent", gettext_lazy("Sent"), kind="ago", accessor="sent_at", sort="sent_at"),
    )
    search = ("rma_number",)
    search_label = gettext_lazy("Return number")
    order = "-rma"
    empty = Empty(
        gettext_lazy("No returns yet"),
        gettext_lazy("Keys that cannot be used any more go back to Microsoft here."),
        icon="arrow-back-up",
    )

    def row_url(self, row: ReturnRequest) -> str:
        """Return where a row leads."""
        return reverse("mar:return-detail", args=[row.pk])


class ReturnLineTable(Table):
    """The keys of one return."""

    dom_id = "return-lines"
    caption = gettext_lazy("Keys of this return")
    columns = (
        Column(
            "key",
            gettext_lazy("Product key id"),
            kind="mono",
            accessor="key.product_key_id",
            sort="key__product_key_id",
            primary=True,
        ),
        Column("product", gettext_lazy("Product"), accessor="key.product.name"),
        Column(
            "before", gettext_lazy("State before"), kind="status", status="key", accessor="previous_state"
        ),
        Column("now", gettext_lazy("Key now"), kind="status", status="key", accessor="key.state"),
        Column("answer", gettext_lazy("Answer"), kind="mono", accessor="answer_code", sort="answer_code"),
        Column("answered", gettext_lazy("Answered"), kind="ago", accessor="answered_at", sort="answered_at"),
    )
    order = "key"

    def row_url(self, row: Any) -> str:
        """Return where a row leads."""
        return reverse("mar:key-detail", args=[row.key.product_key_id])
