"""ReturnRequest and ReturnAck: keys given back to Microsoft, and what it makes of them line by line.

Source: Microsoft DIS interface, docs/formats.md
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from io import BytesIO
from typing import Literal
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
from licensing.exchange.cbr_xml import check_customer_id
from licensing.exchange.refusals import ErrorList, FormatError, WriteRefused, XmlRefused
from licensing.exchange.safe_xml import MICROSOFT_LIMITS, XmlLimits, iter_subtrees, local_name
from licensing.exchange.xml_text import (
    add_lines,
    child_of,
    format_time,
    make,
    text_of,
    to_bytes,
    visible_text,
)
from licensing.rules.key_syntax import is_product_key_id, mask_keys

MAX_RETURN_LINES = 5_000
MAX_RMA_BYTES = 35
RETURN_TYPES = ("ZOA", "ZOB", "ZOC", "ZOD", "ZOE", "ZOF")
NO_CREDIT_ONLY_TYPES = ("ZOE", "ZOF")
ROOTS = ("ReturnAck", "ReturnAcks", "ReturnAckResponse")
_HEADER = (
    "ReturnUniqueID", "MSReturnNumber", "ReturnDateUTC", "OEMRMANumber", "OEMRMADateUTC",
    "SoldToCustomerID", "SoldToCustomerName", "ReturnAckLineItems",
)  # fmt: skip
_LINE_FIELDS = {
    "MSReturnLineNumber", "OEMRMALineNumber", "ReturnTypeID", "ProductKeyID", "LicensablePartNumber",
    "ReturnReasonCode", "ReturnReasonCodeDescription",
}  # fmt: skip
Outcome = Literal["credited", "rejected", "not_credited", "unknown"]
_OUTCOMES: dict[str, Outcome] = {"O": "credited", "P": "rejected", "Q": "not_credited"}


@dataclass(frozen=True, slots=True)
class ReturnRequestLine:
    """One key to give back; `line_number` is the MAR's own, from 1."""

    line_number: int
    return_type_id: str
    product_key_id: str


@dataclass(frozen=True, slots=True)
class ReturnRequestBatch:
    """One return of 1 to 5,000 keys under one return number of the MAR (1 to 35 bytes)."""

    rma_number: str
    rma_at: datetime
    sold_to_customer_id: str
    is_no_credit: bool
    lines: tuple[ReturnRequestLine, ...]


@dataclass(frozen=True, slots=True)
class ReturnAckLine:
    """The answer for one key; the code is kept as sent, known or not."""

    product_key_id: str
    reason_code: str
    reason_description: str = ""
    return_type_id: str = ""
    ms_return_line_number: str = ""
    oem_rma_line_number: str = ""
    licensable_part_number: str = ""
    other: Mapping[str, str] = field(default_factory=dict)

    @property
    def outcome(self) -> Outcome:
        """Tell by the first letter whether the key is returned, and whether money follows."""
        return _OUTCOMES.get(self.reason_code[:1].upper(), "unknown")


@dataclass(frozen=True, slots=True)
class ReturnAckFile:
    """One answer to a return; `errors` as in `CbrAckFile`."""

    return_unique_id: str
    ms_return_number: str
    return_at: datetime | None
    rma_number: str
    rma_at: datetime | None
    sold_to_customer_id: str
    sold_to_customer_name: str
    lines: tuple[ReturnAckLine, ...]
    errors: tuple[FormatError, ...] = ()
    error_count: int = 0
    other: Mapping[str, str] = field(default_factory=dict)


def write_return_request(batch: ReturnRequestBatch) -> bytes:
    """Return the request as UTF-8 XML; the same batch always gives the same bytes.

    :raises WriteRefused: for anything Microsoft would refuse by its form
    """
    _check_batch(batch)
    root = make(
        "ReturnRequest",
        [
            ("OEMRMANumber", batch.rma_number),
            ("OEMRMADate", format_time(batch.rma_at)),
            ("SoldToCustomerID", batch.sold_to_customer_id),
            ("ReturnNoCredit", "true" if batch.is_no_credit else "false"),
        ],
    )
    add_lines(
        root,
        "ReturnLineItems",
        (
            make(
                "ReturnLineItem",
                [
                    ("OEMRMALineNumber", line.line_number),
                    ("ReturnTypeID", line.return_type_id),
                    ("ProductKeyID", line.product_key_id),
                ],
            )
            for line in batch.lines
        ),
    )
    return to_bytes(root)


def read_return_acks(data: bytes, *, limits: XmlLimits = MICROSOFT_LIMITS) -> list[ReturnAckFile]:
    """Read a single answer or a list of answers.

    :raises XmlRefused: if the file is not such a file; wrong lines are never fatal
    """
    subtrees = iter_subtrees(BytesIO(data), wanted=frozenset({"ReturnAck"}), roots=ROOTS, limits=limits)
    answers = capped(subtrees, limit=MAX_ANSWERS, code="too_many_parts")
    files = [_read_file(subtree.element) for subtree in answers]
    if not files:
        raise XmlRefused("answer_no_lines")
    return files


def write_return_ack(ack: ReturnAckFile) -> bytes:
    """Return one answer as UTF-8 XML.

    :raises WriteRefused: naive_time, characters
    """
    root = make(
        "ReturnAck",
        [
            ("ReturnUniqueID", ack.return_unique_id),
            ("MSReturnNumber", ack.ms_return_number),
            ("ReturnDateUTC", format_time(ack.return_at) if ack.return_at else None),
            ("OEMRMANumber", ack.rma_number),
            ("OEMRMADateUTC", format_time(ack.rma_at) if ack.rma_at else None),
            ("SoldToCustomerID", ack.sold_to_customer_id),
            ("SoldToCustomerName", ack.sold_to_customer_name or None),
        ],
    )
    add_lines(root, "ReturnAckLineItems", (_ack_line(line) for line in ack.lines))
    return to_bytes(root)


def _check_batch(batch: ReturnRequestBatch) -> None:
    if not 1 <= len(batch.rma_number.encode()) <= MAX_RMA_BYTES:
        raise WriteRefused("rma_number", field="rma_number", limit=MAX_RMA_BYTES)
    check_customer_id(batch.sold_to_customer_id, name="sold_to_customer_id")
    if not 1 <= len(batch.lines) <= MAX_RETURN_LINES:
        raise WriteRefused("count", field="lines", limit=MAX_RETURN_LINES, found=len(batch.lines))
    rows_by_id: dict[str, int] = {}
    for row, line in enumerate(batch.lines, start=1):
        if not is_product_key_id(line.product_key_id):
            raise WriteRefused("product_key_id_syntax", field="product_key_id", row=row)
        first_row = rows_by_id.setdefault(line.product_key_id, row)
        if first_row != row:
            raise WriteRefused("product_key_id_twice", field="product_key_id", row=row, first_row=first_row)
        is_offered = batch.is_no_credit or line.return_type_id not in NO_CREDIT_ONLY_TYPES
        if line.return_type_id not in RETURN_TYPES or not is_offered:
            raise WriteRefused("return_type", field="return_type_id", row=row)


def _read_file(element: Element) -> ReturnAckFile:
    errors = ErrorList()
    header = HeaderTexts(element, errors)
    answered = capped(_read_lines(element, errors), limit=MAX_ANSWER_LINES, code="too_many_keys")
    lines = one_of_each(answered, errors)
    if not lines and not errors.count:
        errors.add(0, "", "answer_no_lines")
    return ReturnAckFile(
        return_unique_id=header.text("ReturnUniqueID", limit=64),
        ms_return_number=header.text("MSReturnNumber", limit=35),
        return_at=header.time("ReturnDateUTC"),
        rma_number=header.text("OEMRMANumber", limit=MAX_RMA_BYTES),
        rma_at=header.time("OEMRMADateUTC"),
        sold_to_customer_id=header.text("SoldToCustomerID", limit=10),
        sold_to_customer_name=header.text("SoldToCustomerName", limit=80),
        lines=lines,
        other=header.others(_HEADER),
        errors=errors.kept,
        error_count=errors.count,
    )


def _read_lines(element: Element, errors: ErrorList) -> Iterator[tuple[int, str, str, ReturnAckLine]]:
    container = child_of(element, "ReturnAckLineItems")
    for row, entry in enumerate(container if container is not None else (), start=1):
        line = ReturnAckLine(
            product_key_id=text_of(entry, "ProductKeyID"),
            reason_code=mask_keys(text_of(entry, "ReturnReasonCode"))[:MAX_CODE_CHARACTERS],
            reason_description=mask_keys(text_of(entry, "ReturnReasonCodeDescription"))[:500],
            return_type_id=mask_keys(text_of(entry, "ReturnTypeID"))[:10],
            ms_return_line_number=mask_keys(text_of(entry, "MSReturnLineNumber"))[:10],
            oem_rma_line_number=mask_keys(text_of(entry, "OEMRMALineNumber"))[:10],
            licensable_part_number=mask_keys(text_of(entry, "LicensablePartNumber"))[:16],
            other={
                mask_keys(local_name(part.tag)): visible_text(part)
                for part in entry
                if local_name(part.tag) not in _LINE_FIELDS
            },
        )
        if not line.reason_code:
            errors.add(row, "reason_code", "required")
        yield row, line.product_key_id, line.reason_code, line


def _ack_line(line: ReturnAckLine) -> etree._Element:
    return make(
        "ReturnAckLineItem",
        [
            ("MSReturnLineNumber", line.ms_return_line_number or None),
            ("OEMRMALineNumber", line.oem_rma_line_number or None),
            ("ReturnTypeID", line.return_type_id or None),
            ("ProductKeyID", line.product_key_id),
            ("LicensablePartNumber", line.licensable_part_number or None),
            ("ReturnReasonCode", line.reason_code),
            ("ReturnReasonCodeDescription", line.reason_description or None),
        ],
    )
