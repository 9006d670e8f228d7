"""Play Microsoft's service on our own machine: for demos and tests, never a link to Microsoft.

It has no memory of its own. What it knows of a key it derives from the deliveries and from the answers
that were booked, and what is still to be answered from the reports' rows, so a restart at any moment
loses nothing and the same question gets the same answer. ``SimulatedKey`` only overrides: another
owner, a forced code for the demo, a machine enabled elsewhere.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, ClassVar
from uuid import UUID

import structlog
from django.conf import settings
from django.db import connection
from django.utils.translation import gettext_lazy as _

from core.storage import read_bytes
from core.tenancy import mar_scope
from licensing.connectors.base import Connector, ConnectorFailed, ConnectorStatus, SendReceipt, Text
from licensing.exchange.microsoft_simulator import KnownKey, SimulatorRefused, answer_cbr, answer_return
from licensing.exchange.xsd import validate
from licensing.models import CbrAckFile, ComputerBuildReport, ReturnRequest, SimulatedKey
from licensing.models.exchange import CbrState
from licensing.rules.key_states import ENABLED_CODES, KeyState
from licensing.selectors.exchange import return_xml
from licensing.set_based import set_based_plans

log = structlog.get_logger(__name__)
Asked = ComputerBuildReport | ReturnRequest

SPLIT_FROM_LINES = 4
ANOTHER_MACHINE = "another machine"
_KNOWN = """
SELECT k.product_key_id, coalesce(s.sold_to_id, f.sold_to_id), p.lpn, f.received_at,
  k.state = %(returned)s OR coalesce(s.is_returned, false), b.hardware_hash, b.hardware_hash_sha256,
  coalesce(s.enabled_hash_sha256, ''), coalesce(s.forced_code, ''),
  (SELECT eb.hardware_hash_sha256 FROM licensing_cbrline e JOIN licensing_build eb ON eb.id = e.build_id
   WHERE e.key_id = k.id AND e.id < l.id AND e.ack_code = ANY(%(enabled)s) ORDER BY e.id DESC LIMIT 1),
  EXISTS (SELECT 1 FROM licensing_cbrline e WHERE e.key_id = k.id AND e.id < l.id)
FROM licensing_cbrline l
JOIN licensing_build b ON b.id = l.build_id
JOIN licensing_productkey k ON k.id = l.key_id
JOIN licensing_fulfilment f ON f.id = k.fulfilment_id
JOIN licensing_product p ON p.id = k.product_id
LEFT JOIN licensing_simulatedkey s ON s.product_key_id = k.product_key_id
WHERE l.report_id = %(report)s
"""


class Simulator(Connector):
    """A stand-in for Microsoft's service that answers after a settable delay."""

    name: ClassVar[str] = "simulator"
    label: ClassVar[Text] = _("Simulator: no live link to Microsoft")
    sentence: ClassVar[Text] = _(
        "A stand-in on this machine checks each report by the published form and answers as Microsoft's "
        "service does. Nothing leaves this machine."
    )

    def send(self, report: ComputerBuildReport, xml_bytes: bytes, at: datetime) -> SendReceipt:
        """Take the report if it follows the schema."""
        errors = validate(xml_bytes, "cbr")
        if errors:
            raise ConnectorFailed(f"{errors[0].message} (line {errors[0].line})")
        return SendReceipt("Simulator: received")

    def fetch_answers(self, at: datetime) -> Iterator[tuple[str, bytes]]:
        """Yield the answers to what was handed over at least the delay ago."""
        latest = at - timedelta(seconds=settings.SIMULATOR_DELAY_SECONDS)
        with mar_scope():
            waiting: list[Asked] = [*_unanswered_reports(latest), *_unanswered_returns(latest)]
            taken = set(
                CbrAckFile.objects.filter(
                    file_name__in=[name for asked in waiting for name in answer_names(asked)]
                ).values_list("file_name", flat=True)
            )
        for asked in waiting:
            names = answer_names(asked)
            if set(names) <= taken:
                continue
            try:
                with mar_scope(), set_based_plans():
                    answers = _answers_to(asked)
            except (SimulatorRefused, ValueError) as error:
                # One report that cannot be answered must not keep the others waiting.
                log.error("simulator.cannot_answer", asked=str(asked.pk), error=str(error))
                continue
            yield from ((name, data) for name, data in zip(names, answers, strict=True) if name not in taken)

    def acknowledge(self, file_name: str) -> None:
        """Do nothing: a booked answer is known by its row."""

    def refuse(self, file_name: str, reason: str) -> None:
        """Say so loudly: an answer of our own that we cannot read is a fault of ours.

        :raises ConnectorFailed: always.
        """
        raise ConnectorFailed(f"{file_name}: {reason}")

    def status(self) -> ConnectorStatus:
        """Return the delay and how many keys have an answer on demand."""
        forced = SimulatedKey.objects.exclude(forced_code="").count()
        return ConnectorStatus(
            facts=[
                (_("Answers after"), f"{settings.SIMULATOR_DELAY_SECONDS} s"),
                (_("Keys with a prepared answer"), str(forced)),
            ]
        )


def answer_names(asked: Asked) -> list[str]:
    """Return the names of the files that answer a report or a return; reports of 4 lines up get two."""
    if isinstance(asked, ReturnRequest):
        return [f"return-ack-{asked.id}.xml"]
    total = _parts(asked)
    return [f"cbr-ack-{asked.id}-{number}-of-{total}.xml" for number in range(1, total + 1)]


def _parts(report: ComputerBuildReport) -> int:
    return 2 if report.line_count >= SPLIT_FROM_LINES else 1


def _unanswered_reports(latest: datetime) -> list[ComputerBuildReport]:
    return list(
        ComputerBuildReport.objects.filter(
            connector=Simulator.name,
            state__in=[CbrState.SENT, CbrState.PARTLY_ANSWERED],
            delivered_at__lte=latest,
        ).order_by("number")
    )


def _unanswered_returns(latest: datetime) -> list[ReturnRequest]:
    if Simulator.name != settings.EXCHANGE_CONNECTOR:
        return []
    return list(
        ReturnRequest.objects.filter(sent_at__lte=latest, lines__answered_at__isnull=True)
        .distinct()
        .order_by("number")
    )


def _answers_to(asked: Asked) -> list[bytes]:
    return _answer_return(asked) if isinstance(asked, ReturnRequest) else _answer_report(asked)


def _answer_report(report: ComputerBuildReport) -> list[bytes]:
    known, forced = _known_of_report(report.id)
    if report.delivered_at is None:
        raise ValueError("a report that was not handed over is not answered")
    return answer_cbr(
        read_bytes(report.file_path, sha256=report.file_sha256),
        known_keys=known,
        received_at=report.delivered_at,
        deny_plan=forced,
        split_over=_parts(report),
    )


def _known_of_report(report_id: UUID) -> tuple[dict[str, KnownKey], dict[str, str]]:
    parameters: dict[str, Any] = {
        "returned": KeyState.RETURNED.value,
        "enabled": sorted(ENABLED_CODES),
        "report": report_id,
    }
    with connection.cursor() as cursor:
        cursor.execute(_KNOWN, parameters)
        rows = cursor.fetchall()
    known: dict[str, KnownKey] = {}
    forced: dict[str, str] = {}
    for (
        key_id,
        sold_to,
        lpn,
        received_at,
        is_returned,
        ours,
        digest,
        elsewhere,
        code,
        enabled,
        came_before,
    ) in rows:
        enabled_with = enabled or elsewhere
        known[key_id] = KnownKey(
            sold_to_customer_id=sold_to,
            enabled_hash=(ours if enabled_with == digest else ANOTHER_MACHINE) if enabled_with else None,
            is_returned=is_returned,
            fulfilled_at=received_at,
            licensable_part_number=lpn,
        )
        # A forced answer is given once: a key that is sent again is judged on its merits.
        if code and not came_before and not _is_of_return(code):
            forced[key_id] = code
    return known, forced


def _answer_return(request: ReturnRequest) -> list[bytes]:
    lines = list(request.lines.select_related("key__fulfilment", "key__product"))
    overrides = SimulatedKey.objects.in_bulk([line.key.product_key_id for line in lines])
    known = {line.key.product_key_id: _known_of_return(line, overrides) for line in lines}
    plan = {
        key_id: found.forced_code for key_id, found in overrides.items() if _is_of_return(found.forced_code)
    }
    return [answer_return(return_xml(request), known_keys=known, received_at=request.sent_at, code_plan=plan)]


def _is_of_return(code: str) -> bool:
    return code[:1] in ("O", "P", "Q")


def _known_of_return(line: Any, overrides: dict[str, SimulatedKey]) -> KnownKey:
    found = overrides.get(line.key.product_key_id)
    return KnownKey(
        sold_to_customer_id=found.sold_to_id if found else line.key.fulfilment.sold_to_id,
        is_returned=bool(found and found.is_returned),
        fulfilled_at=line.key.fulfilment.received_at,
        licensable_part_number=line.key.product.lpn,
    )
