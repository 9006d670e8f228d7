"""A month's report: frozen from the ledger, balanced, rendered, the same after any interruption."""

import threading
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from uuid import UUID

import pytest
from django.core.files.storage import default_storage
from django.db import IntegrityError, connection

from core.actor import Actor
from core.models import AuditEvent, OutboxItem
from core.periods import Period
from core.tenancy import mar_scope
from licensing.models import Product
from reporting.models import ReportDeviceLine, ReportFile, ReportLine, ReportState, UsageReport
from reporting.services import building
from reporting.services.building import ReportBusy, begin_report, build_usage_report
from reporting.services.workflow import request_correction
from tests.databases import owner_connection
from tests.factories import make_mar, make_partner, make_product, make_stock
from tests.reporting import world

BY = Actor.system("test")
OCTOBER = Period(2026, 10)
DAY = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)
CLOSED = datetime(2026, 11, 1, 0, 30, tzinfo=UTC)


def _october() -> UUID:
    """Fill October: one enabled, one denied, one unreported, one recalled key; begin its report."""
    make_mar()
    partner, product = make_partner(), make_product()
    keys = make_stock(product, 6, at=DAY - timedelta(days=40))
    world.order(partner, keys[:4], DAY)
    world.enable(keys[0], handed_at=DAY, sent_at=DAY, answered_at=DAY + timedelta(hours=2))
    world.enable(keys[1], handed_at=DAY, sent_at=DAY, answered_at=DAY + timedelta(hours=2), code="05")
    world.hand_over(keys[2], DAY)
    with mar_scope():
        report_id = begin_report(OCTOBER, by=BY, at=CLOSED)
    assert report_id is not None
    return report_id


def _checksums(report_id: UUID) -> dict[str, str]:
    with mar_scope():
        return dict(ReportFile.objects.filter(report_id=report_id).values_list("kind", "sha256"))


def _report(report_id: UUID) -> UsageReport:
    with mar_scope():
        return UsageReport.objects.get(pk=report_id)


def test_month_with_every_kind_of_step_becomes_a_draft_with_four_files(cloned_db: str) -> None:
    report_id = _october()
    build_usage_report(report_id=report_id, by=BY, at=CLOSED)
    report = _report(report_id)
    assert (report.state, report.problem, report.device_rows) == ("draft", "", 2)
    with mar_scope():
        files = {file.kind: file for file in ReportFile.objects.filter(report=report)}
        kinds = set(ReportLine.objects.filter(report=report).values_list("kind", flat=True))
        devices = list(ReportDeviceLine.objects.filter(report=report).values_list("key_state", "ack_code"))
    assert set(files) == {"report", "devices", "summary", "manifest"}
    assert kinds == {"stock", "received", "ack", "partner", "denied", "unreported", "trend"}
    assert sorted(devices) == [("ActivationDenied", "05"), ("ActivationEnabled", "00")]
    assert files["report"].name == "UR-2026-10-DRAFT.pdf"
    with default_storage.open(files["report"].path, "rb") as pdf:
        assert pdf.read(5) == b"%PDF-"


def test_worker_killed_after_the_freeze_leaves_work_that_ends_in_the_same_bytes(cloned_db: str) -> None:
    report_id = _october()

    class Killed(BaseException):
        pass

    with patch.object(building, "store_documents", side_effect=Killed), pytest.raises(Killed):
        build_usage_report(report_id=report_id, by=BY, at=CLOSED)
    assert _report(report_id).state == ReportState.BUILDING
    frozen_at = _report(report_id).frozen_at
    build_usage_report(report_id=report_id, by=BY, at=CLOSED + timedelta(hours=3))
    first = _checksums(report_id)
    assert _report(report_id).frozen_at == frozen_at
    from reporting.services.documents import make_documents

    with make_documents(report_id, is_draft=True) as made:
        again = {file.kind: file.sha256 for file in made}
    assert again == first


def test_claim_of_a_living_worker_is_respected_and_a_stale_one_taken_over(cloned_db: str) -> None:
    report_id = _october()
    with mar_scope():
        UsageReport.objects.filter(pk=report_id).update(claimed_at=CLOSED)
    with pytest.raises(ReportBusy):
        build_usage_report(report_id=report_id, by=BY, at=CLOSED + timedelta(minutes=14))
    build_usage_report(report_id=report_id, by=BY, at=CLOSED + timedelta(minutes=16))
    assert _report(report_id).state == ReportState.DRAFT


def test_two_workers_at_once_build_one_report(cloned_db: str) -> None:
    report_id = _october()
    outcomes: list[str] = []

    def work() -> None:
        try:
            build_usage_report(report_id=report_id, by=BY, at=CLOSED)
            outcomes.append("built")
        except ReportBusy:
            outcomes.append("busy")
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["built", "busy"]
    with mar_scope():
        assert ReportFile.objects.filter(report_id=report_id).count() == 4
        assert AuditEvent.objects.filter(action="reporting.report.built").count() == 1


def test_month_that_does_not_balance_freezes_nothing_and_says_why(cloned_db: str) -> None:
    report_id = _october()
    with owner_connection(cloned_db) as owner, owner.cursor() as cursor:
        cursor.execute("UPDATE licensing_fulfilment SET quantity = quantity + 1")
    build_usage_report(report_id=report_id, by=BY, at=CLOSED)
    report = _report(report_id)
    assert (report.state, report.frozen_at) == ("building", None)
    assert "expected 7, found 6" in report.problem
    with mar_scope():
        assert ReportLine.objects.count() == 0
        assert ReportDeviceLine.objects.count() == 0
        assert AuditEvent.objects.filter(action="reporting.report.not_built").count() == 1


def test_problem_is_repaired_and_the_report_built_again(cloned_db: str) -> None:
    report_id = _october()
    with owner_connection(cloned_db) as owner, owner.cursor() as cursor:
        cursor.execute("UPDATE licensing_fulfilment SET quantity = quantity + 1")
        build_usage_report(report_id=report_id, by=BY, at=CLOSED)
        cursor.execute("UPDATE licensing_fulfilment SET quantity = quantity - 1")
    with mar_scope():
        building.build_again(report_id=report_id, by=BY, at=CLOSED)
        assert OutboxItem.objects.filter(task="reporting.build_report").count() == 2
    build_usage_report(report_id=report_id, by=BY, at=CLOSED)
    assert _report(report_id).state == ReportState.DRAFT


def test_steps_after_the_cut_off_and_todays_states_change_nothing(cloned_db: str) -> None:
    report_id = _october()
    build_usage_report(report_id=report_id, by=BY, at=CLOSED)
    with mar_scope():
        before = list(ReportLine.objects.order_by("kind", "position").values_list("kind", "facts"))
    with owner_connection(cloned_db) as owner, owner.cursor() as cursor:
        for table in ("reporting_reportline", "reporting_reportdeviceline", "reporting_reportfile"):
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only_rows")
            cursor.execute(f"DELETE FROM {table}")
        cursor.execute("ALTER TABLE reporting_usagereport DISABLE TRIGGER report_stays_as_frozen")
        cursor.execute(
            "UPDATE reporting_usagereport SET state = 'building', frozen_at = NULL, claimed_at = NULL, header = '{}'"
        )
        cursor.execute("ALTER TABLE reporting_usagereport ENABLE TRIGGER report_stays_as_frozen")
    _move_on_in_november()
    build_usage_report(report_id=report_id, by=BY, at=CLOSED)
    with mar_scope():
        after = list(ReportLine.objects.order_by("kind", "position").values_list("kind", "facts"))
    assert after == before


def _move_on_in_november() -> None:
    from licensing.models import ProductKey

    with mar_scope():
        key = ProductKey.objects.filter(state=12).get()
        device = key.hand_over.device
    november = datetime(2026, 11, 5, tzinfo=UTC)
    build = world.bind(key, device, november)
    world.answer(world.send([build], november), key, "00", november)
    make_stock(key.product, 3, at=november)


def test_month_that_does_not_open_with_what_the_one_before_closed_with_is_not_frozen(cloned_db: str) -> None:
    """A step stamped in October but committed after October's report was frozen."""
    october, november = _october(), Period(2026, 11)
    closed = datetime(2026, 12, 1, 0, 30, tzinfo=UTC)
    build_usage_report(report_id=october, by=BY, at=CLOSED)
    make_stock(_product(), 2, at=DAY)
    with mar_scope():
        report_id = begin_report(november, by=BY, at=closed)
    assert report_id is not None
    build_usage_report(report_id=report_id, by=BY, at=closed)
    report = _report(report_id)
    assert (report.state, report.frozen_at) == ("building", None)
    assert "Fulfilled: carried_over: expected 2, found 4" in report.problem

    with mar_scope():
        corrected = request_correction(report_id=october, reason="Two keys came late.", by=BY, at=closed)
    build_usage_report(report_id=corrected, by=BY, at=closed)
    with mar_scope():
        building.build_again(report_id=report_id, by=BY, at=closed)
    build_usage_report(report_id=report_id, by=BY, at=closed)
    assert (_report(corrected).state, _report(report_id).state) == ("draft", "draft")


def _product() -> Product:
    with mar_scope():
        return Product.objects.get()


@pytest.mark.parametrize(
    "change",
    [
        "header = jsonb_set(header, '{mar_name}', '\"Other\"')",
        "device_rows = device_rows + 1",
        "frozen_at = now()",
        "period = '2026-09'",
        "state = 'issued'",
    ],
)
def test_frozen_report_refuses_an_update(cloned_db: str, change: str) -> None:
    report_id = _october()
    build_usage_report(report_id=report_id, by=BY, at=CLOSED)
    before = _report(report_id)
    with pytest.raises(IntegrityError), mar_scope(), connection.cursor() as cursor:
        cursor.execute(f"UPDATE reporting_usagereport SET {change} WHERE id = %s", [report_id])
    after = _report(report_id)
    assert (after.header, after.device_rows, after.state) == (before.header, before.device_rows, before.state)


def test_files_hold_no_full_product_key(cloned_db: str, monkeypatch: Any) -> None:
    from reporting.rules.key_pattern import contains_key

    report_id = _october()
    build_usage_report(report_id=report_id, by=BY, at=CLOSED)
    with mar_scope():
        paths = list(ReportFile.objects.exclude(kind="report").values_list("path", flat=True))
    for path in paths:
        with default_storage.open(path, "rb") as stored:
            assert not contains_key(stored.read().decode())


def test_text_shaped_like_a_key_stops_the_freeze_and_can_be_put_right(cloned_db: str) -> None:
    from licensing.models import Device

    report_id = _october()
    with mar_scope():
        Device.objects.update(wipe_certificate_no="BCDFG-HJKMP-QRTVW-XY234-6789B")
    build_usage_report(report_id=report_id, by=BY, at=CLOSED)
    report = _report(report_id)
    assert (report.state, report.frozen_at) == (ReportState.BUILDING, None)
    assert "device line" in report.problem
    assert "BCDFG" not in report.problem
    with mar_scope():
        assert not ReportDeviceLine.objects.filter(report=report).exists()
        assert not ReportLine.objects.filter(report=report).exists()
        Device.objects.update(wipe_certificate_no="")
    build_usage_report(report_id=report_id, by=BY, at=CLOSED + timedelta(hours=1))
    assert _report(report_id).state == ReportState.DRAFT
