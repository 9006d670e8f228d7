"""The month's tasks and command as the worker and a person run them."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from core.models import OutboxItem
from core.tenancy import mar_scope
from reporting import tasks
from reporting.models import ReportFile, UsageReport
from reporting.renderers.pdf import RenderedPdf
from reporting.services import documents
from reporting.services.building import ReportBusy
from tests.factories import make_mar, make_partner, make_product, make_stock
from tests.reporting import world

DAY = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)


@pytest.fixture(autouse=True)
def october(cloned_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Fill October; the PDF is a stand-in."""
    monkeypatch.setattr(documents, "render_usage_report", lambda report, **_: RenderedPdf(b"%PDF-1.7", 1, ()))
    monkeypatch.setattr("core.queue.nudge", lambda *_arguments: None)
    make_mar()
    keys = make_stock(make_product(), 2, at=DAY)
    world.order(make_partner(), keys, DAY)
    world.enable(keys[0], handed_at=DAY, sent_at=DAY, answered_at=DAY + timedelta(hours=2))


def _items() -> list[OutboxItem]:
    with mar_scope():
        return list(OutboxItem.objects.filter(task="reporting.build_report").order_by("created_at"))


def test_reconciler_and_builder_leave_a_draft_however_often_they_are_delivered() -> None:
    assert tasks.reconcile_months() >= 1
    assert tasks.reconcile_months() == 0
    for item in _items():
        for _ in range(3):
            tasks.build_report(item_id=str(item.pk), **item.arguments)
    assert all(item.done_at and item.attempts == 1 for item in _items())
    with mar_scope():
        assert set(UsageReport.objects.values_list("state", flat=True)) == {"draft"}
        assert ReportFile.objects.count() == 4 * UsageReport.objects.count()


def test_builder_that_meets_a_rival_leaves_its_work_open() -> None:
    tasks.reconcile_months()
    item = _items()[0]
    with mar_scope():
        UsageReport.objects.update(claimed_at=timezone.now())
    with pytest.raises(ReportBusy):
        tasks.build_report(item_id=str(item.pk), **item.arguments)
    (again,) = [each for each in _items() if each.pk == item.pk]
    assert (again.done_at, again.last_error) == (None, "ReportBusy")


def test_issue_and_compare_do_nothing_for_a_report_that_is_not_there_yet() -> None:
    tasks.reconcile_months()
    arguments = _items()[0].arguments
    tasks.issue_report(**arguments)
    tasks.compare_report(**arguments)
    with mar_scope():
        assert set(UsageReport.objects.values_list("state", flat=True)) == {"building"}


def test_command_builds_a_month_and_compares(capsys: Any) -> None:
    call_command("build_report", "2026-10", "--verify")
    out = capsys.readouterr().out
    assert out.startswith("UR-2026-10: Draft, 1 devices")
    assert out.count("equal") == 4
    call_command("build_report", "2026-10")
    with mar_scope():
        assert UsageReport.objects.count() == 1


@pytest.mark.parametrize(("month", "words"), [("2999-01", "not closed yet"), ("October", "Not a month")])
def test_command_refuses_a_month_it_cannot_build(month: str, words: str) -> None:
    with pytest.raises(CommandError, match=words):
        call_command("build_report", month)
    with mar_scope():
        assert UsageReport.objects.count() == 0
