"""Answers: each code by the table, in any order, once; what does not fit waits for a person."""

import time
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.exchange import isolated
from licensing.models import (
    Build,
    CbrAckFile,
    CbrLine,
    ComputerBuildReport,
    ExchangeException,
    Incident,
    LedgerEntry,
    ProductKey,
)
from licensing.services.exchange import (
    AnswerRefused,
    CannotResend,
    ExceptionClosed,
    ImportedAnswers,
    NoteMissing,
    close_exception,
    import_answer_file,
    resend,
)
from licensing.services.exchange_prepare import prepare_reports
from licensing.services.exchange_send import send_report
from licensing.services.incidents import close_incident
from tests.databases import owner_connection
from tests.factories import AT, key_text, make_mar
from tests.factories.exchange import make_ack, make_builds
from tests.partners.samples import queued

pytestmark = pytest.mark.django_db
BY = Actor.system("test")
LATER = AT + timedelta(hours=2)


def _sent(quantity: int) -> tuple[ComputerBuildReport, list[Build]]:
    make_mar()
    builds = make_builds(quantity)
    report = _send_ready()
    return report, builds


def _send_ready() -> ComputerBuildReport:
    (report_id,) = prepare_reports(at=AT, by=BY)
    with mar_scope():
        send_report(report_id, at=AT, by=BY)
        return ComputerBuildReport.objects.get(pk=report_id)


def _import(data: bytes, name: str = "answer.xml") -> ImportedAnswers:
    with mar_scope():
        return import_answer_file(data, file_name=name, by=BY, at=LATER)


def _ids(builds: list[Build]) -> list[str]:
    return [build.key.product_key_id for build in builds]


def _key(build: Build) -> ProductKey:
    return ProductKey.objects.get(pk=build.key_id)


def _kinds() -> list[tuple[str, str]]:
    return sorted(ExchangeException.objects.values_list("kind", "product_key_id"))


@pytest.mark.parametrize(
    ("code", "state", "build_state", "kinds"),
    [
        ("00", 9, "enabled", []),
        ("01", 10, "denied", ["duplicate_key"]),
        ("02", 9, "enabled", []),
        ("03", 10, "denied", []),
        ("04", 10, "denied", []),
        ("05", 10, "denied", []),
        ("06", 10, "denied", ["lost_or_stolen"]),
        ("07", 10, "denied", ["duplicate_key"]),
        ("08", 10, "denied", []),
        ("77", 7, "sent", ["unknown_code"]),
    ],
)
def test_each_code_moves_key_and_build_by_the_table(
    code: str, state: int, build_state: str, kinds: list[str]
) -> None:
    report, (build,) = _sent(1)
    done = _import(
        make_ack(
            report, {build.key.product_key_id: code}, hashes={build.key.product_key_id: build.hardware_hash}
        )
    )
    assert (done.is_new, done.matched, done.findings) == (True, 1, len(kinds))
    with mar_scope():
        key, build = _key(build), Build.objects.get(pk=build.pk)
        line = CbrLine.objects.get(build=build)
        assert (key.state, key.hold) == (state, "lost_or_stolen" if code == "06" else "none")
        assert (build.state, build.ack_code, build.answered_at) == (build_state, code, LATER)
        assert (line.ack_code, line.answered_at) == (code, LATER)
        assert [kind for kind, _key_id in _kinds()] == kinds
        rows = LedgerEntry.objects.filter(reason="cbr.answered").values_list("to_state", "object_id", "hold")
        assert list(rows) == ([(state, str(line.pk), key.hold)] if state != 7 else [])
        report.refresh_from_db()
        assert (report.state, report.answered_count) == ("answered", 1)
        assert report.ms_report_id == "0e6f2b0a-1111-4222-8333-444455556666"


def test_split_answer_in_reversed_order_fills_the_report() -> None:
    report, builds = _sent(4)
    ids = _ids(builds)
    second = make_ack(report, {ids[2]: "00", ids[3]: "03"}, part=(2, 2))
    first = make_ack(report, {ids[0]: "00", ids[1]: "00"}, part=(1, 2))
    _import(second)
    with mar_scope():
        report.refresh_from_db()
        assert (report.state, report.answered_count) == ("partly_answered", 2)
    _import(first)
    with mar_scope():
        report.refresh_from_db()
        assert (report.state, report.answered_count) == ("answered", 4)
        assert [_key(build).state for build in builds] == [9, 9, 9, 10]


def test_same_file_again_changes_nothing_and_says_so() -> None:
    report, builds = _sent(2)
    data = make_ack(report, dict.fromkeys(_ids(builds), "01"))
    first = _import(data)
    again = _import(data, "other-name.xml")
    assert (first.is_new, again.is_new) == (True, False)
    assert (again.ack_file_id, again.matched, again.findings) == (first.ack_file_id, 2, 2)
    with mar_scope():
        assert CbrAckFile.objects.count() == 1
        assert ExchangeException.objects.count() == 2
        assert LedgerEntry.objects.filter(reason="cbr.answered").count() == 2


def test_same_answers_in_another_file_are_ignored() -> None:
    report, builds = _sent(2)
    _import(make_ack(report, dict.fromkeys(_ids(builds), "00")))
    again = _import(make_ack(report, dict.fromkeys(_ids(builds), "00"), part=(2, 2)))
    assert (again.is_new, again.matched, again.findings) == (True, 0, 0)
    with mar_scope():
        assert LedgerEntry.objects.filter(reason="cbr.answered").count() == 2


def test_good_lines_go_through_when_others_do_not_fit() -> None:
    report, builds = _sent(3)
    good, other_hash, wrong_list = _ids(builds)
    data = make_ack(
        report,
        {good: "00", other_hash: "00", wrong_list: "03", "9999999999999": "00"},
        hashes={good: builds[0].hardware_hash, other_hash: builds[0].hardware_hash},
        successes=("00", "02", "03"),
    )
    done = _import(data)
    assert (done.matched, done.findings) == (1, 3)
    with mar_scope():
        assert [_key(build).state for build in builds] == [9, 7, 7]
        assert _kinds() == [
            ("contradiction", wrong_list),
            ("hash_mismatch", other_hash),
            ("unmatched", "9999999999999"),
        ]
        report.refresh_from_db()
        assert (report.state, report.answered_count) == ("partly_answered", 1)


def test_key_of_another_report_is_unmatched() -> None:
    report, _builds = _sent(1)
    (foreign,) = make_builds(1)
    _send_ready()
    done = _import(make_ack(report, {foreign.key.product_key_id: "00"}))
    assert (done.matched, done.findings) == (0, 1)
    with mar_scope():
        assert _key(foreign).state == 7


@pytest.mark.parametrize("case", ["unknown", "prepared", "other_account"])
def test_answer_to_a_report_that_was_never_sent_is_one_exception(case: str) -> None:
    report, builds = _sent(2)
    report_id, sold_to = str(report.id), "0000123456"
    if case == "unknown":
        report_id = str(uuid4())
    elif case == "prepared":
        builds = make_builds(2)
        report_id = str(prepare_reports(at=AT, by=BY)[0])
    else:
        sold_to = "0000999999"
    done = _import(make_ack(report, dict.fromkeys(_ids(builds), "00"), report_id=report_id, sold_to=sold_to))
    assert (done.matched, done.findings) == (0, 1)
    with mar_scope():
        (found,) = ExchangeException.objects.all()
        assert (found.kind, found.product_key_id) == ("unmatched", "")
        assert "2 lines not booked" in found.text
        assert set(ProductKey.objects.values_list("state", flat=True)) <= {3, 7}


def test_many_foreign_keys_are_told_in_one_sum() -> None:
    report, _builds = _sent(1)
    done = _import(make_ack(report, {f"77{number:011d}": "00" for number in range(150)}))
    assert done.findings == 101
    with mar_scope():
        assert ExchangeException.objects.filter(text__startswith="50 more keys").count() == 1


@pytest.mark.parametrize(("before", "after", "states"), [("01", "00", [10, 9]), ("00", "03", [9, 10])])
def test_changed_answer_moves_the_key_and_is_shown(before: str, after: str, states: list[int]) -> None:
    report, (build,) = _sent(1)
    key_id = build.key.product_key_id
    _import(make_ack(report, {key_id: before}))
    _import(make_ack(report, {key_id: after}))
    with mar_scope():
        rows = LedgerEntry.objects.filter(reason="cbr.answered").order_by("id")
        assert list(rows.values_list("to_state", flat=True)) == states
        assert ("changed_answer", key_id) in _kinds()
        assert (_key(build).state, CbrLine.objects.get().ack_code) == (states[1], after)


def test_unknown_code_answered_later_moves_the_waiting_key() -> None:
    report, (build,) = _sent(1)
    _import(make_ack(report, {build.key.product_key_id: "77"}))
    _import(make_ack(report, {build.key.product_key_id: "00"}))
    with mar_scope():
        assert (_key(build).state, Build.objects.get().state) == (9, "enabled")


def test_answer_comes_through_although_the_key_is_held() -> None:
    report, (build,) = _sent(1)
    with mar_scope():
        ProductKey.objects.filter(pk=build.key_id).update(hold="disputed")
    _import(make_ack(report, {build.key.product_key_id: "00"}))
    with mar_scope():
        assert (_key(build).state, _key(build).hold) == (9, "disputed")


@pytest.mark.parametrize("before", ["", "01", "disputed"])
def test_code_06_freezes_the_key_with_a_case_and_a_step_once(before: str) -> None:
    report, (build,) = _sent(1)
    key_id = build.key.product_key_id
    if before == "disputed":
        with mar_scope():
            ProductKey.objects.filter(pk=build.key_id).update(hold="disputed")
    elif before:
        _import(make_ack(report, {key_id: before}))
    _import(make_ack(report, {key_id: "06"}))
    _import(make_ack(report, {key_id: "06"}), "again.xml")
    with mar_scope():
        case = Incident.objects.get()
        assert (case.kind, case.state, case.partner_id) == ("lost", "open", build.partner_id)
        assert list(case.keys.values_list("key_id", flat=True)) == [build.key_id]
        step = LedgerEntry.objects.get(key=build.key, reason="hold.lost_or_stolen")
        assert (step.hold, step.object_id) == ("lost_or_stolen", str(case.pk))
        assert len(queued("licensing.tell_incident")) == 1
        close_incident(
            case.pk, outcome="found", measures="Asked Microsoft", note="Taken back", by=BY, at=LATER
        )
    with mar_scope():
        assert (_key(build).state, _key(build).hold) == (10, "none")


@pytest.mark.parametrize("code", ["01", "08"])
def test_resent_build_travels_in_a_new_report_and_may_be_enabled(code: str) -> None:
    report, (build,) = _sent(1)
    key_id = build.key.product_key_id
    _import(make_ack(report, {key_id: code}))
    with mar_scope():
        resend(build.pk, by=BY, at=LATER)
        assert (_key(build).state, Build.objects.get().state) == (10, "ready")
    again = _send_ready()
    assert again.pk != report.pk
    with mar_scope():
        assert (_key(build).state, Build.objects.get().ack_code) == (7, "")
    _import(make_ack(report, {key_id: "03"}))
    with mar_scope():
        assert _key(build).state == 7, "a late answer to the first report moves nothing"
    _import(make_ack(again, {key_id: "00"}))
    with mar_scope():
        assert (_key(build).state, Build.objects.get().state) == (9, "enabled")
        assert list(CbrLine.objects.order_by("pk").values_list("ack_code", flat=True)) == [code, "00"]


@pytest.mark.parametrize("code", ["00", "03", "06", "77"])
def test_other_answers_cannot_be_resent(code: str) -> None:
    report, (build,) = _sent(1)
    _import(make_ack(report, {build.key.product_key_id: code}))
    with mar_scope():
        before = Build.objects.get().state
        with pytest.raises(CannotResend):
            resend(build.pk, by=BY, at=LATER)
        assert Build.objects.get().state == before


_WHOLE = make_ack(ComputerBuildReport(pk=uuid4()), {"3300000000017": "00"})


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "answer_xml_empty"),
        (_WHOLE[:-40], "answer_xml_broken"),
        (b"<Unknown/>", "answer_xml_wrong_root"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><ComputerBuildReportAck/>', "answer_xml_doctype"),
        (b"<ComputerBuildReportAck>" + b"<a>" * 200_000, "answer_xml_too_deep"),
        (b"\xff\xfe\x00\x00" + _WHOLE, "answer_xml_encoding"),
        (b"x" * (64 * 1024 * 1024 + 1), "answer_too_large"),
        (_WHOLE.replace(b"Words of", key_text(5).encode()), "answer_holds_a_key"),
    ],
)
def test_bad_file_is_refused_in_plain_words_and_nothing_is_kept(data: bytes, code: str) -> None:
    make_mar()
    if code == "answer_holds_a_key":
        data = _WHOLE.replace(b"<ReasonCode", b"").replace(
            b"</HardwareHash>", f"</HardwareHash><x>{key_text(5)}</x>".encode()
        )
    with pytest.raises(AnswerRefused) as caught:
        _import(data)
    refusal = caught.value.refusals[0]
    assert refusal.code == code
    assert refusal.what
    assert "Nothing was booked" in refusal.next_step
    assert key_text(5) not in str(caught.value)
    with mar_scope():
        assert CbrAckFile.objects.count() == 0


def test_large_file_is_read_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    report, builds = _sent(2)
    monkeypatch.setattr("licensing.services.exchange_answers.IN_PROCESS_BYTES", 10)
    assert isolated.IN_PROCESS_BYTES > 10
    assert _import(make_ack(report, dict.fromkeys(_ids(builds), "00"))).matched == 2


def test_conflicting_lines_are_shown_and_not_booked() -> None:
    report, builds = _sent(2)
    first, second = _ids(builds)
    data = make_ack(report, {first: "00", second: "00"})
    denied = make_ack(report, {first: "03"})
    start, end = denied.index(b"<FailedValidationResult>"), denied.index(b"</FailedValidations>")
    data = data.replace(b"<FailedValidations>", b"<FailedValidations>" + denied[start:end])
    done = _import(data)
    assert (done.matched, done.findings) == (1, 1)
    with mar_scope():
        assert [_key(build).state for build in builds] == [7, 9]
        assert [kind for kind, _id in _kinds()] == ["unreadable"]


def test_number_of_statements_does_not_depend_on_the_lines() -> None:
    def statements(quantity: int) -> int:
        make_builds(quantity)
        report = _send_ready()
        with mar_scope():
            lines = list(CbrLine.objects.filter(report=report).values_list("key__product_key_id", flat=True))
            codes = ["00", "03", "06", "77"]
            data = make_ack(report, {key_id: codes[n % 4] for n, key_id in enumerate(lines)})
            with CaptureQueriesContext(
                connection,
            ) as queries:
                import_answer_file(data, file_name="a.xml", by=BY, at=LATER)
        return len(queries)

    make_mar()
    assert statements(4) == statements(40)


@pytest.mark.slow
def test_five_thousand_lines_take_seconds_with_statistics_of_empty_tables() -> None:
    make_mar()
    make_builds(5)
    with owner_connection(connection.settings_dict["NAME"]) as owner, owner.cursor() as cursor:
        # The owner sees none of our rows: the planner is told that all tables are empty.
        cursor.execute("VACUUM ANALYZE")
    report, builds = _sent(4995)
    with mar_scope():
        builds = list(Build.objects.select_related("key"))
    hashes = {build.key.product_key_id: build.hardware_hash for build in builds}
    data = make_ack(report, dict.fromkeys(_ids(builds), "00"), hashes=hashes)
    began = time.monotonic()
    assert _import(data).matched == 5000
    assert time.monotonic() - began < 15


def test_exception_is_closed_once_with_a_note() -> None:
    report, (build,) = _sent(1)
    _import(make_ack(report, {build.key.product_key_id: "77"}))
    with mar_scope():
        found = ExchangeException.objects.get()
        with pytest.raises(NoteMissing):
            close_exception(found.pk, note="  ", by=BY, at=LATER)
        close_exception(found.pk, note="Microsoft says: wait", by=BY, at=LATER)
        with pytest.raises(ExceptionClosed):
            close_exception(found.pk, note="again", by=BY, at=LATER)
        found.refresh_from_db()
        assert (found.closed_at, found.closed_by, found.closing_note) == (
            LATER,
            "test",
            "Microsoft says: wait",
        )
