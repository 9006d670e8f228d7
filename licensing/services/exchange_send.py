"""Send reports in two steps, so that a crash at any point neither loses nor doubles anything.

First the decision, in one transaction: every key becomes ReportedBound, from which nothing can be taken
back, and the report is "sent". Then the hand-over to the connector, outside of any transaction, under
one fixed name; it is repeated until it is noted. If the hand-over came first and the portal fell before
its commit, a key could be taken back while Microsoft already had it.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from django.db import OperationalError, connection, transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import DomainError, NotFound, Refusal, refuse
from core.storage import read_bytes
from core.tenancy import mar_scope
from licensing.connectors import connector_named
from licensing.connectors.base import ConnectorFailed
from licensing.connectors.file_exchange import FileExchange
from licensing.locks import lock_report_lines
from licensing.models import ComputerBuildReport
from licensing.models.exchange import CbrState
from licensing.rules.key_states import KeyState
from licensing.services.custody import Step, move_keys
from licensing.services.exchange_prepare import audit_report, withdraw_report
from licensing.set_based import set_based_plans

SENDABLE_FROM = (KeyState.BOUND, KeyState.NOTIFIED_BOUND, KeyState.ACTIVATION_DENIED)
RECEIPT_BY_HAND = "By hand"


class ReportBusy(DomainError):
    """Somebody changes one of the report's keys at this moment."""


class ReportWithdrawn(DomainError):
    """A key left the report before it was sent; a new one takes its place."""


class NotByHand(DomainError):
    """The report went to the simulator; nobody can have uploaded it to Microsoft."""


class Outcome(StrEnum):
    """What became of an attempt to send."""

    SENT = "sent"
    SENT_BEFORE = "sent_before"
    WITHDRAWN = "withdrawn"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Delivery:
    """One hand-over: the report, and the reason when it failed."""

    report_id: UUID
    problem: str = ""


def send_report(report_id: UUID, *, at: datetime, by: Actor) -> Outcome:
    """Decide that a report goes out: its keys become ReportedBound, its builds sent.

    A report of which a key was taken back, returned or put on hold is withdrawn instead; the next round
    writes a new file, under a new id, without that key. Rows in other hands: nothing happens, try again.

    :raises NotFound: for an unknown report.
    """
    try:
        with transaction.atomic(), set_based_plans():
            return _decide(report_id, at, by)
    except OperationalError as error:
        if getattr(error.__cause__, "pgcode", "") == "55P03":  # lock_not_available
            return Outcome.BUSY
        raise


def _decide(report_id: UUID, at: datetime, by: Actor) -> Outcome:
    sendable = lock_report_lines(report_id)
    report = find_report(report_id)
    if report.state == CbrState.WITHDRAWN:
        return Outcome.WITHDRAWN
    if report.state != CbrState.PREPARED:
        return Outcome.SENT_BEFORE
    left = report.line_count - len(sendable)
    if left:
        withdraw_report(report, left=left, by=by, at=at)
        return Outcome.WITHDRAWN
    move_keys(
        sendable, to=KeyState.REPORTED_BOUND, sources=SENDABLE_FROM, step=Step("cbr.sent", report_id, by, at)
    )
    with connection.cursor() as cursor:
        # A build that is sent again loses the answer it had; its earlier line keeps it.
        cursor.execute(
            """UPDATE licensing_build SET state = 'sent', sent_at = %s, ack_code = '', answered_at = NULL
            WHERE id IN (SELECT build_id FROM licensing_cbrline WHERE report_id = %s)""",
            [at, report_id],
        )
    report.state, report.sent_at = CbrState.SENT, at
    report.save(update_fields=["state", "sent_at"])
    audit_report("sent", report, by=by, at=at, facts={"keys": report.line_count})
    return Outcome.SENT


def deliver_reports(*, at: datetime, by: Actor) -> list[Delivery]:
    """Hand every report that is decided but not handed over to its connector.

    Runs outside of transactions and opens its own short ones. A report that fails keeps its reason and
    is tried again with the next call.
    """
    with mar_scope():
        waiting = list(
            ComputerBuildReport.objects.filter(
                state__in=[CbrState.SENT, CbrState.PARTLY_ANSWERED], delivered_at__isnull=True
            ).order_by("number")
        )
    return [_deliver(report, at, by) for report in waiting]


def _deliver(report: ComputerBuildReport, at: datetime, by: Actor) -> Delivery:
    try:
        xml = read_bytes(report.file_path, sha256=report.file_sha256)
        receipt = connector_named(report.connector).send(report, xml, at)
    except (ConnectorFailed, ValueError, OSError) as error:
        problem = str(error)[:1000] or type(error).__name__
        with mar_scope():
            ComputerBuildReport.objects.filter(pk=report.pk, delivered_at__isnull=True).update(
                refusal=problem
            )
        return Delivery(report.id, problem)
    with mar_scope():
        _note_delivery(report.id, receipt.text, at, by)
    return Delivery(report.id)


def mark_sent(report_id: UUID, *, at: datetime, by: Actor) -> None:
    """Note that a person uploaded the file to Microsoft by hand.

    Decides first, if the portal had not: from here on the keys cannot be taken back.

    :raises NotFound: for an unknown report.
    :raises NotByHand: for a report of another connector than the file exchange.
    :raises ReportBusy: when one of its keys is being changed.
    :raises ReportWithdrawn: when a key left it; the withdrawal is not kept, the next round does it.
    """
    if find_report(report_id).connector != FileExchange.name:
        raise NotByHand(_not_by_hand())
    with transaction.atomic():
        outcome = send_report(report_id, at=at, by=by)
        if outcome is Outcome.BUSY:
            raise ReportBusy(_busy())
        if outcome is Outcome.WITHDRAWN:
            raise ReportWithdrawn(_withdrawn())
        _note_delivery(report_id, RECEIPT_BY_HAND, at, by, is_by_hand=True)


def find_report(report_id: UUID) -> ComputerBuildReport:
    """Return the report.

    :raises NotFound: when there is none of that id.
    """
    report = ComputerBuildReport.objects.filter(pk=report_id).first()
    if report is None:
        raise NotFound(_("There is no such report."))
    return report


def _note_delivery(
    report_id: UUID, receipt: str, at: datetime, by: Actor, *, is_by_hand: bool = False
) -> None:
    """Note the first hand-over; one by hand is noted also after the connector's, but only once."""
    reports = ComputerBuildReport.objects.filter(pk=report_id)
    first = reports.filter(delivered_at__isnull=True)
    noted = first.update(delivered_at=at, receipt=receipt[:200], refusal="")
    if not noted and is_by_hand:
        noted = reports.exclude(receipt=RECEIPT_BY_HAND).update(receipt=RECEIPT_BY_HAND)
    if noted:
        audit_report("delivered", find_report(report_id), by=by, at=at, facts={"receipt": receipt[:200]})


def _not_by_hand() -> Refusal:
    return refuse(
        "not_by_hand",
        _("This report went to the simulator, not to Microsoft."),
        rule="EXC-14",
        next_step=_("Nothing to do: the simulator answers by itself."),
        lifted_by=_("Nobody"),
    )


def _busy() -> Refusal:
    return refuse(
        "report_busy",
        _("One of the report's keys is being changed at this moment."),
        rule="EXC-12",
        next_step=_("Try again in a few seconds."),
        lifted_by=_("Nobody: it passes by itself"),
    )


def _withdrawn() -> Refusal:
    return refuse(
        "report_withdrawn",
        _("A key of this report was taken back or put on hold, so this file must not be used."),
        rule="EXC-13",
        next_step=_("Wait half a minute: a new file without that key takes its place."),
        lifted_by=_("Nobody: the new file takes its place"),
    )
