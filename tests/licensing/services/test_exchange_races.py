"""The exchange under rivals: one winner for each key, each file booked once, each round run once."""

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.db import connection

from core.actor import Actor
from core.tenancy import mar_scope, partner_scope
from licensing.models import Build, CbrLine, ComputerBuildReport, LedgerEntry, ProductKey
from licensing.rules.key_states import KeyState
from licensing.services.builds import BuildRefused, revert_build
from licensing.services.exchange import import_answer_file, run_exchange
from licensing.services.exchange_prepare import prepare_reports
from licensing.services.exchange_send import Outcome, ReportBusy, mark_sent, send_report
from tests.factories import AT, make_mar
from tests.factories.exchange import make_ack, make_builds

BY = Actor.system("test")


@pytest.fixture
def own_db(cloned_db: str, django_db_blocker: Any) -> Any:
    """Let the test commit, in threads too."""
    with django_db_blocker.unblock():
        make_mar()
        yield


def _together(*works: Callable[[], Any]) -> list[Any]:
    """Run the works at the same moment and return what each gave or raised."""
    start, done = threading.Barrier(len(works)), []

    def run(work: Callable[[], Any]) -> None:
        try:
            start.wait()
            done.append(work())
        except BaseException as error:  # noqa: BLE001
            done.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[work]) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def _send(report_id: UUID) -> Outcome:
    with mar_scope():
        return send_report(report_id, at=AT, by=BY)


def test_key_in_other_hands_makes_the_report_wait(own_db: None, settings: Any) -> None:
    settings.EXCHANGE_CONNECTOR = "file"
    build, _other = make_builds(2)
    (report_id,) = prepare_reports(at=AT, by=BY)
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
def test_race_between_revert_and_send_has_one_winner_for_each_key(own_db: None) -> None:
    for _round in range(12):
        build = make_builds(3)[0]
        (report_id,) = prepare_reports(at=AT, by=BY)

        def revert(build: Build = build) -> None:
            with partner_scope(build.partner_id):
                revert_build(partner_id=build.partner_id, build_id=build.pk, reason="x", by=BY, at=AT)

        def send(report_id: UUID = report_id) -> None:
            while _send(report_id) is Outcome.BUSY:
                pass

        outcomes = _together(revert, send)
        assert [each for each in outcomes if each is not None and not isinstance(each, BuildRefused)] == []
        _check_one_winner(report_id, build)


def _check_one_winner(report_id: UUID, build: Build) -> None:
    with mar_scope():
        build = Build.objects.select_related("key").get(pk=build.pk)
        state = ComputerBuildReport.objects.get(pk=report_id).state
        if build.state == "reverted":
            assert (build.key.state, state) == (KeyState.RETRIEVED, "withdrawn")
        else:
            assert (build.state, build.key.state, state) == ("sent", KeyState.REPORTED_BOUND, "sent")
        # Clear the table for the next round.
        Build.objects.filter(state="ready").update(state="needs_details")


def test_two_rounds_at_once_do_the_work_once(own_db: None, settings: Any, tmp_path: Path) -> None:
    settings.EXCHANGE_CONNECTOR, settings.EXCHANGE_DIR = "file", tmp_path
    builds = make_builds(5)
    outcomes = _together(*[lambda: run_exchange(at=AT, by=BY)] * 2)
    assert [each for each in outcomes if isinstance(each, BaseException)] == []
    run_exchange(at=AT, by=BY)
    with mar_scope():
        assert LedgerEntry.objects.filter(reason="cbr.sent").count() == len(builds)
        assert ComputerBuildReport.objects.count() == 1
    assert len(list((tmp_path / "outbox").iterdir())) == 1


def test_second_round_steps_aside_while_the_first_runs(own_db: None) -> None:
    from licensing.locks import only_one

    make_builds(1)
    with only_one("exchange") as is_ours:
        assert is_ours
        (other,) = _together(lambda: run_exchange(at=AT, by=BY))
    assert other.is_ours is False
    assert run_exchange(at=AT, by=BY).is_ours is True


def test_preparations_at_once_put_no_key_into_two_reports(own_db: None) -> None:
    builds = make_builds(6)
    outcomes = _together(*[lambda: prepare_reports(at=AT, by=BY)] * 3)
    assert sorted(map(len, outcomes)) == [0, 0, 1]
    with mar_scope():
        assert sorted(CbrLine.objects.values_list("key_id", flat=True)) == [build.key_id for build in builds]


def test_without_taking_turns_the_index_still_refuses_a_key_in_two_reports(
    own_db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("licensing.services.exchange_prepare.serialise", lambda _work: None)
    for _round in range(5):
        builds = make_builds(4)
        _together(*[lambda: prepare_reports(at=AT, by=BY)] * 3)
        with mar_scope():
            keys = CbrLine.objects.filter(build__in=builds).values_list("key_id", flat=True)
            assert sorted(keys) == [build.key_id for build in builds]


def test_same_file_at_once_is_booked_once(own_db: None) -> None:
    builds = make_builds(3)
    (report_id,) = prepare_reports(at=AT, by=BY)
    _send(report_id)
    with mar_scope():
        report = ComputerBuildReport.objects.get(pk=report_id)
    data = make_ack(report, {build.key.product_key_id: "00" for build in builds})

    def take_in() -> bool:
        with mar_scope():
            return import_answer_file(data, file_name="a.xml", by=BY, at=AT).is_new

    assert sorted(_together(take_in, take_in, take_in)) == [False, False, True]
    with mar_scope():
        assert LedgerEntry.objects.filter(reason="cbr.answered").count() == 3
