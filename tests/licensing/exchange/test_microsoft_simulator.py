import ast
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import licensing.exchange.microsoft_simulator as simulator
from licensing.exchange.ack_xml import AckLine, read_acks
from licensing.exchange.cbr_xml import write_cbr
from licensing.exchange.microsoft_simulator import KnownKey, SimulatorRefused, answer_cbr, answer_return
from licensing.exchange.refusals import ExchangeRefused, XmlRefused
from licensing.exchange.return_xml import (
    ReturnRequestBatch,
    ReturnRequestLine,
    read_return_acks,
    write_return_request,
)
from licensing.exchange.samples import sample_hardware_hash, sample_product_key_id
from licensing.exchange.xsd import validate
from tests.licensing.exchange.corpus import (
    AT,
    LPN,
    SOLD_TO,
    cbr_batch,
    changed_values,
    good_cbr,
    hostile_xml,
    mutations,
)

ID = sample_product_key_id
OURS = KnownKey(SOLD_TO, licensable_part_number=LPN)


def answer(xml: bytes, known: object, **options: object) -> list[AckLine]:
    files = answer_cbr(xml, known_keys=known, received_at=AT, **options)  # type: ignore[arg-type]
    return [line for file in files for ack in read_acks(file) for line in ack.lines]


def codes(lines: list[AckLine]) -> dict[str, str]:
    return {line.product_key_id: line.reason_code for line in lines}


@pytest.mark.parametrize(
    ("known", "code"),
    [
        (OURS, "00"),
        (None, "03"),
        (KnownKey("9999999999"), "04"),
        (replace(OURS, is_returned=True), "05"),
        (replace(OURS, is_lost_or_stolen=True), "06"),
        (replace(OURS, enabled_hash=sample_hardware_hash(0)), "07"),
        (replace(OURS, enabled_hash=sample_hardware_hash(1)), "01"),
    ],
)
def test_code_follows_from_what_microsoft_knows(known: KnownKey | None, code: str) -> None:
    for known_keys in ({ID(0): known} if known else {}, lambda _key_id: known):
        (line,) = answer(good_cbr(1), known_keys)
        assert (line.reason_code, line.is_success) == (code, code == "00")
        assert line.hardware_hash == sample_hardware_hash(0)
        assert bool(line.reason_description) == (code != "00")


def test_key_twice_in_one_report_is_a_duplicate() -> None:
    xml = good_cbr(2).replace(ID(1).encode(), ID(0).encode())
    (file,) = answer_cbr(xml, known_keys={ID(0): OURS}, received_at=AT)
    assert file.count(b"<ReasonCode>01</ReasonCode>") == 1
    assert file.count(b"<SuccessfulValidationResult") == 1


def test_unknown_optional_field_is_denied_with_its_name() -> None:
    xml = write_cbr(cbr_batch(1, optional_info={"ZOEM_EXT_ID": "1"})).replace(b"ZOEM_EXT_ID", b"ZWRONG")
    (line,) = answer(xml, {ID(0): OURS})
    assert (line.reason_code, line.optional_info_errors) == ("08", ("ZWRONG",))


@pytest.mark.parametrize(
    ("code", "is_success"),
    [("00", True), ("02", True), ("01", False), ("08", False), ("99", False), ("Q7", False)],
)
def test_plan_forces_any_code_known_or_not(code: str, is_success: bool) -> None:
    lines = answer(good_cbr(2), lambda _key_id: OURS, deny_plan={ID(1): code})
    assert codes(lines) == {ID(0): "00", ID(1): code}
    assert {line.product_key_id: line.is_success for line in lines}[ID(1)] is is_success


@given(st.integers(1, 12), st.integers(1, 15))
def test_split_answer_holds_each_line_once_over_numbered_valid_files(count: int, parts: int) -> None:
    plan = {ID(number): "03" for number in range(0, count, 3)}
    files = answer_cbr(
        good_cbr(count), known_keys=lambda _id: OURS, received_at=AT, deny_plan=plan, split_over=parts
    )
    acks = [read_acks(file)[0] for file in files]
    assert all(validate(file, "ack") == [] for file in files)
    assert [ack.file_number for ack in acks] == list(range(1, min(count, parts) + 1))
    assert {ack.file_total for ack in acks} == {len(files)}
    assert len({ack.ms_report_unique_id for ack in acks}) == 1
    lines = [line for ack in acks for line in ack.lines]
    assert codes(lines) == {ID(n): plan.get(ID(n), "00") for n in range(count)}
    assert len(lines) == count


def test_answer_names_the_report_and_is_deterministic() -> None:
    files = [answer_cbr(good_cbr(), known_keys={}, received_at=AT) for _run in range(2)]
    assert files[0] == files[1]
    ack = read_acks(files[0][0])[0]
    assert ack.customer_report_unique_id == cbr_batch().customer_report_unique_id
    assert (ack.received_at, ack.sold_to_customer_id, ack.received_from_customer_id) == (AT, SOLD_TO, SOLD_TO)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<TotalLineItems>3", b"<TotalLineItems>2"),
        (b"<TouchScreen", b"<Touch"),
        (b"Nontouch", b"Non-Touch"),
        (b"<ProductKeyID>33", b"<ProductKeyID>3"),
        (b"2010/10", b"2010/11"),
    ],
)
def test_report_that_breaks_the_schema_is_refused_whole(old: bytes, new: bytes) -> None:
    xml = good_cbr().replace(old, new)
    if xml == good_cbr():
        xml = good_cbr().replace(b"<TOUCH_SCREEN>Nontouch</TOUCH_SCREEN>", b"", 1)
    with pytest.raises(SimulatorRefused) as caught:
        answer_cbr(xml, known_keys={}, received_at=AT)
    assert caught.value.errors
    assert caught.value.message


def test_hostile_report_is_refused() -> None:
    for file in hostile_xml():
        if file.name in ("another root", "65 MB"):
            continue
        with pytest.raises(XmlRefused):
            answer_cbr(file.make(), known_keys={}, received_at=AT)


def test_mutated_report_is_answered_or_refused() -> None:
    for data in (*mutations(good_cbr(2), seed=9, count=500), *changed_values(good_cbr(2), seed=9, count=500)):
        try:
            assert validate(answer_cbr(data, known_keys={}, received_at=AT)[0], "ack") == []
        except ExchangeRefused:
            continue


def test_simulator_does_not_use_our_writer_of_reports() -> None:
    tree = ast.parse(Path(simulator.__file__).read_text())
    imported = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    names = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) for alias in node.names
    }
    assert "licensing.exchange.cbr_xml" not in imported
    assert "write_return_request" not in names


# -- returns -------------------------------------------------------------------------------------------------


def request(kind: str, *, is_no_credit: bool = False) -> bytes:
    lines = (ReturnRequestLine(1, kind, ID(1)),)
    return write_return_request(ReturnRequestBatch("RMA-1", AT, SOLD_TO, is_no_credit, lines))


def return_code(xml: bytes, known: KnownKey | None, **options: object) -> str:
    data = answer_return(xml, known_keys=lambda _id: known, received_at=AT, **options)  # type: ignore[arg-type]
    assert validate(data, "return_ack") == []
    (ack,) = read_return_acks(data)
    assert (ack.rma_number, ack.rma_at, ack.return_at, ack.errors) == ("RMA-1", AT, AT, ())
    return ack.lines[0].reason_code


@pytest.mark.parametrize(
    ("kind", "is_no_credit", "known", "code"),
    [
        ("ZOA", False, OURS, "OO"),
        ("ZOB", False, OURS, "OP"),
        ("ZOC", False, OURS, "OJ"),
        ("ZOD", False, OURS, "OQ"),
        ("ZOE", True, OURS, "QH"),
        ("ZOA", True, OURS, "QH"),
        ("ZOA", False, None, "PB"),
        ("ZOA", False, KnownKey("9999999999"), "PA"),
        ("ZOA", False, replace(OURS, is_returned=True), "PF"),
        ("ZOA", False, replace(OURS, is_lost_or_stolen=True), "QH"),
        ("ZOA", False, replace(OURS, fulfilled_at=AT - timedelta(days=365)), "OO"),
        ("ZOA", False, replace(OURS, fulfilled_at=AT - timedelta(days=366)), "PI"),
        ("ZOE", True, replace(OURS, fulfilled_at=AT - timedelta(days=366)), "QI"),
    ],
)
def test_return_code_follows_from_type_and_key(
    kind: str, is_no_credit: bool, known: KnownKey | None, code: str
) -> None:
    assert return_code(request(kind, is_no_credit=is_no_credit), known) == code


def test_no_credit_type_in_a_credit_return_is_rejected() -> None:
    xml = request("ZOE", is_no_credit=True).replace(b">true<", b">false<")
    assert return_code(xml, OURS) == "PJ"


def test_plan_forces_a_return_code() -> None:
    assert return_code(request("ZOA"), OURS, code_plan={ID(1): "X9"}) == "X9"


def test_key_twice_in_one_return_is_a_duplicate() -> None:
    xml = request("ZOA")
    start, end = xml.index(b"<ReturnLineItem>"), xml.index(b"</ReturnLineItems>")
    twice = xml[:end] + xml[start:end] + xml[end:]
    data = answer_return(twice, known_keys={ID(1): OURS}, received_at=AT)
    assert data.count(b"<ReturnReasonCode>PG</ReturnReasonCode>") == 1


def test_return_that_breaks_the_schema_is_refused() -> None:
    with pytest.raises(SimulatorRefused):
        answer_return(request("ZOA").replace(b"ZOA", b"ZOX"), known_keys={}, received_at=AT)
