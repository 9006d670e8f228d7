"""The people's steps: review, approve, submit, record the answer, ask for a correction.

Each runs in the MAR's scope, holds the report's row, and leaves an audit row.
"""

from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext_lazy as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, refuse
from core.models import User
from reporting.locks import lock_report
from reporting.models import ReportState, UsageReport
from reporting.rules.numbering import report_number
from reporting.services.building import queue_build
from reporting.services.issuing import queue_issue
from reporting.services.states import CORRECTABLE, ReportCannotMove, require_step

NOTE_LENGTH = 500
REFERENCE_LENGTH = 80


class SecondPersonNeeded(DomainError):
    """The reviewer may not approve his own review."""


class CorrectionUnderway(DomainError):
    """A correction of this report exists already."""


@transaction.atomic
def review_report(*, report_id: UUID, note: str, by: Actor, at: datetime) -> None:
    """Record that compliance has looked at the draft.

    :raises ReportCannotMove: it is no draft.
    :raises CorrectionUnderway: a correction has begun.
    """
    report = lock_report(report_id)
    require_step(report, ReportState.REVIEWED)
    _refuse_when_corrected(report)
    report.state, report.reviewed_by_id, report.reviewed_at = ReportState.REVIEWED, _person(by), at
    report.review_note = note.strip()[:NOTE_LENGTH]
    report.header = report.header | {"reviewed_by": _name(by)}
    report.save(update_fields=["state", "reviewed_by", "reviewed_at", "review_note", "header"])
    _audit("reviewed", report, by=by, at=at, facts={"note": report.review_note})


@transaction.atomic
def approve_report(*, report_id: UUID, by: Actor, at: datetime) -> None:
    """Approve a reviewed report as another person than the reviewer; its final files are made next.

    :raises SecondPersonNeeded: the reviewer himself tries.
    :raises ReportCannotMove: it is not reviewed.
    :raises CorrectionUnderway: a correction has begun.
    """
    report = lock_report(report_id)
    require_step(report, ReportState.APPROVED)
    _refuse_when_corrected(report)
    if report.reviewed_by_id == _person(by):
        raise SecondPersonNeeded(_second_person(report))
    report.state, report.approved_by_id, report.approved_at = ReportState.APPROVED, _person(by), at
    name = _name(by)
    if name == report.header.get("reviewed_by"):
        name = f"{name} <{User.objects.get(pk=_person(by)).email}>"  # two people may share a name
    report.header = report.header | {"approved_by": name}
    report.save(update_fields=["state", "approved_by", "approved_at", "header"])
    _audit("approved", report, by=by, at=at)
    queue_issue(report.pk, at=at)


@transaction.atomic
def record_submission(*, report_id: UUID, reference: str, by: Actor, at: datetime) -> None:
    """Record that the issued report was sent to Microsoft, under Microsoft's reference when there is one.

    :raises ReportCannotMove: it is not issued.
    """
    report = lock_report(report_id)
    require_step(report, ReportState.SUBMITTED)
    report.state, report.submitted_at = ReportState.SUBMITTED, at
    report.microsoft_reference = reference.strip()[:REFERENCE_LENGTH]
    report.save(update_fields=["state", "submitted_at", "microsoft_reference"])
    _audit("submitted", report, by=by, at=at, facts={"reference": report.microsoft_reference})


@transaction.atomic
def record_answer(*, report_id: UUID, is_accepted: bool, by: Actor, at: datetime) -> None:
    """Record Microsoft's answer to a submitted report.

    :raises ReportCannotMove: it is not submitted.
    """
    report = lock_report(report_id)
    answer = ReportState.ACCEPTED if is_accepted else ReportState.REJECTED
    require_step(report, answer)
    report.state, report.answered_at = answer, at
    report.save(update_fields=["state", "answered_at"])
    _audit(answer.value, report, by=by, at=at)


@transaction.atomic
def request_correction(*, report_id: UUID, reason: str, by: Actor, at: datetime) -> UUID:
    """Begin the next revision of a report and return its id; the report itself stays as it is.

    :raises Invalid: without a reason.
    :raises CorrectionUnderway: there is one already.
    :raises ReportCannotMove: the report is being built or issued, or was replaced.
    """
    if not reason.strip():
        raise Invalid(_reason_missing())
    report = lock_report(report_id)
    _refuse_when_corrected(report)
    if report.state not in CORRECTABLE:
        require_step(report, ReportState.SUPERSEDED)
    correction = UsageReport.objects.create(
        pk=uuid4(),
        number=report_number(report.period, report.revision + 1),
        period=report.period,
        revision=report.revision + 1,
        previous=report,
        correction_reason=reason.strip()[:NOTE_LENGTH],
        state=ReportState.BUILDING,
        requested_at=at,
        requested_by=by.label[:200],
    )
    facts = {"reason": correction.correction_reason, "new": correction.number}
    _audit("correction_requested", report, by=by, at=at, facts=facts)
    queue_build(correction.pk, at=at)
    return correction.pk


def _person(by: Actor) -> UUID:
    if by.user_id is None:
        raise ReportCannotMove(
            refuse(
                "person_needed",
                _("Only a person can do this."),
                rule="REPORT-PEOPLE",
                next_step=_("Sign in."),
            )
        )
    return by.user_id


def _name(by: Actor) -> str:
    """Return the person's name as it is printed."""
    found = User.objects.filter(pk=by.user_id).values_list("name", flat=True).first() if by.user_id else None
    return (found or by.label)[:200]


def _refuse_when_corrected(report: UsageReport) -> None:
    correction = UsageReport.objects.filter(previous=report).first()
    if correction is not None:
        raise CorrectionUnderway(
            refuse(
                "correction_underway",
                _("A correction of this report has begun."),
                rule="REPORT-CORRECTION",
                facts={"correction": correction.number},
                next_step=_("Go on with the correction."),
            )
        )


def _second_person(report: UsageReport) -> Any:
    return refuse(
        "second_person_needed",
        _("You reviewed this report, so you cannot approve it."),
        rule="REPORT-FOUR-EYES",
        facts={"number": report.number},
        next_step=_("Ask another MAR approver to look at it and approve it."),
        lifted_by=_("Another MAR approver"),
    )


def _reason_missing() -> Any:
    return refuse(
        "reason_missing",
        _("A correction needs a reason."),
        rule="REPORT-CORRECTION",
        next_step=_("Write in one or two sentences what was wrong."),
    )


def _audit(
    act: str, report: UsageReport, *, by: Actor, at: datetime, facts: dict[str, Any] | None = None
) -> None:
    audit.record(
        f"reporting.report.{act}", by=by, at=at, object_type="report", object_id=report.pk,
        facts={"number": report.number, **(facts or {})},
    )  # fmt: skip
