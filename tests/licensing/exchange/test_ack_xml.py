import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.exchange.ack_xml import AckLine, read_acks, write_ack, write_acks
from licensing.exchange.refusals import XmlRefused
from licensing.exchange.samples import sample_guid, sample_hardware_hash, sample_product_key_id
from licensing.exchange.xsd import validate
from tests.licensing.exchange.corpus import (
    AT,
    CANARY_KEY,
    SOLD_TO,
    ack_file,
    changed_values,
    good_ack,
    good_cbr,
    mutations,
)

HASH = "T0EzSEFTSC1TWU5USEVUSUM="
texts = st.text(
    st.characters(min_codepoint=33, max_codepoint=1_000, exclude_categories=["C", "Z"]), max_size=60
)
DESCRIBED = b"""<ComputerBuildReportAck xmlns="http://schemas.ms.it.oem/digitaldistribution/2010/10">
  <MSReportUniqueID>11111111-2222-4333-8444-555555555555</MSReportUniqueID>
  <CustomerReportUniqueID>5b0e7c1e-0000-4000-8000-000000000001</CustomerReportUniqueID>
  <MSReceivedDateUTC>2025-03-04T09:15:00+00:00</MSReceivedDateUTC>
  <SoldToCustomerID>0000123456</SoldToCustomerID><ReceivedFromCustomerID>0000123456</ReceivedFromCustomerID>
  <CBRAckFileTotal>2</CBRAckFileTotal><CBRAckFileNumber>1</CBRAckFileNumber>
  <FailedValidations><FailedValidationResult>
    <ProductKeyID>3300000000018</ProductKeyID><HardwareHash>T0EzSEFTSC1TWU5USEVUSUM=</HardwareHash>
    <ReasonCode>07</ReasonCode><ReasonCodeDescription>Already enabled</ReasonCodeDescription>
  </FailedValidationResult></FailedValidations>
  <SuccessfulValidations><SuccessfulValidationResult>
    <ProductKeyID>3300000000017</ProductKeyID><HardwareHash>T0EzSEFTSC1TWU5USEVUSUM=</HardwareHash>
  </SuccessfulValidationResult></SuccessfulValidations>
</ComputerBuildReportAck>"""


def line(number: int, *, is_success: bool = False, code: str = "07", **more: object) -> AckLine:
    return AckLine(sample_product_key_id(number), is_success, code, hardware_hash=HASH, **more)  # type: ignore[arg-type]


@st.composite
def lines(draw: st.DrawFn) -> list[AckLine]:
    numbers = draw(st.lists(st.integers(0, 10**6), min_size=1, max_size=12, unique=True))
    found = []
    for number in numbers:
        is_success = draw(st.booleans())
        code = draw(st.sampled_from(["00", "02"] if is_success else ["01", "03", "08", "99", "ZZ"]))
        plain = is_success and code == "00"
        errors = () if plain else tuple(text for text in draw(st.lists(texts, max_size=2)) if text)
        found.append(
            line(
                number,
                is_success=is_success,
                code=code,
                reason_description="" if plain else draw(texts),
                optional_info_errors=errors,
            )
        )
    return sorted(found, key=lambda item: item.is_success)


@given(lines())
def test_written_answer_is_valid_and_read_back(given_lines: list[AckLine]) -> None:
    ack = ack_file(*given_lines)
    data = write_ack(ack)
    assert validate(data, "ack") == []
    assert read_acks(data) == [ack]


def test_described_answer_is_read() -> None:
    (ack,) = read_acks(DESCRIBED)
    assert validate(DESCRIBED, "ack") == []
    assert ack.customer_report_unique_id == "5b0e7c1e-0000-4000-8000-000000000001"
    assert (ack.received_at, ack.sold_to_customer_id) == (AT, SOLD_TO)
    assert (ack.file_total, ack.file_number, ack.errors) == (2, 1, ())
    assert ack.lines == (
        AckLine("3300000000018", False, "07", "Already enabled", HASH),
        AckLine("3300000000017", True, "00", "", HASH),
    )


def test_lists_and_responses_of_answers_are_read() -> None:
    two = [ack_file(line(1)), replace(ack_file(line(2)), file_number=2, file_total=2)]
    data = write_acks(two)
    assert read_acks(data) == two
    inner = re.sub(rb"</?ComputerBuildReportAckResponse[^>]*>", b"", data)
    assert read_acks(inner) == two
    assert read_acks(re.sub(rb' xmlns="[^"]*"', b"", inner)) == two


@pytest.mark.parametrize("code", ["09", "99", "A7", "unknown-but-kept"])
def test_unknown_code_is_kept_and_no_error(code: str) -> None:
    data = DESCRIBED.replace(b"<ReasonCode>07", f"<ReasonCode>{code}".encode())
    (ack,) = read_acks(data)
    assert (ack.lines[0].reason_code, ack.errors) == (code, ())


def test_success_with_a_code_keeps_it() -> None:
    data = DESCRIBED.replace(
        b"</HardwareHash>\n  </SuccessfulV", b"</HardwareHash><ReasonCode>02</ReasonCode>\n  </SuccessfulV"
    )
    (ack,) = read_acks(data)
    assert (ack.lines[1].is_success, ack.lines[1].reason_code) == (True, "02")


def test_unknown_elements_are_kept_with_keys_masked() -> None:
    data = DESCRIBED.replace(
        b"<CBRAckFileTotal>", f"<New><A>x</A>{CANARY_KEY}</New><CBRAckFileTotal>".encode()
    )
    data = data.replace(b"<ReasonCode>", b"<Later>soon</Later><ReasonCode>")
    (ack,) = read_acks(data)
    assert set(ack.other) == {"New"}
    assert CANARY_KEY[6:11] not in ack.other["New"]
    assert ack.lines[0].other == {"Later": "soon"}
    assert ack.errors == ()


def test_echoed_hash_that_is_none_is_dropped() -> None:
    (ack,) = read_acks(DESCRIBED.replace(HASH.encode(), CANARY_KEY.encode(), 1))
    assert (ack.lines[0].hardware_hash, ack.lines[1].hardware_hash, ack.errors) == ("", HASH, ())


def test_lists_repeated_without_inner_element_are_read() -> None:
    data = re.sub(rb"</?(Failed|Successful)ValidationResult>", b"", DESCRIBED)
    assert read_acks(data)[0].lines == read_acks(DESCRIBED)[0].lines


def test_reasons_inside_error_lists_are_read() -> None:
    inside = b"<E><Name>PC_MODEL_SKU</Name></E><E>two</E>"
    put = b"<OEMHardwareReportErrors>" + inside + b"</OEMHardwareReportErrors><ReasonCode>"
    (ack,) = read_acks(DESCRIBED.replace(b"<ReasonCode>", put))
    assert ack.lines[0].hardware_report_errors == ("PC_MODEL_SKU", "two")


def test_same_line_twice_is_booked_once_and_named() -> None:
    (ack,) = read_acks(write_ack(ack_file(line(1), line(1), line(2))))
    assert [item.product_key_id for item in ack.lines] == [sample_product_key_id(1), sample_product_key_id(2)]
    assert [(error.row, error.code) for error in ack.errors] == [(2, "answer_twice")]


def test_contradicting_lines_are_both_left_out_and_named() -> None:
    (ack,) = read_acks(write_ack(ack_file(line(1), line(2), line(1, is_success=True, code="00"))))
    assert [item.product_key_id for item in ack.lines] == [sample_product_key_id(2)]
    assert [(error.row, error.code) for error in ack.errors] == [(3, "answer_conflict")]


@pytest.mark.parametrize(
    ("pattern", "put", "expected"),
    [
        (
            rb"<ProductKeyID>3300000000018",
            b"<ProductKeyID>18",
            (1, "product_key_id", "product_key_id_syntax"),
        ),
        (rb"<ProductKeyID>3300000000018", b"<ProductKeyID>", (1, "product_key_id", "required")),
        (rb"<ReasonCode>07", b"<ReasonCode>", (1, "reason_code", "required")),
        (
            rb"<CustomerReportUniqueID>[^<]*",
            b"<CustomerReportUniqueID>",
            (0, "CustomerReportUniqueID", "required"),
        ),
        (
            rb"<CustomerReportUniqueID>[^<]*",
            b"<CustomerReportUniqueID>x",
            (0, "CustomerReportUniqueID", "guid_syntax"),
        ),
        (rb"<MSReceivedDateUTC>[^<]*", b"<MSReceivedDateUTC>now", (0, "MSReceivedDateUTC", "date_syntax")),
        (rb"<CBRAckFileTotal>2", b"<CBRAckFileTotal>many", (0, "CBRAckFileTotal", "number_syntax")),
        (rb"<CBRAckFileNumber>1", b"<CBRAckFileNumber>3", (0, "CBRAckFileNumber", "answer_part")),
        (rb"<CBRAckFileNumber>1", b"<CBRAckFileNumber>0", (0, "CBRAckFileNumber", "answer_part")),
        (rb"<FailedValidations>.*</SuccessfulValidations>", b"", (0, "", "answer_no_lines")),
    ],
)
def test_wrong_value_is_named_and_the_rest_is_kept(
    pattern: bytes, put: bytes, expected: tuple[int, str, str]
) -> None:
    (ack,) = read_acks(re.sub(pattern, put, DESCRIBED, flags=re.DOTALL))
    assert [(error.row, error.field, error.code) for error in ack.errors] == [expected]
    if expected[2] != "answer_no_lines":
        assert "3300000000017" in [item.product_key_id for item in ack.lines]


@pytest.mark.parametrize("data", [good_cbr(), b"<x/>"])
def test_another_kind_of_file_is_refused(data: bytes) -> None:
    with pytest.raises(XmlRefused) as caught:
        read_acks(data)
    assert caught.value.code == "xml_wrong_root"


def test_list_without_answers_is_refused() -> None:
    with pytest.raises(XmlRefused) as caught:
        read_acks(write_acks([]))
    assert caught.value.code == "answer_no_lines"


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (
            b"<ComputerBuildReportAcks>"
            + b"<ComputerBuildReportAck/>" * 1_001
            + b"</ComputerBuildReportAcks>",
            "too_many_parts",
        ),
        (
            DESCRIBED.replace(b"<FailedValidations>", b"<FailedValidations>" + b"<x/>" * 10_001),
            "too_many_keys",
        ),
    ],
)
def test_more_answers_or_lines_than_any_request_has_are_refused(data: bytes, code: str) -> None:
    with pytest.raises(XmlRefused) as caught:
        read_acks(data)
    assert caught.value.code == code


def test_5_000_lines_are_read() -> None:
    hardware_hash = sample_hardware_hash(1)
    ack = ack_file(*(replace(line(number), hardware_hash=hardware_hash) for number in range(5_000)))
    assert len(read_acks(write_ack(ack))[0].lines) == 5_000


def test_mutated_file_is_read_or_refused() -> None:
    for data in (
        *mutations(good_ack(), seed=6, count=1_000),
        *changed_values(good_ack(), seed=6, count=2_000),
    ):
        try:
            read_acks(data)
        except XmlRefused:
            continue


def test_report_ids_are_kept_in_one_form() -> None:
    upper = DESCRIBED.replace(b"5b0e7c1e-0000", b"5B0E7C1E-0000")
    assert read_acks(upper)[0].customer_report_unique_id == read_acks(DESCRIBED)[0].customer_report_unique_id
    assert sample_guid("ms") == ack_file().ms_report_unique_id
