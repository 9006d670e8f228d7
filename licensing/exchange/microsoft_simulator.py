"""Answer build reports and returns as Microsoft's service would, from what it "knows" of each key.

It reads the request by itself and checks it by the schema; our writer of requests is not used here, so that a
fault in the writer cannot hide. Nothing is remembered between calls and no clock is read.
"""

import uuid
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from xml.etree.ElementTree import Element

from licensing.exchange.ack_xml import AckLine, CbrAckFile, write_ack
from licensing.exchange.fulfilment import parse_time
from licensing.exchange.refusals import ExchangeRefused
from licensing.exchange.return_xml import ReturnAckFile, ReturnAckLine, write_return_ack
from licensing.exchange.safe_xml import MICROSOFT_LIMITS, local_name, parse_within
from licensing.exchange.xsd import XsdError, validate

KNOWN_OPTIONAL_NAMES = frozenset({"ZOEM_EXT_ID", "ZMANUF_GEO_LOC", "ZPGM_ELIG_VAL", "ZCHANNEL_REL_ID"})
RETURN_WINDOW = timedelta(days=365)
_NAMESPACE = uuid.UUID("6f3d2f4e-0a51-4c0e-9a55-5d1a4c0f9b10")

# Source: Microsoft DIS interface, docs/formats.md
CBR_DESCRIPTIONS: dict[str, str] = {
    "00": "Activation enabled",
    "01": "Duplicate product key id",
    "02": "Activation enabled through override process",
    "03": "Product key was never delivered",
    "04": "Product key was fulfilled to another sold-to customer",
    "05": "Product key has been returned",
    "06": "Product key was reported lost or stolen",
    "07": "Product key is already activation enabled",
    "08": "Invalid optional info attribute name",
}
RETURN_DESCRIPTIONS: dict[str, str] = {
    "OJ": "End-user return",
    "OO": "Stock balancing",
    "OP": "Manufacturing damage",
    "OQ": "Key used for testing",
    "PA": "Invalid sold-to customer",
    "PB": "Invalid product key",
    "PF": "Previously returned",
    "PG": "Duplicate product key in the request",
    "PI": "Over 365 days",
    "PJ": "Invalid return type",
    "QH": "Lost, stolen or other",
    "QI": "Over 365 days",
}
# Which accepted code belongs to which type is not published; this is the simulator's choice.
_CREDIT_CODES = {"ZOA": "OO", "ZOB": "OP", "ZOC": "OJ", "ZOD": "OQ"}


@dataclass(frozen=True, slots=True)
class KnownKey:
    """What Microsoft knows of one key; `enabled_hash` is the hardware hash of an accepted report."""

    sold_to_customer_id: str
    enabled_hash: str | None = None
    is_returned: bool = False
    is_lost_or_stolen: bool = False
    fulfilled_at: datetime | None = None
    licensable_part_number: str = ""


KnownKeys = Mapping[str, KnownKey] | Callable[[str], KnownKey | None]


class SimulatorRefused(ExchangeRefused):
    """Refuse a request as a service refuses a bad message: as a whole, with nothing answered."""

    def __init__(self, errors: Iterable[XsdError]) -> None:
        self.errors = tuple(errors)
        super().__init__("request_invalid", found=len(self.errors))


def answer_cbr(
    xml: bytes,
    *,
    known_keys: KnownKeys,
    received_at: datetime,
    deny_plan: Mapping[str, str] | None = None,
    split_over: int = 1,
) -> list[bytes]:
    """Return the answer to a ComputerBuildReportRequest, split over as many files if it has the lines.

    `deny_plan` forces a code on a product key id: 00 and 02 as successes, any other, known or not, as a
    failure. Equal requests get equal answers.

    :raises SimulatorRefused: if the request does not follow the schema or contradicts itself
    :raises XmlRefused: if it is not harmless XML
    """
    root = _valid(xml, "cbr")
    sold_to = _text(root, "SoldToCustomerID")
    bindings = list(_child(root, "Bindings"))
    if int(_text(root, "TotalLineItems")) != len(bindings):
        raise SimulatorRefused([XsdError(1, "TotalLineItems", "xsd_value")])
    seen: set[str] = set()
    lines = [
        _answer_binding(binding, sold_to, _lookup(known_keys), deny_plan or {}, seen) for binding in bindings
    ]
    report_id = _text(root, "CustomerReportUniqueID")
    parts = _split(lines, split_over)
    return [
        write_ack(
            CbrAckFile(
                ms_report_unique_id=str(uuid.uuid5(_NAMESPACE, report_id)),
                customer_report_unique_id=report_id,
                received_at=received_at,
                sold_to_customer_id=sold_to,
                received_from_customer_id=_text(root, "ReceivedFromCustomerID"),
                file_total=len(parts),
                file_number=number,
                lines=tuple(part),
            )
        )
        for number, part in enumerate(parts, start=1)
    ]


def answer_return(
    xml: bytes,
    *,
    known_keys: KnownKeys,
    received_at: datetime,
    code_plan: Mapping[str, str] | None = None,
    sold_to_customer_name: str = "",
) -> bytes:
    """Return the answer to a ReturnRequest; `code_plan` forces a code on a product key id.

    :raises SimulatorRefused: if the request does not follow the schema
    :raises XmlRefused: if it is not harmless XML
    """
    root = _valid(xml, "return_request")
    request = _ReturnFacts(
        sold_to=_text(root, "SoldToCustomerID"),
        is_no_credit=_text(root, "ReturnNoCredit") in ("true", "1"),
        received_at=received_at,
    )
    seen: set[str] = set()
    find, plan = _lookup(known_keys), code_plan or {}
    entries = enumerate(_child(root, "ReturnLineItems"), start=1)
    lines = [_answer_return_line(number, entry, request, find, plan, seen) for number, entry in entries]
    rma_number = _text(root, "OEMRMANumber")
    unique = uuid.uuid5(_NAMESPACE, f"{request.sold_to}:{rma_number}")
    ack = ReturnAckFile(
        return_unique_id=str(unique),
        ms_return_number=f"{unique.int % 10**10:010d}",
        return_at=received_at,
        rma_number=rma_number,
        rma_at=parse_time(_text(root, "OEMRMADate")),
        sold_to_customer_id=request.sold_to,
        sold_to_customer_name=sold_to_customer_name,
        lines=tuple(lines),
    )
    return write_return_ack(ack)


# -- build reports -------------------------------------------------------------------------------------------


def _answer_binding(
    binding: Element,
    sold_to: str,
    find: Callable[[str], KnownKey | None],
    plan: Mapping[str, str],
    seen: set[str],
) -> AckLine:
    key_id, hardware_hash = _text(binding, "ProductKeyID"), _text(binding, "HardwareHash")
    bad_names = tuple(name for name in _optional_names(binding) if name not in KNOWN_OPTIONAL_NAMES)
    code = plan.get(key_id)
    if code is None:
        code = "01" if key_id in seen else _cbr_code(find(key_id), sold_to, hardware_hash)
        code = "08" if code == "00" and bad_names else code
    seen.add(key_id)
    return AckLine(
        product_key_id=key_id,
        is_success=code in ("00", "02"),
        reason_code=code,
        reason_description=CBR_DESCRIPTIONS.get(code, "Not described"),
        hardware_hash=hardware_hash,
        optional_info_errors=bad_names if code == "08" else (),
    )


def _cbr_code(known: KnownKey | None, sold_to: str, hardware_hash: str) -> str:
    if known is None:
        return "03"
    if known.sold_to_customer_id != sold_to:
        return "04"
    if known.is_returned:
        return "05"
    if known.is_lost_or_stolen:
        return "06"
    if known.enabled_hash is not None:
        # The same machine once more is harmless; another one is the duplicate the code exists for.
        return "07" if known.enabled_hash == hardware_hash else "01"
    return "00"


def _optional_names(binding: Element) -> list[str]:
    info = next((child for child in binding if local_name(child.tag) == "OEMOptionalInfo"), None)
    return [] if info is None else [_text(entry, "Name") for entry in info]


def _split(lines: list[AckLine], parts: int) -> list[list[AckLine]]:
    count = max(1, min(parts, len(lines)))
    return [lines[number::count] for number in range(count)]


# -- returns -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _ReturnFacts:
    sold_to: str
    is_no_credit: bool
    received_at: datetime


def _answer_return_line(
    number: int,
    entry: Element,
    request: _ReturnFacts,
    find: Callable[[str], KnownKey | None],
    plan: Mapping[str, str],
    seen: set[str],
) -> ReturnAckLine:
    key_id, return_type = _text(entry, "ProductKeyID"), _text(entry, "ReturnTypeID")
    known = find(key_id)
    code = plan.get(key_id)
    if code is None:
        code = "PG" if key_id in seen else _return_code(known, return_type, request)
    seen.add(key_id)
    return ReturnAckLine(
        product_key_id=key_id,
        reason_code=code,
        reason_description=RETURN_DESCRIPTIONS.get(code, "Not described"),
        return_type_id=return_type,
        ms_return_line_number=str(number),
        oem_rma_line_number=_text(entry, "OEMRMALineNumber"),
        licensable_part_number=known.licensable_part_number if known else "",
    )


def _return_code(known: KnownKey | None, return_type: str, request: _ReturnFacts) -> str:
    if known is None:
        return "PB"
    if known.sold_to_customer_id != request.sold_to:
        return "PA"
    if known.is_returned:
        return "PF"
    if return_type not in _CREDIT_CODES and not request.is_no_credit:
        return "PJ"
    if known.fulfilled_at and request.received_at - known.fulfilled_at > RETURN_WINDOW:
        return "QI" if request.is_no_credit else "PI"
    if request.is_no_credit or known.is_lost_or_stolen:
        return "QH"
    return _CREDIT_CODES[return_type]


# -- reading -------------------------------------------------------------------------------------------------


def _valid(xml: bytes, schema: Literal["cbr", "return_request"]) -> Element:
    errors = validate(xml, schema)
    if errors:
        raise SimulatorRefused(errors)
    return parse_within(xml, MICROSOFT_LIMITS)


def _lookup(known_keys: KnownKeys) -> Callable[[str], KnownKey | None]:
    return known_keys.get if isinstance(known_keys, Mapping) else known_keys


def _child(parent: Element, name: str) -> Element:
    """Return the child the schema has promised."""
    return next(child for child in parent if local_name(child.tag) == name)


def _text(parent: Element, name: str) -> str:
    return (_child(parent, name).text or "").strip()
