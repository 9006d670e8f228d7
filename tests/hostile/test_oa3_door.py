"""Hostile build reports at the partner's door: each file refused in plain words, no key bound, none shown."""

import re
import time
from typing import Any

import pytest
from django.utils import timezone

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.exchange.oa3 import write_oa3
from licensing.exchange.samples import sample_hardware_hash, sample_product_key_id
from licensing.models import ProductKey
from licensing.rules.key_states import KeyState
from licensing.rules.key_syntax import SecretKey
from licensing.services.returns import ReturnAnswer, record_return_answers, send_return
from tests.factories.exchange import make_builds
from tests.hostile.shop import Shop, changed_tables, contents, is_plain, sentence_of, stored_files
from tests.licensing.exchange.corpus import (
    CANARY_KEY,
    MEGABYTE,
    good_oa3,
    hostile_xml,
    hostile_zips,
    make_zip,
)

DOOR = "/tpr/builds/upload/"
# What became of each file is kept for the partner.
RECORD = {"licensing_buildupload"}
PATIENCE_SECONDS = 30
TOO_SLOW_TO_MAKE = {"many bombs", "51 MB", "100,000 entries"}
ZIPS = {
    file.name: file.make
    for file in hostile_zips()
    if file.name not in {"nothing", "not a zip", "something before it"} | TOO_SLOW_TO_MAKE
}
XML = {
    file.name: file.make
    for file in hostile_xml()
    if file.name
    in {
        "billion laughs", "quadratic blow-up", "external dtd, utf-16", "200,000 deep", "30 MB comment", "500 KB cdata",
        "utf-32 be", "declares windows-1252", "odd number of utf-16 bytes", "nul in utf-16", "crossing tags",
        "undeclared entity", "html", "another root",
    }
}  # fmt: skip


def oa3(product_key_id: str, *, hash_of: object = "", **options: Any) -> bytes:
    """Return a build report in every respect good, but for what a test makes of it."""
    return write_oa3(
        product_key=None,
        product_key_id=product_key_id,
        hardware_hash=sample_hardware_hash(hash_of or product_key_id),
        **options,
    )


def is_refused(shop: Shop, *files: tuple[str, bytes]) -> str:
    """Assert that nothing of an upload is accepted or stored, and return what the page says."""
    before, began = contents(shop.database), time.monotonic()
    answer = shop.upload(shop.owner, DOOR, "files", *files)
    assert time.monotonic() - began < PATIENCE_SECONDS
    if answer.status_code == 302:
        assert changed_tables(before, shop.database) == RECORD
        answer = shop.owner.get(answer.headers["Location"])
        assert answer.status_code == 200
        assert re.search(r"\b0 of \d+ accepted\b.* Why What to do", sentence_of(answer))
    else:
        assert answer.status_code in (413, 422), sentence_of(answer)
        assert changed_tables(before, shop.database) == set()
    assert is_plain(answer)
    assert stored_files() == []
    return sentence_of(answer)


@pytest.mark.parametrize("make", ZIPS.values(), ids=ZIPS)
def test_hostile_zip_is_refused_as_a_whole(shop: Shop, make: Any) -> None:
    is_refused(shop, ("builds.zip", make()))


@pytest.mark.parametrize("make", XML.values(), ids=XML)
def test_hostile_xml_is_refused(shop: Shop, make: Any) -> None:
    is_refused(shop, ("OA3.xml", make()))


@pytest.mark.parametrize("share", [0.01, 0.4, 0.99])
def test_truncated_report_is_refused(shop: Shop, share: float) -> None:
    whole = good_oa3()
    is_refused(shop, ("OA3.xml", whole[: int(len(whole) * share)]))


def test_file_above_its_cap_and_empty_file_are_refused(shop: Shop) -> None:
    is_refused(shop, ("OA3.xml", b"<Key>" + b"x" * (2 * MEGABYTE)))
    assert "empty" in is_refused(shop, ("OA3.xml", b""))


def test_zip_above_its_cap_is_refused_before_it_is_opened(shop: Shop) -> None:
    is_refused(shop, ("builds.zip", b"PK\x03\x04" + bytes(51 * MEGABYTE)))


def test_more_files_than_one_form_may_bring_are_refused(shop: Shop) -> None:
    before = contents(shop.database)
    answer = shop.upload(shop.owner, DOOR, "files", *((f"{n}.xml", b"<a/>") for n in range(501)))
    assert answer.status_code in (400, 413)
    assert is_plain(answer)
    assert changed_tables(before, shop.database) == set()


def test_foreign_unknown_and_unseen_keys_are_refused_alike_or_by_name(shop: Shop) -> None:
    foreign = is_refused(shop, ("OA3.xml", oa3(shop.foreign.product_key_id)))
    unknown = is_refused(shop, ("OA3.xml", oa3(sample_product_key_id(77))))
    # A stranger's key and a missing one look the same.
    assert foreign.replace(shop.foreign.product_key_id, "ID") == unknown.replace(
        sample_product_key_id(77), "ID"
    )
    unseen = is_refused(shop, ("OA3.xml", oa3(shop.assigned.product_key_id)))
    assert unseen != unknown


def test_wrong_serial_is_refused_with_the_right_one_named(shop: Shop) -> None:
    said = is_refused(shop, ("OA3.xml", oa3(shop.held.product_key_id, serial_number="ANOTHER1")))
    assert "PF0ABCDE" in said
    assert "ANOTHER1" in said


def test_odd_ids_in_a_report_are_refused(shop: Shop) -> None:
    for odd in ("0", "9" * 400, "٣٣٠٠٠٠٠٠٠٠٠١٧", "330000000001'; DROP TABLE x; --", CANARY_KEY):
        is_refused(shop, ("OA3.xml", oa3("3300000000017").replace(b"3300000000017", odd.encode())))


def test_product_key_in_a_refused_report_is_never_repeated(shop: Shop) -> None:
    content = write_oa3(
        product_key=SecretKey(CANARY_KEY),
        product_key_id=sample_product_key_id(5),
        hardware_hash=sample_hardware_hash(5),
        serial_number=CANARY_KEY[:20],
    )
    assert CANARY_KEY not in is_refused(shop, (f"{CANARY_KEY}.xml", content))


def test_hostile_device_list_beside_a_report_is_refused(shop: Shop) -> None:
    rows = (b"=cmd|calc", b"product_key_id,model_sku\r\n=1+1,x\r\n", b"\xff\xfe\x00", b'"' * 10_000)
    for content in rows:
        is_refused(shop, ("builds.zip", make_zip({"devices.csv": content})))


def test_returned_key_is_refused_before_and_after_the_answer(shop: Shop) -> None:
    (build,) = make_builds(1, partner=shop.partner)
    by, at = Actor.system("test"), timezone.now()
    with mar_scope():
        key, serial = build.key, build.device.serial
        request = send_return([key.pk], return_type="ZOB", reason="damaged", by=by, at=at)
    is_refused(shop, ("OA3.xml", oa3(key.product_key_id, hash_of="r1", serial_number=serial)))
    with mar_scope():
        record_return_answers(request.pk, answers=[ReturnAnswer(key.product_key_id, "OO")], by=by, at=at)
        assert ProductKey.objects.get(pk=key.pk).state == KeyState.RETURNED
    is_refused(shop, ("OA3.xml", oa3(key.product_key_id, hash_of="r2", serial_number=serial)))


def test_already_bound_key_is_refused(shop: Shop) -> None:
    """Last in this file: here a good report goes through first."""
    good = oa3(shop.held.product_key_id)
    assert shop.upload(shop.owner, DOOR, "files", ("OA3.xml", good)).status_code == 302
    before = contents(shop.database)
    for content in (good, oa3(shop.held.product_key_id, hash_of="another")):
        answer = shop.upload(shop.owner, DOOR, "files", ("OA3.xml", content))
        page = shop.owner.get(answer.headers["Location"])
        assert "0 of 1 accepted" in sentence_of(page)
        assert is_plain(page)
    assert changed_tables(before, shop.database) == RECORD
