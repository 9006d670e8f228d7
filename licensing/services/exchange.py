"""The exchange with Microsoft as people and tasks use it: one round of it, and the acts beside it.

A report's life: prepared from ready builds → sent (keys are ReportedBound, no way back) → handed over to
the connector → answered, perhaps in parts. See docs/how-to/exchange-with-microsoft.md.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, refuse
from core.tenancy import mar_scope
from licensing.connectors import connector_named
from licensing.connectors.base import Connector, ConnectorFailed
from licensing.locks import lock_builds, lock_keys, only_one
from licensing.models import Build, ComputerBuildReport, ExchangeException
from licensing.models.build import BuildState
from licensing.models.exchange import CbrState
from licensing.rules.key_states import RESEND_CODES, Hold, KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.services.exchange_answers import AnswerRefused, ImportedAnswers, import_answer_file
from licensing.services.exchange_prepare import prepare_reports
from licensing.services.exchange_send import Delivery, Outcome, deliver_reports, mark_sent, send_report

__all__ = [
    "AnswerRefused",
    "ExchangeRound",
    "ImportedAnswers",
    "Outcome",
    "close_exception",
    "deliver_reports",
    "import_answer_file",
    "mark_sent",
    "prepare_reports",
    "resend",
    "run_exchange",
    "send_report",
]
log = structlog.get_logger(__name__)

EXCHANGE = Actor.system("Exchange with Microsoft")
# A withdrawn report is written anew at once; keys taken back faster than this wait for the next beat.
MAX_ATTEMPTS = 3


class CannotResend(DomainError):
    """The build's answer does not allow it to be sent again."""


class NoteMissing(Invalid):
    """An exception is closed with a note that says what was done."""


class ExceptionClosed(DomainError):
    """Somebody closed the exception before."""


@dataclass(slots=True)
class ExchangeRound:
    """What one round did; ``is_ours`` is False when another process was at it."""

    is_ours: bool = True
    prepared: list[UUID] = field(default_factory=list)
    outcomes: list[Outcome] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)
    answers: list[ImportedAnswers] = field(default_factory=list)
    refused_files: list[str] = field(default_factory=list)


def run_exchange(*, at: datetime, by: Actor = EXCHANGE) -> ExchangeRound:
    """Do one round: prepare, send, hand over, take answers in. Opens its own transactions.

    Safe to run at any time and twice at once: the second run finds the first and does nothing.
    """
    done = ExchangeRound()
    with only_one("exchange") as is_ours:
        if not is_ours:
            done.is_ours = False
            return done
        for _attempt in range(MAX_ATTEMPTS):
            done.prepared += prepare_reports(at=at, by=by)
            outcomes = _send_prepared(at, by)
            done.outcomes += outcomes
            if Outcome.WITHDRAWN not in outcomes:
                break
        done.deliveries = deliver_reports(at=at, by=by)
        for name in _connectors_in_use():
            _take_answers(connector_named(name), done, at, by)
    return done


def _send_prepared(at: datetime, by: Actor) -> list[Outcome]:
    with mar_scope():
        waiting = list(
            ComputerBuildReport.objects.filter(state=CbrState.PREPARED)
            .order_by("number")
            .values_list("pk", flat=True)
        )
    outcomes = []
    for report_id in waiting:
        with mar_scope():
            outcomes.append(send_report(report_id, at=at, by=by))
    return outcomes


def _connectors_in_use() -> list[str]:
    """Return the set connector, and others that still owe answers since the setting was changed."""
    with mar_scope():
        owing = ComputerBuildReport.objects.filter(state__in=[CbrState.SENT, CbrState.PARTLY_ANSWERED])
        names = set(owing.order_by().values_list("connector", flat=True).distinct())
    return sorted(names | {settings.EXCHANGE_CONNECTOR})


def _take_answers(connector: Connector, done: ExchangeRound, at: datetime, by: Actor) -> None:
    try:
        for file_name, data in connector.fetch_answers(at):
            _take_answer(connector, file_name, data, done, at, by)
    except (ConnectorFailed, OSError) as error:
        # The next beat tries again; the page shows how the connector stands.
        log.error("exchange.fetch_failed", connector=connector.name, error=str(error))


def _take_answer(
    connector: Connector, file_name: str, data: bytes, done: ExchangeRound, at: datetime, by: Actor
) -> None:
    try:
        with mar_scope():
            done.answers.append(import_answer_file(data, file_name=file_name, by=by, at=at))
    except AnswerRefused as refused:
        done.refused_files.append(file_name)
        with mar_scope():
            audit.record(
                "licensing.answers.refused",
                by=by,
                at=at,
                object_type="ack_file",
                facts={"file": mask_keys(file_name)[-200:], "code": refused.code},
            )
        connector.refuse(file_name, refused.refusals[0].what)
    else:
        # Only now: a fall in between offers the same file again, which changes nothing.
        connector.acknowledge(file_name)


@transaction.atomic
def resend(build_id: UUID, *, by: Actor, at: datetime) -> None:
    """Put a denied build back among those to be reported; the next round sends it again.

    The key stays ActivationDenied until then. Only after 01 (duplicate: same machine, a harmless repeat)
    and 08 (a name Microsoft did not know) can another try end better.

    :raises NotFound: for an unknown build.
    :raises CannotResend: after any other answer, or when the key is held.
    """
    key_id = Build.objects.filter(pk=build_id).values_list("key_id", flat=True).first()
    if key_id is None:
        raise NotFound(_("There is no such build."))
    lock_keys([key_id])
    lock_builds([build_id])
    build = Build.objects.select_related("key").get(pk=build_id)
    is_denied = build.state == BuildState.DENIED and build.key.state == KeyState.ACTIVATION_DENIED
    is_held = build.key.hold in (Hold.LOST_OR_STOLEN, Hold.DISPUTED)
    if not is_denied or is_held or build.ack_code not in RESEND_CODES:
        raise CannotResend(_cannot_resend(build))
    build.state = BuildState.READY
    build.save(update_fields=["state"])
    audit.record(
        "licensing.build.resent",
        by=by,
        at=at,
        object_type="build",
        object_id=build.id,
        partner_id=build.partner_id,
        facts={"after": build.ack_code},
    )


@transaction.atomic
def close_exception(exception_id: UUID, *, note: str, by: Actor, at: datetime) -> None:
    """Close an exception with a note.

    :raises NotFound: for an unknown exception.
    :raises NoteMissing: without a note.
    :raises ExceptionClosed: when it is closed already.
    """
    found = ExchangeException.objects.select_for_update().filter(pk=exception_id).first()
    if found is None:
        raise NotFound(_("There is no such exception."))
    if found.closed_at is not None:
        raise ExceptionClosed(_already_closed(found))
    if not note.strip():
        raise NoteMissing(_note_missing())
    found.closed_at, found.closed_by, found.closing_note = at, by.label[:200], mask_keys(note.strip())[:300]
    found.save(update_fields=["closed_at", "closed_by", "closing_note"])
    audit.record(
        "licensing.exception.closed",
        by=by,
        at=at,
        object_type="exchange_exception",
        object_id=found.id,
        facts={"kind": found.kind, "code": found.code},
    )


def _cannot_resend(build: Build) -> Any:
    return refuse(
        "cannot_resend",
        _("This build cannot be sent again."),
        rule="EXC-30",
        facts={
            _("Answer"): build.ack_code or _("none"),
            _("Key"): KeyState(build.key.state).microsoft_name,
            _("Hold"): build.key.get_hold_display(),
        },
        next_step=_("Only answers 01 and 08 allow another try. Otherwise give the PC another key."),
        lifted_by=_("Nobody: Microsoft has decided"),
    )


def _note_missing() -> Any:
    return refuse(
        "note_missing",
        _("Say in a few words what was found and done."),
        rule="EXC-31",
        next_step=_("Write a note, then close."),
        lifted_by=_("You"),
    )


def _already_closed(found: ExchangeException) -> Any:
    return refuse(
        "exception_closed",
        _("This exception is closed already."),
        rule="EXC-32",
        facts={_("Closed by"): found.closed_by, _("Note"): found.closing_note},
        next_step=_("Nothing to do."),
        lifted_by=_("–"),
    )
