"""Hostile answer files at the MAR's door to Microsoft: booked completely or not at all, and said in plain words."""

import re
from typing import Any

import pytest
from django.utils import timezone

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import ComputerBuildReport
from licensing.selectors.exchange import lines_of
from licensing.services.exchange_prepare import prepare_reports
from licensing.services.exchange_send import send_report
from tests.factories.exchange import make_ack, make_builds
from tests.hostile.shop import Shop, changed_tables, contents, is_plain, sentence_of
from tests.licensing.exchange.corpus import CANARY_KEY, MEGABYTE, good_cbr, good_zip, hostile_xml

DOOR = "/mar/exchange/answers/"
BY = Actor.system("test")
# Kept with the file's hash, so that the same file twice does no harm; and what a person must look at.
BOOKED = {"licensing_cbrackfile", "licensing_exchangeexception"}
XML = {
    file.name: file.make
    for file in hostile_xml()
    if file.name
    in {
        "billion laughs", "external dtd", "empty doctype", "200,000 deep", "500 KB name", "declares utf-16, is utf-8",
        "surrogate in utf-8", "nul at the end", "two roots", "json", "zip", "another root", "nothing",
    }
}  # fmt: skip


@pytest.fixture(scope="module")
def report(shop: Shop) -> ComputerBuildReport:
    """Send two builds to Microsoft, whose answer is awaited."""
    make_builds(2)
    with mar_scope():
        (report_id,) = prepare_reports(at=timezone.now(), by=BY)
        send_report(report_id, at=timezone.now(), by=BY)
        return ComputerBuildReport.objects.get(pk=report_id)


@pytest.fixture
def key_ids(report: ComputerBuildReport) -> list[str]:
    with mar_scope():
        return list(lines_of(report).order_by("pk").values_list("key__product_key_id", flat=True))


def send(shop: Shop, *files: tuple[str, bytes]) -> Any:
    return shop.upload(shop.admin, DOOR, "answers", *files)


def is_refused(shop: Shop, content: bytes) -> str:
    before = contents(shop.database)
    answer = send(shop, ("ack.xml", content))
    assert answer.status_code in (413, 422), sentence_of(answer)
    assert is_plain(answer)
    assert changed_tables(before, shop.database) == set()
    return sentence_of(answer)


@pytest.mark.parametrize("make", XML.values(), ids=XML)
def test_hostile_answer_is_refused(shop: Shop, report: ComputerBuildReport, make: Any) -> None:
    is_refused(shop, make())


@pytest.mark.parametrize("share", [0.02, 0.5, 0.98])
def test_truncated_answer_is_refused(
    shop: Shop, report: ComputerBuildReport, key_ids: list[str], share: float
) -> None:
    whole = make_ack(report, dict.fromkeys(key_ids, "00"))
    is_refused(shop, whole[: int(len(whole) * share)])


@pytest.mark.parametrize("foreign", ["5b0e7c1e-0000-4000-8000-00000000f0f0", "not a report"])
def test_answer_to_a_foreign_report_moves_no_key_and_waits_for_a_person(
    shop: Shop, report: ComputerBuildReport, key_ids: list[str], foreign: str
) -> None:
    """Microsoft may answer what this portal never sent: the file is kept, a person looks, no key moves."""
    before = contents(shop.database)
    answer = send(
        shop, ("ack.xml", make_ack(report, {key_ids[0]: "00", "3300000000777": "07"}, report_id=foreign))
    )
    assert answer.status_code == 302, sentence_of(answer)
    assert changed_tables(before, shop.database) <= BOOKED
    assert is_plain(shop.admin.get(answer.headers["Location"]))


def test_our_own_report_and_a_zip_are_no_answers(shop: Shop) -> None:
    is_refused(shop, good_cbr())
    is_refused(shop, good_zip())


def test_more_than_64_megabytes_are_refused(shop: Shop) -> None:
    is_refused(shop, b"<ComputerBuildReportAcknowledgement>" + b"<!-- x -->" * (7 * MEGABYTE))


def test_no_file_and_too_many_files_are_refused(shop: Shop) -> None:
    before = contents(shop.database)
    for answer in (
        shop.admin.post(DOOR, {}),
        send(shop, *((f"{n}.xml", b"<a/>") for n in range(21))),
        send(shop, *((f"{n}.xml", b"<a/>") for n in range(501))),
    ):
        assert answer.status_code in (400, 413, 422)
        assert is_plain(answer)
    assert changed_tables(before, shop.database) == set()


def test_unknown_codes_move_no_key_and_wait_for_a_person(
    shop: Shop, report: ComputerBuildReport, key_ids: list[str]
) -> None:
    before = contents(shop.database)
    codes = dict(zip(key_ids, ("42", "XX"), strict=True)) | {"3300000000888": "00"}
    answer = send(shop, ("ack.xml", make_ack(report, codes)))
    assert answer.status_code == 302, sentence_of(answer)
    page = shop.admin.get(answer.headers["Location"])
    assert is_plain(page)
    assert re.search(r"[0-9] lines? needs? a look|[0-9] lines need a look", sentence_of(page))
    changed = changed_tables(before, shop.database)
    assert changed >= BOOKED
    assert not changed & {"licensing_productkey", "licensing_ledgerentry"}


def test_markup_and_keys_in_an_answer_are_shown_harmlessly(
    shop: Shop, report: ComputerBuildReport, key_ids: list[str]
) -> None:
    content = make_ack(report, {key_ids[0]: "42"}).replace(
        b"Words of code 42", f"&lt;script&gt;alert(1)&lt;/script&gt; {CANARY_KEY}".encode()
    )
    answer = send(shop, (f"<b>{CANARY_KEY}.xml", content))
    page = shop.admin.get("/mar/exchange/")
    report_page = shop.admin.get(f"/mar/exchange/cbrs/{report.pk}/")
    assert answer.status_code in (302, 422)
    for shown in (page, report_page):
        assert shown.status_code == 200
        assert is_plain(shown)
        assert "<script>alert" not in shown.content.decode()
