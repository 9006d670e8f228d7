import re
from dataclasses import replace
from datetime import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.exchange.refusals import WriteRefused, XmlRefused
from licensing.exchange.return_xml import (
    RETURN_TYPES,
    ReturnAckFile,
    ReturnAckLine,
    ReturnRequestBatch,
    ReturnRequestLine,
    read_return_acks,
    write_return_ack,
    write_return_request,
)
from licensing.exchange.samples import sample_guid, sample_product_key_id
from licensing.exchange.xsd import validate
from tests.licensing.exchange.corpus import AT, LPN, SOLD_TO, changed_values, good_ack, mutations


def request(*types: str, is_no_credit: bool = False) -> ReturnRequestBatch:
    lines = (
        ReturnRequestLine(number, kind, sample_product_key_id(number))
        for number, kind in enumerate(types, start=1)
    )
    return ReturnRequestBatch("RMA-2025-0007", AT, SOLD_TO, is_no_credit, tuple(lines))


def ack(*lines: ReturnAckLine) -> ReturnAckFile:
    return ReturnAckFile(
        sample_guid("return"), "0000000001", AT, "RMA-2025-0007", AT, SOLD_TO, "Beispiel GmbH", lines
    )


def line(number: int, code: str = "OO") -> ReturnAckLine:
    return ReturnAckLine(sample_product_key_id(number), code, "words", "ZOB", str(number), str(number), LPN)


@given(st.lists(st.sampled_from(RETURN_TYPES), min_size=1, max_size=20))
def test_written_request_is_valid_and_deterministic(types: list[str]) -> None:
    batch = request(*types, is_no_credit=True)
    assert validate(write_return_request(batch), "return_request") == []
    assert write_return_request(batch) == write_return_request(batch)


def test_request_is_the_one_described_byte_for_byte() -> None:
    text = re.sub(r">\s+<", "><", write_return_request(request("ZOB")).decode())
    assert text == (
        "<?xml version='1.0' encoding='utf-8'?>"
        '<ReturnRequest xmlns="http://schemas.ms.it.oem/digitaldistribution/2010/10">'
        "<OEMRMANumber>RMA-2025-0007</OEMRMANumber><OEMRMADate>2025-03-04T09:15:00+00:00</OEMRMADate>"
        "<SoldToCustomerID>0000123456</SoldToCustomerID><ReturnNoCredit>false</ReturnNoCredit>"
        "<ReturnLineItems><ReturnLineItem><OEMRMALineNumber>1</OEMRMALineNumber>"
        "<ReturnTypeID>ZOB</ReturnTypeID><ProductKeyID>3300000000001</ProductKeyID></ReturnLineItem>"
        "</ReturnLineItems></ReturnRequest>"
    )


@pytest.mark.parametrize(
    ("batch", "code"),
    [
        (request(), "count"),
        (request(*["ZOA"] * 5_001), "count"),
        (request("ZOE"), "return_type"),
        (request("ZOG", is_no_credit=True), "return_type"),
        (replace(request("ZOA"), rma_number=""), "rma_number"),
        (replace(request("ZOA"), rma_number="ü" * 18), "rma_number"),
        (replace(request("ZOA"), sold_to_customer_id="x"), "customer_id_syntax"),
        (replace(request("ZOA"), rma_at=datetime(2025, 3, 4)), "naive_time"),
        (replace(request("ZOA"), rma_number="a\x00"), "characters"),
        (replace(request("ZOA"), lines=(ReturnRequestLine(1, "ZOA", "17"),)), "product_key_id_syntax"),
        (
            replace(request("ZOA"), lines=(ReturnRequestLine(1, "ZOA", "3300000000017"),) * 2),
            "product_key_id_twice",
        ),
    ],
)
def test_wrong_request_is_not_written(batch: ReturnRequestBatch, code: str) -> None:
    with pytest.raises(WriteRefused) as caught:
        write_return_request(batch)
    assert caught.value.code == code
    assert caught.value.message


@given(st.lists(st.sampled_from(["OO", "OJ", "PB", "PI", "QH", "QI", "ZZ", "X1"]), min_size=1, max_size=20))
def test_written_answer_is_valid_and_read_back(codes: list[str]) -> None:
    written = ack(*(line(number, code) for number, code in enumerate(codes)))
    data = write_return_ack(written)
    assert validate(data, "return_ack") == []
    assert read_return_acks(data) == [written]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        ("OO", "credited"),
        ("oj", "credited"),
        ("PF", "rejected"),
        ("QH", "not_credited"),
        ("ZZ", "unknown"),
        ("", "unknown"),
    ],
)
def test_first_letter_tells_the_outcome(code: str, outcome: str) -> None:
    assert line(1, code).outcome == outcome


def test_several_answers_in_one_file_are_read() -> None:
    one = re.sub(r"<\?xml.*?\?>", "", write_return_ack(ack(line(1))).decode())
    assert read_return_acks(f"<ReturnAcks>{one}{one}</ReturnAcks>".encode()) == [ack(line(1))] * 2


def test_repeated_and_contradicting_lines_are_named() -> None:
    data = write_return_ack(ack(line(1), line(1), line(2), line(2, "PB"), line(3)))
    (found,) = read_return_acks(data)
    assert [item.product_key_id for item in found.lines] == [
        sample_product_key_id(1),
        sample_product_key_id(3),
    ]
    assert [(error.row, error.code) for error in found.errors] == [
        (2, "answer_twice"),
        (4, "answer_conflict"),
    ]


def test_missing_code_and_wrong_id_are_named_and_the_rest_kept() -> None:
    data = write_return_ack(ack(line(1), line(2), line(3)))
    data = data.replace(b">OO<", b"><", 1).replace(b"3300000000002", b"2")
    (found,) = read_return_acks(data)
    assert [(error.row, error.field, error.code) for error in found.errors] == [
        (1, "reason_code", "required"),
        (2, "product_key_id", "product_key_id_syntax"),
    ]
    assert [item.outcome for item in found.lines] == ["unknown", "credited"]


def test_another_kind_of_file_is_refused() -> None:
    with pytest.raises(XmlRefused) as caught:
        read_return_acks(good_ack())
    assert caught.value.code == "xml_wrong_root"


def test_mutated_file_is_read_or_refused() -> None:
    good = write_return_ack(ack(line(1), line(2, "PB")))
    for data in (*mutations(good, seed=7, count=1_000), *changed_values(good, seed=7, count=2_000)):
        try:
            read_return_acks(data)
        except XmlRefused:
            continue
