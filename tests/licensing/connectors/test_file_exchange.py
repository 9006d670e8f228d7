"""The whole loop with folders: the outbox out, the inbox in, bad files aside with a reason."""

import os
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.connectors import connector_named
from licensing.connectors.base import ConnectorFailed
from licensing.connectors.file_exchange import FileExchange
from licensing.exchange.xsd import validate
from licensing.models import Build, CbrAckFile, ComputerBuildReport, ProductKey
from licensing.services.exchange import run_exchange
from tests.factories import AT, make_mar
from tests.factories.exchange import make_ack, make_builds

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path, db: None) -> Path:
    settings.EXCHANGE_CONNECTOR, settings.EXCHANGE_DIR = "file", tmp_path
    make_mar()
    return tmp_path


def _put(folder: Path, name: str, data: bytes, *, age: float = 60) -> Path:
    inbox = folder / "inbox"
    inbox.mkdir(exist_ok=True)
    file = inbox / name
    file.write_bytes(data)
    moment = file.stat().st_mtime - age
    os.utime(file, (moment, moment))
    return file


def _sent(quantity: int = 2) -> tuple[ComputerBuildReport, list[Build]]:
    builds = make_builds(quantity)
    run_exchange(at=AT, by=BY)
    with mar_scope():
        return ComputerBuildReport.objects.get(), builds


def _answer(report: ComputerBuildReport, builds: list[Build], code: str = "00", **options: Any) -> bytes:
    return make_ack(report, {build.key.product_key_id: code for build in builds}, **options)


def _states(builds: list[Build]) -> list[int]:
    with mar_scope():
        return [ProductKey.objects.get(pk=build.key_id).state for build in builds]


def test_report_goes_out_and_answer_comes_in(folder: Path) -> None:
    report, builds = _sent()
    (file,) = (folder / "outbox").iterdir()
    assert file.name == f"cbr-{report.id}.xml"
    assert validate(file.read_bytes(), "cbr") == []
    assert file.stat().st_mode & 0o007 == 0, "a report is not for everyone on the machine"
    _put(folder, "ack.xml", _answer(report, builds))
    (done,) = run_exchange(at=AT, by=BY).answers
    assert (done.matched, _states(builds)) == (2, [9, 9])
    assert [each.name for each in (folder / "inbox" / "done").iterdir()] == ["ack.xml"]


def test_parts_in_reversed_order_and_the_same_part_again(folder: Path) -> None:
    report, builds = _sent(4)
    second = _answer(report, builds[2:], part=(2, 2))
    _put(folder, "2.xml", second)
    run_exchange(at=AT, by=BY)
    _put(folder, "1.xml", _answer(report, builds[:2], part=(1, 2)))
    _put(folder, "2.xml", second)
    done = run_exchange(at=AT, by=BY)
    assert [each.is_new for each in done.answers] == [True, False]
    assert _states(builds) == [9, 9, 9, 9]
    assert len(list((folder / "inbox" / "done").iterdir())) == 3


def test_bad_file_goes_aside_with_its_reason_and_stops_nobody(folder: Path) -> None:
    report, builds = _sent()
    data = _answer(report, builds)
    _put(folder, "a-cut.xml", data[:-30])
    _put(folder, "b-good.xml", data)
    done = run_exchange(at=AT, by=BY)
    assert done.refused_files == ["a-cut.xml"]
    assert _states(builds) == [9, 9]
    refused = folder / "inbox" / "refused"
    assert sorted(file.name for file in refused.iterdir()) == ["a-cut.xml", "a-cut.xml.txt"]
    assert "not well-formed" in (refused / "a-cut.xml.txt").read_text()
    assert ("Refused answers", "a-cut.xml") in [(str(k), v) for k, v in FileExchange().status().facts]


def test_too_large_file_goes_aside_unread(folder: Path) -> None:
    _sent()
    file = _put(folder, "huge.xml", b"")
    with file.open("r+b") as huge:
        huge.truncate(64 * 1024 * 1024 + 1)
    os.utime(file, (0, 0))
    run_exchange(at=AT, by=BY)
    assert (folder / "inbox" / "refused" / "huge.xml.txt").exists()


def test_file_still_being_written_link_and_other_kinds_are_left_alone(folder: Path) -> None:
    report, builds = _sent()
    _put(folder, "young.xml", _answer(report, builds)[:100], age=0)
    _put(folder, "note.txt", b"hello")
    (folder / "inbox" / "link.xml").symlink_to("/etc/hostname")
    assert run_exchange(at=AT, by=BY).refused_files == []
    assert {file.name for file in (folder / "inbox").iterdir()} == {"young.xml", "note.txt", "link.xml"}


def test_fall_between_booking_and_putting_away_books_once(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report, builds = _sent()
    _put(folder, "ack.xml", _answer(report, builds))

    def fall(self: FileExchange, file_name: str) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(FileExchange, "acknowledge", fall)
        with pytest.raises(KeyboardInterrupt):
            run_exchange(at=AT, by=BY)
    (again,) = run_exchange(at=AT, by=BY).answers
    assert again.is_new is False
    assert not list((folder / "inbox").glob("*.xml"))
    with mar_scope():
        assert CbrAckFile.objects.count() == 1


def test_unwritable_outbox_is_told_and_tried_again(folder: Path) -> None:
    (folder / "outbox").write_text("not a folder")
    report, _builds = _sent()
    assert (report.state, report.delivered_at) == ("sent", None)
    assert "exists" in report.refusal or "directory" in report.refusal
    (folder / "outbox").unlink()
    run_exchange(at=AT + timedelta(minutes=1), by=BY)
    with mar_scope():
        report.refresh_from_db()
    assert (report.delivered_at, report.refusal) == (AT + timedelta(minutes=1), "")


def test_unknown_connector_is_named() -> None:
    with pytest.raises(ValueError, match="EXCHANGE_CONNECTOR is 'live'"):
        connector_named("live")


def test_failed_write_leaves_nothing_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    report, _builds = _sent()

    def full(_file: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("licensing.connectors.file_exchange.os.fsync", full)
    with pytest.raises(ConnectorFailed, match="No space left on device"):
        FileExchange().send(report, b"x", AT)
    assert [file.suffix for file in (folder / "outbox").iterdir()] == [".xml"]
