"""The exchange by HTTP: who may look, who may act, and what each act does."""

from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.actor import Actor
from core.models import AuditEvent
from core.tenancy import mar_scope
from licensing.models import (
    Build,
    CbrAckFile,
    ComputerBuildReport,
    ExchangeException,
    ProductKey,
    ReturnRequest,
    SimulatedKey,
)
from licensing.services.exchange import import_answer_file, run_exchange
from licensing.services.exchange_prepare import prepare_reports
from licensing.services.exchange_send import send_report
from licensing.services.returns import send_return
from tests.factories import AT, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.exchange import make_ack, make_builds
from tests.web import sign_in

pytestmark = pytest.mark.django_db
BY = Actor.system("test")


@pytest.fixture(autouse=True)
def mar(db: None, settings: Any) -> None:
    settings.EXCHANGE_CONNECTOR = "simulator"
    make_mar()


@pytest.fixture
def admin() -> Client:
    return sign_in(Client(), make_member("mar_admin", name="Ada Admin"))


def _sent(quantity: int = 1) -> tuple[ComputerBuildReport, list[Build]]:
    builds = make_builds(quantity)
    (report_id,) = prepare_reports(at=AT, by=BY)
    with mar_scope():
        send_report(report_id, at=AT, by=BY)
        return ComputerBuildReport.objects.get(pk=report_id), builds


def _answer(report: ComputerBuildReport, builds: list[Build], code: str) -> bytes:
    return make_ack(report, {build.key.product_key_id: code for build in builds})


def _import(data: bytes) -> None:
    with mar_scope():
        import_answer_file(data, file_name="a.xml", by=BY, at=AT)


def _file(data: bytes, name: str = "ack.xml") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, data, content_type="text/xml")


def _addresses() -> tuple[list[str], list[str]]:
    """Return the addresses one looks at and those one acts on, all of existing objects."""
    report, (build,) = _sent()
    _import(_answer(report, [build], "77"))
    with mar_scope():
        exception = ExchangeException.objects.get()
        key = make_stock(make_product(), 1)[0]
        sent = send_return([key.pk], return_type="ZOB", reason="x", by=BY, at=AT)
    cbr, ret = f"/mar/exchange/cbrs/{report.pk}/", f"/mar/exchange/returns/{sent.pk}/"
    look = ["/mar/exchange/", cbr, f"{cbr}file/", "/mar/exchange/returns/", ret, f"{ret}file/"]
    act = [
        "/mar/exchange/run/",
        "/mar/exchange/answers/",
        f"{cbr}mark-sent/",
        f"/mar/exchange/builds/{build.pk}/resend/",
        f"/mar/exchange/exceptions/{exception.pk}/",
        "/mar/exchange/returns/new/",
    ]
    return look, act


@pytest.mark.parametrize(
    ("role", "look", "act"),
    [
        (None, 302, 302),
        ("tpr_owner", 404, 404),
        ("mar_finance", 200, 403),
        ("mar_stock", 200, 403),
        ("compliance", 200, 403),
        ("auditor", 200, 403),
    ],
)
def test_who_may_look_and_who_may_act(role: str | None, look: int, act: int) -> None:
    looks, acts = _addresses()
    client = Client()
    if role:
        partner = make_partner() if role.startswith("tpr") else None
        sign_in(client, make_member(role, partner=partner))
    assert {address: client.get(address).status_code for address in looks} == dict.fromkeys(looks, look)
    assert {address: client.post(address).status_code for address in acts} == dict.fromkeys(acts, act)


def test_admin_reaches_every_page(admin: Client) -> None:
    looks, acts = _addresses()
    pages = [*looks, *(address for address in acts if not address.endswith("run/"))]
    assert {address: admin.get(address).status_code for address in pages} == dict.fromkeys(pages, 200)


@pytest.mark.parametrize(
    "address",
    ["cbrs/{}/", "cbrs/{}/file/", "cbrs/{}/mark-sent/", "builds/{}/resend/", "exceptions/{}/", "returns/{}/"],
)
def test_unknown_object_is_not_found(admin: Client, address: str) -> None:
    assert admin.get(f"/mar/exchange/{address.format(uuid4())}").status_code == 404


def test_page_says_honestly_that_there_is_no_live_link(admin: Client, settings: Any, tmp_path: Any) -> None:
    assert "Simulator: no live link to Microsoft" in admin.get("/mar/exchange/").content.decode()
    settings.EXCHANGE_CONNECTOR, settings.EXCHANGE_DIR = "file", tmp_path
    page = admin.get("/mar/exchange/").content.decode()
    assert "File exchange: no live link to Microsoft" in page
    assert str(tmp_path / "outbox") in page


def test_uploaded_answers_are_booked_and_the_same_file_says_so(admin: Client) -> None:
    report, builds = _sent(2)
    data = _answer(report, builds, "00")
    response = admin.post("/mar/exchange/answers/", {"answers": [_file(data)]}, follow=True)
    assert "ack.xml: 2 answers booked." in response.content.decode()
    again = admin.post("/mar/exchange/answers/", {"answers": [_file(data)]}, follow=True)
    assert "was taken in before. Nothing changed." in again.content.decode()
    with mar_scope():
        assert set(ProductKey.objects.values_list("state", flat=True)) == {9}
        assert str(CbrAckFile.objects.get().received_by).startswith("Ada Admin")


def test_good_file_is_booked_when_another_is_refused(admin: Client) -> None:
    report, builds = _sent()
    files = [_file(b"<cut", "bad.xml"), _file(_answer(report, builds, "00"), "good.xml")]
    page = admin.post("/mar/exchange/answers/", {"answers": files}, follow=True).content.decode()
    assert "good.xml: 1 answer booked." in page
    assert "bad.xml: The file is not well-formed XML" in page


def test_refused_file_changes_nothing_and_is_audited(admin: Client) -> None:
    response = admin.post("/mar/exchange/answers/", {"answers": [_file(b"<cut")]})
    assert response.status_code == 422
    assert "not well-formed" in response.content.decode()
    with mar_scope():
        assert CbrAckFile.objects.count() == 0
        row = AuditEvent.objects.get(action="portal.request.refused")
        assert row.facts["code"] == "answer_xml_broken"


def test_upload_without_a_file_is_an_error(admin: Client) -> None:
    assert admin.post("/mar/exchange/answers/").status_code == 422


def test_file_is_downloaded_as_stored_once_its_keys_are_fixed(admin: Client) -> None:
    make_builds(1)
    (report_id,) = prepare_reports(at=AT, by=BY)
    assert admin.get(f"/mar/exchange/cbrs/{report_id}/file/").status_code == 404
    with mar_scope():
        send_report(report_id, at=AT, by=BY)
    response = admin.get(f"/mar/exchange/cbrs/{report_id}/file/")
    assert response["Content-Disposition"] == f'attachment; filename="cbr-{report_id}.xml"'
    assert response.content.startswith(b"<?xml")
    with mar_scope():
        assert AuditEvent.objects.filter(action="licensing.cbr.downloaded").count() == 1


def test_mark_as_sent_asks_first_and_then_notes_it(admin: Client, settings: Any) -> None:
    settings.EXCHANGE_CONNECTOR = "file"
    report, _builds = _sent()
    address = f"/mar/exchange/cbrs/{report.pk}/"
    assert "Mark as sent" in admin.get(address).content.decode()
    assert admin.get(f"{address}mark-sent/").status_code == 200
    assert admin.post(f"{address}mark-sent/").status_code == 302
    page = admin.get(address).content.decode()
    assert "By hand" in page
    assert "mark-sent" not in page


def test_report_of_the_simulator_cannot_be_marked(admin: Client) -> None:
    report, _builds = _sent()
    address = f"/mar/exchange/cbrs/{report.pk}/"
    assert "mark-sent" not in admin.get(address).content.decode()
    assert admin.post(f"{address}mark-sent/").status_code == 409
    with mar_scope():
        report.refresh_from_db()
    assert report.delivered_at is None


def test_mark_of_a_report_that_lost_a_key_is_refused_in_words(admin: Client, settings: Any) -> None:
    settings.EXCHANGE_CONNECTOR = "file"
    (build,) = make_builds(1)
    (report_id,) = prepare_reports(at=AT, by=BY)
    with mar_scope():
        ProductKey.objects.filter(pk=build.key_id).update(hold="disputed")
    response = admin.post(f"/mar/exchange/cbrs/{report_id}/mark-sent/")
    assert response.status_code == 409
    assert "must not be used" in response.content.decode()


def test_denied_key_is_sent_again(admin: Client) -> None:
    report, (build,) = _sent()
    _import(_answer(report, [build], "01"))
    address = f"/mar/exchange/builds/{build.pk}/resend/"
    assert address in admin.get(f"/mar/exchange/cbrs/{report.pk}/").content.decode()
    assert "Duplicate product key id" in admin.get(address).content.decode()
    assert admin.post(address).status_code == 302
    with mar_scope():
        assert Build.objects.get().state == "ready"
    assert admin.post(address).status_code == 409


def test_exception_is_closed_with_a_note_only(admin: Client) -> None:
    report, (build,) = _sent()
    _import(_answer(report, [build], "77"))
    with mar_scope():
        found = ExchangeException.objects.get()
    address = f"/mar/exchange/exceptions/{found.pk}/"
    assert address in admin.get("/mar/exchange/").content.decode()
    assert admin.post(address, {"note": ""}).status_code == 422
    assert admin.post(address, {"note": "Microsoft: wait"}).status_code == 302
    assert admin.post(address, {"note": "again"}).status_code == 409
    assert address not in admin.get("/mar/exchange/").content.decode()


def test_viewer_is_offered_no_act() -> None:
    report, (build,) = _sent()
    _import(_answer(report, [build], "01"))
    client = sign_in(Client(), make_member("compliance"))
    pages = client.get("/mar/exchange/").content + client.get(f"/mar/exchange/cbrs/{report.pk}/").content
    for act in (b"resend", b"mark-sent", b"/exceptions/", b"/answers/", b"/run/"):
        assert act not in pages


def test_run_now_queues_a_round(admin: Client) -> None:
    assert admin.post("/mar/exchange/run/").status_code == 302
    with connection.cursor() as cursor:
        cursor.execute("SELECT task FROM core_outboxitem")
        assert cursor.fetchall() == [("licensing.exchange_cbrs",)]


def test_return_is_written_downloaded_and_its_answers_taken_in(admin: Client) -> None:
    first, second = make_stock(make_product(), 2)
    entered = {
        "product_key_ids": f"{first.product_key_id},\n{second.product_key_id}",
        "return_type": "ZOB",
        "reason": "Damaged delivery",
    }
    response = admin.post("/mar/exchange/returns/new/", entered)
    assert response.status_code == 302
    with mar_scope():
        sent = ReturnRequest.objects.get()
    file = admin.get(f"/mar/exchange/returns/{sent.pk}/file/")
    assert file["Content-Disposition"] == f'attachment; filename="{sent.rma_number}.xml"'
    assert first.product_key_id.encode() in file.content
    assert admin.post("/mar/exchange/returns/new/", entered).status_code == 409, (
        "they are on their way already"
    )


@pytest.mark.parametrize("text", ["12", "BBBBB-CCCCC-DDDDD-FFFFF-GGGGG", "9999999999999", ""])
def test_return_of_what_is_not_a_key_of_ours_is_an_error(admin: Client, text: str) -> None:
    entered = {"product_key_ids": text, "return_type": "ZOB", "reason": "x"}
    response = admin.post("/mar/exchange/returns/new/", entered)
    assert response.status_code == 422
    with mar_scope():
        assert ReturnRequest.objects.count() == 0


def test_number_of_queries_does_not_depend_on_the_rows(admin: Client) -> None:
    def queries() -> list[int]:
        counts = []
        for address in addresses:
            with CaptureQueriesContext(
                connection,
            ) as captured:
                assert admin.get(address).status_code == 200
            counts.append(len(captured))
        return counts

    report, builds = _sent(1)
    _import(_answer(report, builds, "77"))
    addresses = ["/mar/exchange/", f"/mar/exchange/cbrs/{report.pk}/", "/mar/exchange/returns/"]
    with mar_scope():
        send_return([make_stock(make_product(), 1)[0].pk], return_type="ZOB", reason="x", by=BY, at=AT)
    queries()
    one = queries()
    for _round in range(2):
        other, more = _sent(3)
        _import(_answer(other, more, "77"))
        with mar_scope():
            send_return([make_stock(make_product(), 1)[0].pk], return_type="ZOB", reason="x", by=BY, at=AT)
    addresses[1] = f"/mar/exchange/cbrs/{other.pk}/"
    assert queries() == one


def test_whole_road_in_the_browser_with_the_simulator(admin: Client, settings: Any) -> None:
    settings.SIMULATOR_DELAY_SECONDS = 0
    builds = make_builds(4)
    with mar_scope():
        SimulatedKey.objects.create(
            product_key_id=builds[0].key.product_key_id, sold_to_id="0000123456", forced_code="07"
        )
    run_exchange(at=AT, by=BY)
    page = admin.get("/mar/exchange/").content.decode()
    assert "4 of 4" in page
    assert "Duplicate key" in page
    with mar_scope():
        report = ComputerBuildReport.objects.get()
    detail = admin.get(f"/mar/exchange/cbrs/{report.pk}/").content.decode()
    assert "07 · Already enabled" in detail
    assert "Answer taken in" in detail
