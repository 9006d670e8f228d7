"""Build the monthly usage report: checked, in one order, ready for every renderer."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import attrgetter

from django.utils.translation import gettext_lazy as _

from core.errors import DomainError, refuse
from reporting.builders.lines import (
    AckTotal,
    AdjustmentLine,
    DeltaLine,
    DeniedLine,
    DeviceFile,
    PartnerLine,
    ReportHeader,
    StockLine,
    TrendPoint,
    UnreportedLine,
)
from reporting.builders.reconciliation import ReconciliationLine, impossible_flows, reconcile_product
from reporting.rules.ack_codes import DENIED_CODES, ENABLED_CODES, is_denied, is_enabled
from reporting.rules.agreement import (
    Disagreement,
    ReportTotals,
    find_list_disagreements,
    find_partner_disagreements,
)
from reporting.rules.key_states import life_position
from reporting.rules.numbering import report_number
from reporting.rules.stock_equation import Imbalance, find_imbalances

Fact = Imbalance | Disagreement

UNREPORTED_AFTER_DAYS = 7


class NotBalanced(DomainError):
    """A report cannot be made because its own figures contradict each other; carries each place."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self.facts: tuple[Fact, ...] = tuple(facts)
        super().__init__(
            refuse(
                "report_not_balanced",
                _("The figures of this month do not add up, so no report was made."),
                rule="DOC-BALANCE",
                facts={str(place): str(fact) for place, fact in enumerate(self.facts, start=1)},
                next_step=_("Run the invariant check, repair what it names, and build the report again."),
            )
        )


class InconsistentHeader(ValueError):
    """The header of a report contradicts itself."""


@dataclass(frozen=True, slots=True)
class ReportKeyFigures:
    """The totals of the month over all products and partners; all are keys but `partners`."""

    partners: int
    received: int
    assigned: int
    cbr_sent: int
    enabled: int
    denied: int
    returned: int
    unreported_7: int
    unreported_30: int
    unreported_60: int
    received_so_far: int


@dataclass(frozen=True, slots=True)
class UsageReport:
    """One month's usage report; every sequence is in its final order."""

    header: ReportHeader
    stock: tuple[StockLine, ...]
    reconciliation: tuple[ReconciliationLine, ...]
    answers: tuple[tuple[str, int], ...]
    partners: tuple[PartnerLine, ...]
    denied: tuple[DeniedLine, ...]
    unreported: tuple[UnreportedLine, ...]
    adjustments: tuple[AdjustmentLine, ...]
    delta: tuple[DeltaLine, ...]
    trend: tuple[TrendPoint, ...]
    device_file: DeviceFile
    figures: ReportKeyFigures


def build_report(
    header: ReportHeader,
    *,
    stock_lines: Iterable[StockLine],
    received_so_far: Mapping[str, int],
    ack_totals: Iterable[AckTotal],
    partner_lines: Iterable[PartnerLine],
    denied: Iterable[DeniedLine] = (),
    unreported: Iterable[UnreportedLine] = (),
    adjustments: Iterable[AdjustmentLine] = (),
    delta: Iterable[DeltaLine] = (),
    trend: Iterable[TrendPoint] = (),
    device_file: DeviceFile,
) -> UsageReport:
    """Return the checked report of frozen lines, whatever order they come in.

    `received_so_far` maps product codes to all keys imported before the end of the month. `denied` has
    one line for each denial answer of the month, `unreported` one for each key older than seven days.

    :raises NotBalanced: the stock equation fails, or partners and report disagree; nothing is made.
    :raises InconsistentHeader: number, period, revision and correction facts do not fit together.
    """
    _check_header(header)
    stock = tuple(sorted(stock_lines, key=_stock_order))
    answers = tuple(sorted(ack_totals, key=attrgetter("product_code", "ack_code")))
    partners = tuple(sorted(partner_lines, key=attrgetter("code")))
    facts: list[Fact] = list(find_imbalances(stock, received_so_far=received_so_far))
    facts += _answers_without_product(stock, answers)
    if facts:
        raise NotBalanced(facts)
    reconciliation = _reconcile(stock, answers)
    figures = _key_figures(reconciliation, partners)
    denied_lines, unreported_lines = tuple(denied), tuple(unreported)
    facts += _flow_imbalances(reconciliation)
    facts += _disagreements(reconciliation, partners)
    facts += find_list_disagreements(
        denied_listed=len(denied_lines),
        denied=figures.denied,
        unreported_listed=sum(line.age_days > UNREPORTED_AFTER_DAYS for line in unreported_lines),
        unreported=figures.unreported_7,
    )
    if facts:
        raise NotBalanced(facts)
    return UsageReport(
        header=header,
        stock=stock,
        reconciliation=reconciliation,
        answers=_count_answers(answers),
        partners=partners,
        denied=tuple(sorted(denied_lines, key=attrgetter("partner_code", "ack_at", "product_key_id"))),
        unreported=tuple(sorted(unreported_lines, key=_oldest_first)),
        adjustments=tuple(
            sorted(adjustments, key=attrgetter("partner_code", "recorded_at", "product_key_id"))
        ),
        delta=tuple(delta),
        trend=tuple(sorted(trend, key=attrgetter("period"))),
        device_file=device_file,
        figures=figures,
    )


def _check_header(header: ReportHeader) -> None:
    if header.number != report_number(header.period, header.revision):
        raise InconsistentHeader(f"{header.number} is not revision {header.revision} of {header.period}")
    if (header.kind == "correction") != (header.revision > 1):
        raise InconsistentHeader(f"revision {header.revision} cannot be of kind {header.kind}")
    if header.kind == "correction" and not (
        header.previous_number and header.previous_sha256 and header.correction_reason
    ):
        raise InconsistentHeader("a correction names its previous report, that report's SHA-256 and a reason")
    if header.approved_by and header.approved_by == header.reviewed_by:
        raise InconsistentHeader("the approver must be another person than the reviewer")
    instants = (header.period_start_utc, header.period_end_utc, header.generated_at)
    if any(instant.tzinfo is None for instant in instants):
        raise InconsistentHeader("instants must know their time zone")
    if not header.period_start_utc < header.period_end_utc <= header.generated_at:
        raise InconsistentHeader("the period must end after it starts and before the report is made")


def _stock_order(line: StockLine) -> tuple[str, tuple[int, int]]:
    return (line.product_code, life_position(line.state_code))


def _oldest_first(line: UnreportedLine) -> tuple[str, int, str]:
    return (line.partner_code, -line.age_days, line.product_key_id)


def _answers_without_product(stock: tuple[StockLine, ...], answers: tuple[AckTotal, ...]) -> list[Fact]:
    """Return answers of products that have no stock line, which no table would show."""
    products = {line.product_code for line in stock}
    return [
        Imbalance(answer.product_code, "", "unknown_product", 0, answer.keys)
        for answer in answers
        if answer.product_code not in products
    ]


def _reconcile(stock: tuple[StockLine, ...], answers: tuple[AckTotal, ...]) -> tuple[ReconciliationLine, ...]:
    return tuple(
        reconcile_product(list(lines), [answer for answer in answers if answer.product_code == product_code])
        for product_code, lines in groupby(stock, key=attrgetter("product_code"))
    )


def _flow_imbalances(reconciliation: tuple[ReconciliationLine, ...]) -> list[Fact]:
    return [
        Imbalance(line.product_code, column, "negative", 0, getattr(line, column))
        for line in reconciliation
        for column in impossible_flows(line)
    ]


def _disagreements(
    reconciliation: tuple[ReconciliationLine, ...], partners: tuple[PartnerLine, ...]
) -> list[Disagreement]:
    return find_partner_disagreements(
        partners=ReportTotals(
            assigned=sum(partner.assigned for partner in partners),
            enabled=sum(partner.enabled for partner in partners),
            denied=sum(partner.denied for partner in partners),
            returned=sum(partner.returned for partner in partners),
        ),
        report=ReportTotals(
            assigned=sum(line.assigned for line in reconciliation),
            enabled=sum(line.enabled for line in reconciliation),
            denied=sum(line.denied for line in reconciliation),
            returned=sum(line.returned for line in reconciliation),
        ),
    )


def _count_answers(answers: tuple[AckTotal, ...]) -> tuple[tuple[str, int], ...]:
    """Return each known code with its answers, then unknown codes that came, in code order."""
    counted = dict.fromkeys(ENABLED_CODES + DENIED_CODES, 0)
    for answer in answers:
        counted[answer.ack_code] = counted.get(answer.ack_code, 0) + answer.keys
    return tuple(sorted(counted.items(), key=lambda item: (not _is_known(item[0]), item[0])))


def _is_known(ack_code: str) -> bool:
    return is_enabled(ack_code) or is_denied(ack_code)


def _key_figures(
    reconciliation: tuple[ReconciliationLine, ...], partners: tuple[PartnerLine, ...]
) -> ReportKeyFigures:
    return ReportKeyFigures(
        partners=len(partners),
        received=sum(line.received for line in reconciliation),
        assigned=sum(line.assigned for line in reconciliation),
        cbr_sent=sum(line.cbr_sent for line in reconciliation),
        enabled=sum(line.enabled for line in reconciliation),
        denied=sum(line.denied for line in reconciliation),
        returned=sum(line.returned for line in reconciliation),
        unreported_7=sum(partner.unreported_7 for partner in partners),
        unreported_30=sum(partner.unreported_30 for partner in partners),
        unreported_60=sum(partner.unreported_60 for partner in partners),
        received_so_far=sum(line.total for line in reconciliation),
    )
