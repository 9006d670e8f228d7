"""ComputerBuildReportAck: Microsoft's answer to a build report, possibly split over several files.

Source: Microsoft DIS interface, docs/formats.md
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from xml.etree.ElementTree import Element

from lxml import etree

from licensing.exchange.answer_lines import (
    MAX_ANSWER_LINES,
    MAX_ANSWERS,
    MAX_CODE_CHARACTERS,
    HeaderTexts,
    capped,
    one_of_each,
)
from licensing.exchange.oa3 import hash_problem
from licensing.exchange.refusals import ErrorList, FormatError, XmlRefused
from licensing.exchange.safe_xml import MICROSOFT_LIMITS, XmlLimits, iter_subtrees, local_name
from licensing.exchange.xml_text import (
    add,
    add_group,
    add_lines,
    child_of,
    format_time,
    make,
    text_of,
    to_bytes,
    visible_text,
)
from licensing.rules.key_syntax import mask_keys

ROOTS = ("ComputerBuildReportAck", "ComputerBuildReportAcks", "ComputerBuildReportAckResponse")
SUCCESS_CODE = "00"
_HEADER = (
    "MSReportUniqueID", "CustomerReportUniqueID", "MSReceivedDateUTC", "SoldToCustomerID",
    "ReceivedFromCustomerID", "CBRAckFileTotal", "CBRAckFileNumber",
)  # fmt: skip
_LISTS = ("FailedValidations", "SuccessfulValidations")
_LINE_FIELDS = {
    "ProductKeyID", "HardwareHash", "OEMOptionalInfoErrors", "OEMHardwareReportErrors",
    "ReasonCode", "ReasonCodeDescription",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class AckLine:
    """The answer for one key.

    `reason_code` is kept as sent, known or not; a success without one has 00, a failure without one "".
    """

    product_key_id: str
    is_success: bool
    reason_code: str
    reason_description: str = ""
    hardware_hash: str = ""
    optional_info_errors: tuple[str, ...] = ()
    hardware_report_errors: tuple[str, ...] = ()
    other: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CbrAckFile:
    """One answer, or one part of it (`file_number` of `file_total`, from 1).

    `errors` name lines left out and header values that are missing or malformed; the rest is usable.
    """

    ms_report_unique_id: str
    customer_report_unique_id: str
    received_at: datetime | None
    sold_to_customer_id: str
    received_from_customer_id: str
    file_total: int
    file_number: int
    lines: tuple[AckLine, ...]
    errors: tuple[FormatError, ...] = ()
    error_count: int = 0
    other: Mapping[str, str] = field(default_factory=dict)


def read_acks(data: bytes, *, limits: XmlLimits = MICROSOFT_LIMITS) -> list[CbrAckFile]:
    """Read a single answer, a list of answers, or a response that wraps either.

    :raises XmlRefused: if the file is not such a file; wrong lines are never fatal
    """
    subtrees = iter_subtrees(
        BytesIO(data), wanted=frozenset({"ComputerBuildReportAck"}), roots=ROOTS, limits=limits
    )
    answers = capped(subtrees, limit=MAX_ANSWERS, code="too_many_parts")
    files = [_read_file(subtree.element) for subtree in answers]
    if not files:
        raise XmlRefused("answer_no_lines")
    return files


def write_ack(ack: CbrAckFile) -> bytes:
    """Return one answer as UTF-8 XML.

    :raises WriteRefused: naive_time, characters
    """
    return to_bytes(_ack(ack))


def write_acks(acks: Iterable[CbrAckFile]) -> bytes:
    """Return a list of answers as one file, as Microsoft's service gives them when asked for all.

    :raises WriteRefused: naive_time, characters
    """
    root = make("ComputerBuildReportAckResponse")
    add_lines(root, "ComputerBuildReportAcks", (_ack(ack) for ack in acks))
    return to_bytes(root)


def _read_file(element: Element) -> CbrAckFile:
    errors = ErrorList()
    header = HeaderTexts(element, errors)
    total, number = header.number("CBRAckFileTotal", default=1), header.number("CBRAckFileNumber", default=1)
    if not 1 <= number <= total:
        errors.add(0, "CBRAckFileNumber", "answer_part", number=number, total=total)
    answered = capped(_read_lines(element, errors), limit=MAX_ANSWER_LINES, code="too_many_keys")
    lines = one_of_each(answered, errors)
    if not lines and not errors.count:
        errors.add(0, "", "answer_no_lines")
    return CbrAckFile(
        ms_report_unique_id=header.text("MSReportUniqueID", limit=64),
        customer_report_unique_id=header.guid("CustomerReportUniqueID"),
        received_at=header.time("MSReceivedDateUTC"),
        sold_to_customer_id=header.text("SoldToCustomerID", limit=10),
        received_from_customer_id=header.text("ReceivedFromCustomerID", limit=10),
        file_total=total,
        file_number=number,
        lines=lines,
        other=header.others((*_HEADER, *_LISTS)),
        errors=errors.kept,
        error_count=errors.count,
    )


def _read_lines(element: Element, errors: ErrorList) -> Iterator[tuple[int, str, str, AckLine]]:
    row = 0
    for container in element:
        name = local_name(container.tag)
        if name not in _LISTS:
            continue
        # Some serialisers repeat the list element for each line instead of nesting lines in it.
        is_line = child_of(container, "ProductKeyID") is not None
        for entry in [container] if is_line else container:
            row += 1
            line = _read_line(entry, is_success=name == "SuccessfulValidations")
            if not line.reason_code:
                errors.add(row, "reason_code", "required")
            yield row, line.product_key_id, line.reason_code, line


def _read_line(entry: Element, *, is_success: bool) -> AckLine:
    code = mask_keys(text_of(entry, "ReasonCode"))[:MAX_CODE_CHARACTERS]
    return AckLine(
        product_key_id=text_of(entry, "ProductKeyID"),
        is_success=is_success,
        reason_code=code or (SUCCESS_CODE if is_success else ""),
        reason_description=mask_keys(text_of(entry, "ReasonCodeDescription"))[:500],
        hardware_hash=_hardware_hash(text_of(entry, "HardwareHash")),
        optional_info_errors=_texts_in(child_of(entry, "OEMOptionalInfoErrors")),
        hardware_report_errors=_texts_in(child_of(entry, "OEMHardwareReportErrors")),
        other={
            mask_keys(local_name(part.tag)): visible_text(part)
            for part in entry
            if local_name(part.tag) not in _LINE_FIELDS
        },
    )


def _hardware_hash(text: str) -> str:
    """Return the hash without white space, or nothing if it is none: it is an echo, not worth a refusal."""
    joined = "".join(text.split())
    return "" if hash_problem(joined, min_characters=1) else joined


def _texts_in(element: Element | None) -> tuple[str, ...]:
    if element is None:
        return ()
    texts = [visible_text(part) for part in element] or [visible_text(element)]
    return tuple(text for text in texts if text)


def _ack(ack: CbrAckFile) -> etree._Element:
    root = make(
        "ComputerBuildReportAck",
        [
            ("MSReportUniqueID", ack.ms_report_unique_id),
            ("CustomerReportUniqueID", ack.customer_report_unique_id),
            ("MSReceivedDateUTC", format_time(ack.received_at) if ack.received_at else None),
            ("SoldToCustomerID", ack.sold_to_customer_id),
            ("ReceivedFromCustomerID", ack.received_from_customer_id),
            ("CBRAckFileTotal", ack.file_total),
            ("CBRAckFileNumber", ack.file_number),
        ],
    )
    failed = (_line(line, "FailedValidationResult") for line in ack.lines if not line.is_success)
    good = (_line(line, "SuccessfulValidationResult") for line in ack.lines if line.is_success)
    add_lines(root, "FailedValidations", failed)
    add_lines(root, "SuccessfulValidations", good)
    return root


def _line(line: AckLine, name: str) -> etree._Element:
    element = make(name, [("ProductKeyID", line.product_key_id), ("HardwareHash", line.hardware_hash)])
    for list_name, texts in (
        ("OEMOptionalInfoErrors", line.optional_info_errors),
        ("OEMHardwareReportErrors", line.hardware_report_errors),
    ):
        if texts:
            add_group(element, list_name, [("Error", text) for text in texts])
    if not line.is_success or line.reason_code != SUCCESS_CODE:
        add(element, "ReasonCode", line.reason_code)
        add(element, "ReasonCodeDescription", line.reason_description or None)
    return element
