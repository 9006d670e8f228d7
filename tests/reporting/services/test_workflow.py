"""Review, approval by a second person, issue, submission, answer, correction, comparison."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection, transaction

from core.actor import Actor
from core.errors import Invalid
from core.models import AuditEvent, OutboxItem
from core.periods import Period
from core.tenancy import mar_scope
from licensing.models import Device
from reporting.models import ReportFile, ReportLine, UsageReport
from reporting.services import comparing, workflow
from reporting.services.building import begin_report, build_usage_report
from reporting.services.issuing import issue_report
from reporting.services.states import ReportCannotMove
from tests.databases import owner_connection
from tests.factories import actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.reporting import world

pytestmark = pytest.mark.usefixtures("quick_pdf")
BY = Actor.system("test")
DAY = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)
CLOSED = datetime(2026, 11, 1, 0, 30, tzinfo=UTC)
NEXT_DAY = CLOSED + timedelta(days=1)


@pytest.fixture
def report_id(cloned_db: str) -> UUID:
    """Return the draft of October."""
    make_mar()
    keys = make_stock(make_product(), 4, at=DAY - timedelta(days=40))
    world.order(make_partner(code="TPR-A"), keys[:2], DAY)
    world.enable(keys[0], handed_at=DAY, sent_at=DAY, answered_at=DAY + timedelta(hours=2))
    world.hand_over(keys[1], DAY)
    with mar_scope():
        begun = begin_report(Period(2026, 10), by=BY, at=CLOSED)
    assert begun is not None
    build_usage_report(report_id=begun, by=BY, at=CLOSED)
    return begun


def _state(report_id: UUID) -> str:
    with mar_scope():
        return UsageReport.objects.get(pk=report_id).state


def _issue(report_id: UUID) -> None:
    with mar_scope():
        workflow.review_report(
            report_id=report_id, note="", by=actor_for(make_member("compliance", name="Clara")), at=NEXT_DAY
        )
        workflow.approve_report(
            report_id=report_id, by=actor_for(make_member("mar_approver", name="Anton")), at=NEXT_DAY
        )
    issue_report(report_id=report_id, by=BY, at=NEXT_DAY)


def test_two_people_bring_a_draft_to_its_issue_and_microsoft_answers(report_id: UUID) -> None:
    _issue(report_id)
    assert _state(report_id) == "issued"
    with mar_scope():
        report = UsageReport.objects.get(pk=report_id)
        final = {file.kind: file for file in ReportFile.objects.filter(report=report, is_draft=False)}
        drafts = {file.kind: file for file in ReportFile.objects.filter(report=report, is_draft=True)}
        workflow.record_submission(report_id=report_id, reference="MS-77", by=BY, at=NEXT_DAY)
        workflow.record_answer(report_id=report_id, is_accepted=True, by=BY, at=NEXT_DAY)
        actions = list(AuditEvent.objects.order_by("id").values_list("action", flat=True))
    assert final["devices"].sha256 == drafts["devices"].sha256
    assert final["devices"].name == "UR-2026-10-devices.csv"
    with default_storage.open(final["report"].path, "rb") as pdf:
        assert b"Clara Anton" in pdf.read()
    assert _state(report_id) == "accepted"
    assert [action for action in actions if action.startswith("reporting.")] == [
        f"reporting.report.{act}"
        for act in ("begun", "frozen", "built", "reviewed", "approved", "issued", "submitted", "accepted")
    ]


def test_reviewer_cannot_approve_his_own_review(report_id: UUID) -> None:
    clara = actor_for(make_member("compliance"))
    with mar_scope():
        workflow.review_report(report_id=report_id, note="", by=clara, at=NEXT_DAY)
    with pytest.raises(workflow.SecondPersonNeeded), mar_scope():
        workflow.approve_report(report_id=report_id, by=clara, at=NEXT_DAY)
    assert _state(report_id) == "reviewed"


def test_database_refuses_one_person_in_both_roles(report_id: UUID) -> None:
    clara = make_member("compliance")
    with (
        mar_scope(),
        pytest.raises(IntegrityError, match="report_two_different_people"),
        transaction.atomic(),
    ):
        UsageReport.objects.filter(pk=report_id).update(reviewed_by=clara, approved_by=clara)
    with mar_scope():
        UsageReport.objects.filter(pk=report_id).update(state="reviewed")
    with mar_scope(), pytest.raises(IntegrityError, match="report_issue_needs_two"), transaction.atomic():
        UsageReport.objects.filter(pk=report_id).update(state="approved")


def test_portal_itself_cannot_review(report_id: UUID) -> None:
    with pytest.raises(ReportCannotMove), mar_scope():
        workflow.review_report(report_id=report_id, note="", by=BY, at=NEXT_DAY)
    assert _state(report_id) == "draft"


def test_steps_out_of_order_are_refused_and_change_nothing(report_id: UUID) -> None:
    approver = actor_for(make_member("mar_approver"))
    for step in (
        lambda: workflow.approve_report(report_id=report_id, by=approver, at=NEXT_DAY),
        lambda: workflow.record_submission(report_id=report_id, reference="x", by=BY, at=NEXT_DAY),
        lambda: workflow.record_answer(report_id=report_id, is_accepted=True, by=BY, at=NEXT_DAY),
    ):
        with pytest.raises(ReportCannotMove), mar_scope():
            step()
    assert _state(report_id) == "draft"
    issue_report(report_id=report_id, by=BY, at=NEXT_DAY)
    assert _state(report_id) == "draft"


def test_issuing_twice_makes_one_set_of_final_files(report_id: UUID) -> None:
    _issue(report_id)
    issue_report(report_id=report_id, by=BY, at=NEXT_DAY + timedelta(hours=1))
    with mar_scope():
        assert ReportFile.objects.filter(report_id=report_id, is_draft=False).count() == 4
        assert AuditEvent.objects.filter(action="reporting.report.issued").count() == 1


def test_approver_with_the_reviewers_name_is_told_apart(report_id: UUID) -> None:
    with mar_scope():
        workflow.review_report(
            report_id=report_id, note="", by=actor_for(make_member("compliance", name="Kim Lee")), at=NEXT_DAY
        )
        second = make_member("mar_approver", name="Kim Lee", email="kim2@example.test")
        workflow.approve_report(report_id=report_id, by=actor_for(second), at=NEXT_DAY)
    issue_report(report_id=report_id, by=BY, at=NEXT_DAY)
    with mar_scope():
        assert UsageReport.objects.get(pk=report_id).header["approved_by"] == "Kim Lee <kim2@example.test>"


def _correct(report_id: UUID, reason: str = "A sale was entered late.") -> UUID:
    with mar_scope():
        correction = workflow.request_correction(
            report_id=report_id, reason=reason, by=actor_for(make_member("compliance")), at=NEXT_DAY
        )
    build_usage_report(report_id=correction, by=BY, at=NEXT_DAY)
    return correction


def _delta(report_id: UUID) -> list[dict[str, Any]]:
    with mar_scope():
        return list(
            ReportLine.objects.filter(report_id=report_id, kind="delta").values_list("facts", flat=True)
        )


def test_correction_points_back_shows_late_facts_and_supersedes_when_issued(report_id: UUID) -> None:
    _issue(report_id)
    with mar_scope():
        Device.objects.filter(hand_overs__key__state=9).update(sold_on="2026-10-20")
    correction = _correct(report_id)
    with mar_scope():
        report = UsageReport.objects.get(pk=correction)
        pdf = ReportFile.objects.get(report_id=report_id, kind="report", is_draft=False)
    assert (report.number, report.revision, report.previous_id) == ("UR-2026-10-R2", 2, report_id)
    assert report.header["previous_sha256"] == pdf.sha256
    assert [(line["field"], line["before"], line["after"], line["cause"]) for line in _delta(correction)] == [
        ("sold_on", "–", "2026-10-20", "Entered after the earlier report was frozen")
    ]
    assert _state(report_id) == "issued"
    _issue(correction)
    assert (_state(report_id), _state(correction)) == ("superseded", "issued")


def test_correction_shows_ledger_steps_that_were_committed_late(report_id: UUID) -> None:
    _issue(report_id)
    make_stock(make_product(code="LATE"), 3, at=datetime(2026, 10, 31, 22, 59, tzinfo=UTC))
    delta = {(line["subject"], line["field"]): line for line in _delta(_correct(report_id))}
    entries = delta["LATE, Fulfilled", "entries"]
    assert (entries["before"], entries["after"]) == ("–", "3")
    assert entries["cause"].startswith("3 ledger steps before the month's end were committed after")


def test_correction_needs_a_reason_and_comes_once(report_id: UUID) -> None:
    _issue(report_id)
    clara = actor_for(make_member("compliance"))
    with pytest.raises(Invalid), mar_scope():
        workflow.request_correction(report_id=report_id, reason="  ", by=clara, at=NEXT_DAY)
    _correct(report_id)
    with pytest.raises(workflow.CorrectionUnderway) as refused, mar_scope():
        workflow.request_correction(report_id=report_id, reason="again", by=clara, at=NEXT_DAY)
    assert refused.value.refusals[0].facts == {"correction": "UR-2026-10-R2"}


def test_draft_under_correction_can_no_longer_be_reviewed(report_id: UUID) -> None:
    _correct(report_id)
    with pytest.raises(workflow.CorrectionUnderway), mar_scope():
        workflow.review_report(
            report_id=report_id, note="", by=actor_for(make_member("compliance")), at=NEXT_DAY
        )


def _verdicts(outcome: dict[str, Any]) -> dict[str, str]:
    return {file["kind"]: file["verdict"] for file in outcome["files"]}


def test_recreated_files_equal_the_stored_ones(report_id: UUID) -> None:
    _issue(report_id)
    outcome = comparing.compare_report(report_id=report_id, by=BY, at=NEXT_DAY)
    assert set(_verdicts(outcome).values()) == {"equal"}
    assert (outcome["is_sound"], outcome["is_draft"]) == (True, False)
    with mar_scope():
        assert UsageReport.objects.get(pk=report_id).last_comparison == outcome


def test_draft_is_still_the_same_after_its_review(report_id: UUID) -> None:
    with mar_scope():
        workflow.review_report(
            report_id=report_id, note="", by=actor_for(make_member("compliance")), at=NEXT_DAY
        )
    assert comparing.compare_report(report_id=report_id, by=BY, at=NEXT_DAY)["is_sound"]


def test_changed_renderer_is_said_and_not_called_a_difference(
    report_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(comparing, "current_fingerprint", lambda: {"weasyprint": "99"})
    outcome = comparing.compare_report(report_id=report_id, by=BY, at=NEXT_DAY)
    assert _verdicts(outcome) == {
        "devices": "equal", "summary": "equal", "report": "renderer_changed", "manifest": "renderer_changed",
    }  # fmt: skip
    assert outcome["is_sound"]


def test_edited_frozen_line_and_damaged_file_are_told_apart(report_id: UUID, cloned_db: str) -> None:
    connection.close()
    with owner_connection(cloned_db) as owner, owner.cursor() as cursor:
        cursor.execute("ALTER TABLE reporting_reportdeviceline DISABLE TRIGGER USER")
        cursor.execute("UPDATE reporting_reportdeviceline SET device_serial = 'forged'")
    with mar_scope():
        default_storage.delete(ReportFile.objects.get(kind="summary").path)
    verdicts = _verdicts(comparing.compare_report(report_id=report_id, by=BY, at=NEXT_DAY))
    assert (verdicts["devices"], verdicts["summary"]) == ("different", "damaged")


def test_comparison_is_queued_with_who_asked(report_id: UUID) -> None:
    with mar_scope():
        comparing.queue_comparison(report_id=report_id, by=Actor.system("Clara"), at=NEXT_DAY)
        item = OutboxItem.objects.get(task="reporting.compare_report")
    assert item.arguments == {"report_id": str(report_id), "label": "Clara"}
