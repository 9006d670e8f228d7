"""Sending: decided once, handed over until noted, never with a key that was taken back."""

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection, transaction

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
    ReportBusy,
    ReportWithdrawn,
    deliver_reports,
    mark_sent,
    send_report,
)
from tests.factories import AT, make_mar
from tests.factories.exchange import make_builds

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


@pytest.mark.django_db
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


@pytest.mark.django_db
def test_sending_twice_changes_nothing() -> None:
    report_id, builds = _prepared()
    _send(report_id)
    assert _send(report_id) is Outcome.SENT_BEFORE
    with mar_scope():
        assert LedgerEntry.objects.filter(reason="cbr.sent").count() == len(builds)


@pytest.mark.django_db
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


@pytest.mark.django_db
def test_sent_build_cannot_be_taken_back() -> None:
    report_id, (build, _other) = _prepared()
    _send(report_id)
    with partner_scope(build.partner_id), pytest.raises(BuildRefused):
        revert_build(partner_id=build.partner_id, build_id=build.pk, reason="late", by=BY, at=AT)
    with mar_scope(), pytest.raises(KeyCannotMove):
        move_keys([build.key_id], to=KeyState.RETRIEVED, step=Step("test", "", BY, AT))


@pytest.mark.django_db
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


@pytest.mark.django_db
def test_changed_file_is_never_handed_over(outbox: Path) -> None:
    report_id, _builds = _prepared()
    _send(report_id)
    from django.core.files.storage import default_storage

    Path(default_storage.path(_report(report_id).file_path)).write_bytes(b"<Other/>")
    (delivery,) = deliver_reports(at=AT, by=BY)
    assert "has changed" in delivery.problem
    assert not outbox.exists()


@pytest.mark.django_db
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


@pytest.mark.django_db
def test_marked_by_hand_decides_and_notes_the_person() -> None:
    report_id, _builds = _prepared()
    with mar_scope():
        mark_sent(report_id, at=AT, by=BY)
        mark_sent(report_id, at=AT + timedelta(hours=1), by=BY)
    report = _report(report_id)
    assert (report.state, report.delivered_at, report.receipt) == ("sent", AT, "By hand")
    assert deliver_reports(at=AT, by=BY) == []


@pytest.mark.django_db
def test_mark_of_a_report_that_lost_a_key_is_refused_and_changes_nothing() -> None:
    report_id, (lost, _kept) = _prepared()
    _take_away(lost, "hold")
    with mar_scope(), pytest.raises(ReportWithdrawn):
        mark_sent(report_id, at=AT, by=BY)
    assert _report(report_id).state == "prepared"


@pytest.mark.django_db
def test_unknown_report_is_not_found() -> None:
    with mar_scope(), pytest.raises(NotFound):
        send_report(uuid4(), at=AT, by=BY)


def test_key_in_other_hands_makes_the_report_wait(cloned_db: str, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        report_id, (build, _other) = _prepared()
        held, release = threading.Event(), threading.Event()

        def hold_key() -> None:
            with mar_scope():
                ProductKey.objects.select_for_update().get(pk=build.key_id)
                held.set()
                release.wait(10)
            connection.close()

        thread = threading.Thread(target=hold_key)
        thread.start()
        held.wait(10)
        try:
            assert _send(report_id) is Outcome.BUSY
            with mar_scope(), pytest.raises(ReportBusy):
                mark_sent(report_id, at=AT, by=BY)
        finally:
            release.set()
            thread.join()
        assert _send(report_id) is Outcome.SENT


@pytest.mark.slow
def test_race_between_revert_and_send_has_one_winner_for_each_key(
    cloned_db: str, django_db_blocker: Any
) -> None:
    with django_db_blocker.unblock():
        make_mar()
        for _round in range(12):
            builds = make_builds(3)
            (report_id,) = prepare_reports(at=AT, by=BY)
            _race(report_id, builds[0])
            _check_race(report_id, builds)


def _race(report_id: UUID, build: Build) -> None:
    start = threading.Barrier(2)

    def revert() -> None:
        start.wait()
        try:
            with partner_scope(build.partner_id):
                revert_build(partner_id=build.partner_id, build_id=build.pk, reason="x", by=BY, at=AT)
        except BuildRefused:
            pass
        finally:
            connection.close()

    def send() -> None:
        start.wait()
        while _send(report_id) is Outcome.BUSY:
            pass
        connection.close()

    threads = [threading.Thread(target=revert), threading.Thread(target=send)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _check_race(report_id: UUID, builds: list[Build]) -> None:
    with mar_scope():
        build = Build.objects.select_related("key").get(pk=builds[0].pk)
        sent = ComputerBuildReport.objects.get(pk=report_id).state == "sent"
        if build.state == "reverted":
            assert (build.key.state, sent) == (KeyState.RETRIEVED, False)
        else:
            assert (build.state, build.key.state, sent) == ("sent", KeyState.REPORTED_BOUND, True)
        # Clear the table for the next round.
        Build.objects.filter(state="ready").update(state="needs_details")


def test_two_rounds_at_once_do_the_work_once(cloned_db: str, django_db_blocker: Any, outbox: Path) -> None:
    with django_db_blocker.unblock():
        make_mar()
        builds = make_builds(5)
        start = threading.Barrier(2)
        failures: list[BaseException] = []

        def run() -> None:
            try:
                start.wait()
                run_exchange(at=AT, by=BY)
            except BaseException as error:  # noqa: BLE001
                failures.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=run) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        run_exchange(at=AT, by=BY)
        with mar_scope():
            assert LedgerEntry.objects.filter(reason="cbr.sent").count() == len(builds)
            assert ComputerBuildReport.objects.count() == 1
        assert len(list(outbox.iterdir())) == 1


def test_two_preparations_at_once_put_no_key_into_two_reports(cloned_db: str, django_db_blocker: Any) -> None:
    with django_db_blocker.unblock():
        make_mar()
        builds = make_builds(6)
        start = threading.Barrier(3)
        failures: list[BaseException] = []

        def run() -> None:
            try:
                start.wait()
                prepare_reports(at=AT, by=BY)
            except BaseException as error:  # noqa: BLE001
                failures.append(error)
            finally:
                connection.close()

        threads = [threading.Thread(target=run) for _ in range(3)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        with mar_scope(), transaction.atomic():
            assert sorted(CbrLine.objects.values_list("key_id", flat=True)) == [
                build.key_id for build in builds
            ]
