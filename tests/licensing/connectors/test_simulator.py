"""The whole loop with the simulator: from ready builds to answered keys, restart-safe."""

from datetime import timedelta
from typing import Any

import pytest

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.connectors.base import ConnectorFailed
from licensing.connectors.simulator import Simulator
from licensing.models import (
    Build,
    CbrAckFile,
    ComputerBuildReport,
    LedgerEntry,
    ProductKey,
    SimulatedKey,
)
from licensing.services.exchange import ExchangeRound, resend, run_exchange
from licensing.services.exchange_send import deliver_reports
from licensing.services.returns import send_return
from tests.factories import AT, make_mar
from tests.factories.exchange import make_builds

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
SOLD_TO = "0000123456"


@pytest.fixture(autouse=True)
def simulator(settings: Any, db: None) -> None:
    settings.EXCHANGE_CONNECTOR, settings.SIMULATOR_DELAY_SECONDS = "simulator", 60
    make_mar()


def _round(minutes: int) -> ExchangeRound:
    return run_exchange(at=AT + timedelta(minutes=minutes), by=BY)


def _force(build: Build, code: str, **fields: Any) -> None:
    with mar_scope():
        SimulatedKey.objects.create(
            product_key_id=build.key.product_key_id, sold_to_id=SOLD_TO, forced_code=code, **fields
        )


def _states(builds: list[Build]) -> list[int]:
    with mar_scope():
        return [ProductKey.objects.get(pk=build.key_id).state for build in builds]


def test_ready_builds_are_enabled_after_the_delay() -> None:
    builds = make_builds(3)
    assert _round(0).answers == []
    assert _states(builds) == [7, 7, 7]
    (done,) = _round(1).answers
    assert (done.matched, done.findings) == (3, 0)
    assert _states(builds) == [9, 9, 9]
    with mar_scope():
        report = ComputerBuildReport.objects.get()
        assert (report.state, report.receipt) == ("answered", "Simulator: received")
    assert _round(2).answers == []


def test_longer_report_is_answered_in_two_files() -> None:
    builds = make_builds(4)
    _force(builds[1], "03")
    _round(0)
    assert [done.matched for done in _round(1).answers] == [2, 2]
    assert _states(builds) == [9, 10, 9, 9]
    with mar_scope():
        assert ComputerBuildReport.objects.get().state == "answered"


@pytest.mark.parametrize("code", ["00", "01", "02", "03", "04", "05", "06", "07", "08", "42"])
def test_every_code_can_be_asked_for(code: str) -> None:
    (build,) = make_builds(1)
    _force(build, code)
    _round(0)
    _round(1)
    assert _states([build]) == [{"00": 9, "02": 9, "42": 7}.get(code, 10)]


def test_forced_answer_is_given_once_so_that_a_resend_can_succeed() -> None:
    (build,) = make_builds(1)
    _force(build, "01")
    _round(0)
    _round(1)
    assert _states([build]) == [10]
    with mar_scope():
        resend(build.pk, by=BY, at=AT)
    _round(2)
    _round(3)
    assert _states([build]) == [9]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"sold_to_id": "0000999999"}, "04"),
        ({"is_returned": True}, "05"),
        ({"enabled_hash_sha256": "0" * 64}, "01"),
        ({"enabled_hash_sha256": "same"}, "07"),
    ],
)
def test_simulator_judges_by_what_it_knows(fields: dict[str, Any], code: str) -> None:
    (build,) = make_builds(1)
    if fields.get("enabled_hash_sha256") == "same":
        fields = {"enabled_hash_sha256": build.hardware_hash_sha256}
    with mar_scope():
        SimulatedKey.objects.create(
            **{"product_key_id": build.key.product_key_id, "sold_to_id": SOLD_TO} | fields
        )
    _round(0)
    _round(1)
    with mar_scope():
        assert Build.objects.get().ack_code == code


def test_fall_after_the_first_of_two_files_loses_and_doubles_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    builds = make_builds(5)
    _round(0)

    def fall(self: Simulator, file_name: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Simulator, "acknowledge", fall)
        with pytest.raises(KeyboardInterrupt):
            _round(1)
    with mar_scope():
        assert CbrAckFile.objects.count() == 1
    _round(9)
    assert _states(builds) == [9] * 5
    with mar_scope():
        assert LedgerEntry.objects.filter(reason="cbr.answered").count() == 5
        assert CbrAckFile.objects.count() == 2


def test_equal_questions_get_equal_answers_before_and_after_booking() -> None:
    make_builds(5)
    _round(0)
    later = AT + timedelta(minutes=1)
    before = list(Simulator().fetch_answers(later))
    _round(1)
    with mar_scope():
        # As if the booking had been lost: the same two files come again, byte for byte.
        ComputerBuildReport.objects.update(state="sent")
        CbrAckFile.objects.update(file_name="gone.xml")
    assert list(Simulator().fetch_answers(later)) == before
    assert {done.is_new for done in _round(2).answers} == {False}


def test_file_against_the_schema_is_not_taken() -> None:
    make_builds(1)
    _round(0)
    with mar_scope():
        report = ComputerBuildReport.objects.get()
    with pytest.raises(ConnectorFailed):
        Simulator().send(report, b"<ComputerBuildReportRequest/>", AT)


def test_return_is_answered_too() -> None:
    builds = make_builds(2)
    _force(builds[1], "PB")
    with mar_scope():
        send_return([build.key_id for build in builds], return_type="ZOB", reason="damage", by=BY, at=AT)
    _round(0)
    assert _states(builds) == [8, 8]
    _round(1)
    assert _states(builds) == [5, 3]
    assert _round(2).answers == []


def test_reports_of_the_connector_before_are_still_answered(settings: Any, tmp_path: Any) -> None:
    builds = make_builds(1)
    _round(0)
    settings.EXCHANGE_CONNECTOR, settings.EXCHANGE_DIR = "file", tmp_path
    _round(1)
    assert _states(builds) == [9]
    assert deliver_reports(at=AT, by=BY) == []
