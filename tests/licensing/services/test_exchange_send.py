"""Sending: decided once, handed over until noted, never with a key that was taken back."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from core.actor import Actor
from core.errors import NotFound
from core.tenancy import mar_scope, partner_scope
from licensing.connectors.base import ConnectorFailed
from licensing.connectors.file_exchange import FileExchange
from licensing.models import Build, CbrLine, ComputerBuildReport, LedgerEntry, ProductKey
from licensing.rules.key_states import KeyState
from licensing.services.builds import BuildRefused, revert_build
from licensing.services.custody import KeyCannotMove, Step, move_keys
from licensing.services.exchange import run_exchange
from licensing.services.exchange_prepare import prepare_reports
from licensing.services.exchange_send import (
    Outcome,
    ReportWithdrawn,
    deliver_reports,
    mark_sent,
    send_report,
)
from tests.factories import AT, make_mar
from tests.factories.exchange import make_builds

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture
def outbox(settings: Any, tmp_path: Path) -> Path:
    settings.EXCHANGE_CONNECTOR, settings.EXCHANGE_DIR = "file", tmp_path
    return tmp_path / "outbox"


def _prepared(quantity: int = 2) -> tuple[UUID, list[Build]]:
    make_mar()
    builds = make_builds(quantity)
    (report_id,) = prepare_reports(at=AT, by=BY)
    return report_id, builds


def _send(report_id: UUID) -> Outcome:
    with mar_scope():
        return send_report(report_id, at=AT, by=BY)


def _report(report_id: UUID) -> ComputerBuildReport:
    with mar_scope():
        return ComputerBuildReport.objects.get(pk=report_id)


def test_sent_report_moves_keys_and_builds_with_one_ledger_row_each() -> None:
    report_id, builds = _prepared()
    assert _send(report_id) is Outcome.SENT
    with mar_scope():
        assert set(Build.objects.values_list("state", "sent_at")) == {("sent", AT)}
        assert set(ProductKey.objects.values_list("state", flat=True)) == {KeyState.REPORTED_BOUND}
        rows = LedgerEntry.objects.filter(reason="cbr.sent").order_by("key_id")
        assert list(rows.values_list("key_id", "from_state", "to_state", "object_id")) == [
            (build.key_id, 3, 7, str(report_id)) for build in builds
        ]
    report = _report(report_id)
    assert (report.state, report.sent_at, report.delivered_at) == ("sent", AT, None)


def test_sending_twice_changes_nothing() -> None:
    report_id, builds = _prepared()
    _send(report_id)
    assert _send(report_id) is Outcome.SENT_BEFORE
    with mar_scope():
        assert LedgerEntry.objects.filter(reason="cbr.sent").count() == len(builds)


@pytest.mark.parametrize("change", ["hold", "return", "revert"])
def test_report_that_lost_a_key_is_withdrawn_and_written_anew(change: str, outbox: Path) -> None:
    report_id, (lost, kept) = _prepared()
    _take_away(lost, change)
    assert _send(report_id) is Outcome.WITHDRAWN
    withdrawn = _report(report_id)
    assert (withdrawn.state, withdrawn.sent_at) == ("withdrawn", None)
    assert "1 of 2" in withdrawn.refusal
    done = run_exchange(at=AT, by=BY)
    (new_id,) = done.prepared
    assert new_id != report_id
    with mar_scope():
        assert list(CbrLine.objects.values_list("report_id", "build_id")) == [(new_id, kept.pk)]
        assert Build.objects.get(pk=kept.pk).state == "sent"
    assert [file.name for file in outbox.iterdir()] == [f"cbr-{new_id}.xml"]
    assert lost.key.product_key_id not in (outbox / f"cbr-{new_id}.xml").read_text()


def _take_away(build: Build, change: str) -> None:
    if change == "revert":
        with partner_scope(build.partner_id):
            revert_build(partner_id=build.partner_id, build_id=build.pk, reason="wrong PC", by=BY, at=AT)
        return
    with mar_scope():
        if change == "hold":
            ProductKey.objects.filter(pk=build.key_id).update(hold="lost_or_stolen")
        else:
            move_keys([build.key_id], to=KeyState.REPORTED_RETURN, step=Step("test", "", BY, AT))


def test_sent_build_cannot_be_taken_back() -> None:
    report_id, (build, _other) = _prepared()
    _send(report_id)
    with partner_scope(build.partner_id), pytest.raises(BuildRefused):
        revert_build(partner_id=build.partner_id, build_id=build.pk, reason="late", by=BY, at=AT)
    with mar_scope(), pytest.raises(KeyCannotMove):
        move_keys([build.key_id], to=KeyState.RETRIEVED, step=Step("test", "", BY, AT))


def test_failed_hand_over_is_noted_and_tried_again(outbox: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report_id, _builds = _prepared()
    _send(report_id)

    def fail(self: FileExchange, *_args: Any) -> None:
        raise ConnectorFailed("No space left on device: outbox")

    with monkeypatch.context() as patch:
        patch.setattr(FileExchange, "send", fail)
        (delivery,) = deliver_reports(at=AT, by=BY)
    assert delivery.problem == "No space left on device: outbox"
    assert (_report(report_id).refusal, _report(report_id).delivered_at) == (delivery.problem, None)
    deliver_reports(at=AT + timedelta(minutes=1), by=BY)
    report = _report(report_id)
    assert (report.refusal, report.delivered_at) == ("", AT + timedelta(minutes=1))
    assert report.receipt == f"outbox/cbr-{report_id}.xml"
    assert deliver_reports(at=AT, by=BY) == []


def test_changed_file_is_never_handed_over(outbox: Path) -> None:
    report_id, _builds = _prepared()
    _send(report_id)
    from django.core.files.storage import default_storage

    Path(default_storage.path(_report(report_id).file_path)).write_bytes(b"<Other/>")
    (delivery,) = deliver_reports(at=AT, by=BY)
    assert "has changed" in delivery.problem
    assert not outbox.exists()


def test_fall_between_hand_over_and_commit_sends_the_same_file_again(
    outbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report_id, builds = _prepared()
    _send(report_id)
    real_send = FileExchange.send

    def send_and_fall(self: FileExchange, *args: Any) -> None:
        real_send(self, *args)
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(FileExchange, "send", send_and_fall)
        with pytest.raises(KeyboardInterrupt):
            deliver_reports(at=AT, by=BY)
    (file,) = outbox.iterdir()
    first = file.read_bytes()
    run_exchange(at=AT + timedelta(minutes=1), by=BY)
    (again,) = outbox.iterdir()
    assert (again.name, again.read_bytes()) == (file.name, first)
    with mar_scope():
        assert ComputerBuildReport.objects.count() == 1
        assert LedgerEntry.objects.filter(reason="cbr.sent").count() == len(builds)


def test_marked_by_hand_decides_and_notes_the_person(outbox: Path) -> None:
    report_id, _builds = _prepared()
    with mar_scope():
        mark_sent(report_id, at=AT, by=BY)
        mark_sent(report_id, at=AT + timedelta(hours=1), by=BY)
    report = _report(report_id)
    assert (report.state, report.delivered_at, report.receipt) == ("sent", AT, "By hand")
    assert deliver_reports(at=AT, by=BY) == []


def test_mark_of_a_report_that_lost_a_key_is_refused_and_changes_nothing(outbox: Path) -> None:
    report_id, (lost, _kept) = _prepared()
    _take_away(lost, "hold")
    with mar_scope(), pytest.raises(ReportWithdrawn):
        mark_sent(report_id, at=AT, by=BY)
    assert _report(report_id).state == "prepared"


def test_unknown_report_is_not_found() -> None:
    with mar_scope(), pytest.raises(NotFound):
        send_report(uuid4(), at=AT, by=BY)
