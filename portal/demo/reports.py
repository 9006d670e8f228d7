"""Let the demo's people close the old months: review, approve, submit, as real ones would."""

from datetime import datetime, timedelta

from core.actor import Actor, ActorKind
from core.models import User
from core.queue import enqueue
from core.tenancy import mar_scope
from portal.demo_people import person_by_key
from reporting.models import ReportState, UsageReport
from reporting.services.workflow import approve_report, record_answer, record_submission, review_report

TASK = "portal.demo_close_months"
AGAIN_AFTER = timedelta(seconds=20)
# The latest closed months stay open for the visitor: one to review, one to submit.
LEFT_AS_DRAFT = 1
LEFT_AS_ISSUED = 1


def queue_closing(*, at: datetime) -> None:
    """Have the old months closed step by step as their files are made."""
    enqueue(TASK, at=at, due_at=at + AGAIN_AFTER)


def close_old_months(*, at: datetime) -> int:
    """Take each old month's report one step further; queue itself again until all are accepted."""
    with mar_scope():
        reports = list(UsageReport.objects.filter(revision=1).order_by("-period")[LEFT_AS_DRAFT:])
        moved = sum(
            _step(report, is_last=place < LEFT_AS_ISSUED, at=at) for place, report in enumerate(reports)
        )
        waiting = [
            report for place, report in enumerate(reports) if not _is_done(report, place < LEFT_AS_ISSUED)
        ]
        if waiting:
            queue_closing(at=at)
    return moved


def _is_done(report: UsageReport, is_last: bool) -> bool:
    report.refresh_from_db(fields=["state", "problem"])
    return bool(report.problem) or report.state == (ReportState.ISSUED if is_last else ReportState.ACCEPTED)


def _step(report: UsageReport, *, is_last: bool, at: datetime) -> bool:
    if report.state == ReportState.DRAFT:
        review_report(report_id=report.pk, note="Figures agree with the ledger.", by=_actor("carla"), at=at)
        approve_report(report_id=report.pk, by=_actor("jonas"), at=at)
    elif report.state == ReportState.ISSUED and not is_last:
        record_submission(
            report_id=report.pk, reference=f"MS-{report.period}-0417", by=_actor("carla"), at=at
        )
        record_answer(report_id=report.pk, is_accepted=True, by=_actor("carla"), at=at)
    else:
        return False
    return True


def _actor(key: str) -> Actor:
    person = person_by_key(key)
    if person is None:
        raise LookupError(key)
    user = User.objects.get(email=person.email)
    return Actor(ActorKind.USER, str(user.pk), user.name, user_id=user.pk, auth_strength="password+mfa")
