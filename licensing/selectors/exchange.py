"""What the exchange looks like: reports, their lines, what waits, what needs a person. MAR scope only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Count, F, OuterRef, Q, QuerySet, Subquery

from core.models import AuditEvent
from licensing.exchange.return_xml import ReturnRequestBatch, ReturnRequestLine, write_return_request
from licensing.models import (
    Build,
    CbrLine,
    ComputerBuildReport,
    ExchangeException,
    ProductKey,
    ReturnLine,
    ReturnRequest,
)
from licensing.models.build import BuildState
from licensing.models.exchange import CbrState
from licensing.rules.key_states import Hold
from partners.models import Mar

# Microsoft usually answers within 1 to 4 hours.
LATE_AFTER = timedelta(hours=4)
DAY = timedelta(days=1)


def sold_to_id() -> str:
    """Return the MAR's customer number at Microsoft, empty before it is set up."""
    return Mar.objects.values_list("sold_to_id", flat=True).first() or ""


@dataclass(frozen=True, slots=True)
class WaitingBuilds:
    """Builds that are not yet sent, by how long they have waited, and what keeps some back."""

    last_hour: int
    last_day: int
    last_week: int
    older: int
    held: int
    needs_details: int

    @property
    def total(self) -> int:
        """Return how many will go out with the next round."""
        return self.last_hour + self.last_day + self.last_week + self.older


def waiting_builds(at: datetime) -> WaitingBuilds:
    """Count the builds that are not sent, in one query."""
    ready = Q(state=BuildState.READY)
    held = Q(key__hold__in=[Hold.LOST_OR_STOLEN, Hold.DISPUTED])
    free = ready & ~held
    hour, day, week = at - timedelta(hours=1), at - DAY, at - 7 * DAY
    counts = Build.objects.filter(
        state__in=[BuildState.READY, BuildState.NEEDS_DETAILS], ended_at__isnull=True
    ).aggregate(
        last_hour=Count("pk", filter=free & Q(reported_at__gt=hour)),
        last_day=Count("pk", filter=free & Q(reported_at__lte=hour, reported_at__gt=day)),
        last_week=Count("pk", filter=free & Q(reported_at__lte=day, reported_at__gt=week)),
        older=Count("pk", filter=free & Q(reported_at__lte=week)),
        held=Count("pk", filter=ready & held),
        needs_details=Count("pk", filter=Q(state=BuildState.NEEDS_DETAILS)),
    )
    return WaitingBuilds(**counts)


def reports() -> QuerySet[ComputerBuildReport]:
    """Return every report, newest first."""
    return ComputerBuildReport.objects.order_by("-number")


def count_unanswered(at: datetime) -> tuple[int, int]:
    """Return (reports without their whole answer, those of them that are late)."""
    counts = ComputerBuildReport.objects.filter(
        state__in=[CbrState.SENT, CbrState.PARTLY_ANSWERED]
    ).aggregate(waiting=Count("pk"), late=Count("pk", filter=Q(sent_at__lt=at - LATE_AFTER)))
    return counts["waiting"], counts["late"]


def is_late(report: ComputerBuildReport, at: datetime) -> bool:
    """Return whether Microsoft should have answered by now."""
    is_open = report.state in (CbrState.SENT, CbrState.PARTLY_ANSWERED)
    return is_open and report.sent_at is not None and report.sent_at < at - LATE_AFTER


def report_by_id(report_id: UUID) -> ComputerBuildReport | None:
    """Return the report, None for an unknown id."""
    return ComputerBuildReport.objects.filter(pk=report_id).first()


def lines_of(report: ComputerBuildReport) -> QuerySet[CbrLine]:
    """Return a report's lines with key, build, device and partner."""
    return (
        CbrLine.objects.filter(report=report).select_related("key", "build__device", "partner").order_by("pk")
    )


def answer_counts(report: ComputerBuildReport) -> list[tuple[str, int]]:
    """Return (code, lines) of a report, the open lines under an empty code."""
    counted = CbrLine.objects.filter(report=report).order_by().values_list("ack_code").annotate(n=Count("pk"))
    return sorted((code, count) for code, count in counted)


def life_of(report: ComputerBuildReport) -> list[AuditEvent]:
    """Return the acts on a report, newest first."""
    return list(AuditEvent.objects.filter(object_type="cbr", object_id=str(report.id)).order_by("-id")[:100])


def open_exceptions() -> QuerySet[ExchangeException]:
    """Return what a person should look at, newest first, with the report that lists the key last."""
    report = CbrLine.objects.filter(key__product_key_id=OuterRef("product_key_id")).order_by("-pk")
    return (
        ExchangeException.objects.filter(closed_at__isnull=True)
        .select_related("ack_file")
        .annotate(report_id=Subquery(report.values("report_id")[:1]))
        .order_by("-created_at")
    )


def exception_by_id(exception_id: UUID) -> ExchangeException | None:
    """Return the exception with its file, None for an unknown id."""
    return ExchangeException.objects.select_related("ack_file").filter(pk=exception_id).first()


def build_by_id(build_id: UUID) -> Build | None:
    """Return the build with key, device and partner, None for an unknown id."""
    return Build.objects.select_related("key", "device", "partner").filter(pk=build_id).first()


def return_requests() -> QuerySet[ReturnRequest]:
    """Return every return with its number of keys and of answers, newest first."""
    return ReturnRequest.objects.annotate(
        key_count=Count("lines"), answered=Count("lines", filter=Q(lines__answered_at__isnull=False))
    ).order_by("-number")


def return_by_id(request_id: UUID) -> ReturnRequest | None:
    """Return the return, None for an unknown id."""
    return return_requests().filter(pk=request_id).first()


def lines_of_return(request: ReturnRequest) -> QuerySet[ReturnLine]:
    """Return the lines with their keys."""
    return ReturnLine.objects.filter(request=request).select_related("key__product").order_by("pk")


def keys_by_product_key_ids(product_key_ids: list[str]) -> dict[str, int]:
    """Return the ids of the keys that exist, by product key id."""
    found = ProductKey.objects.filter(product_key_id__in=product_key_ids)
    return dict(found.values_list("product_key_id", "pk"))


def return_xml(request: ReturnRequest) -> bytes:
    """Return a return as Microsoft's XML; the same request always gives the same bytes.

    :raises WriteRefused: when the MAR's customer number is missing.
    """
    ids = request.lines.order_by("pk").annotate(pkid=F("key__product_key_id")).values_list("pkid", flat=True)
    return write_return_request(
        ReturnRequestBatch(
            rma_number=request.rma_number,
            rma_at=request.sent_at,
            sold_to_customer_id=sold_to_id(),
            is_no_credit=request.is_without_credit,
            lines=tuple(
                ReturnRequestLine(number, request.return_type, key_id)
                for number, key_id in enumerate(ids, start=1)
            ),
        )
    )
