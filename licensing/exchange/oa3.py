"""OA3.xml, the file OA3Tool writes after a key was bound to a machine.

The product key in it is handed out as a `SecretKey` for one comparison; `redact_oa3` is what may be stored.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NoReturn
from xml.etree.ElementTree import Element

from lxml import etree

from licensing.exchange.csv_rows import ascii_problem
from licensing.exchange.fulfilment import id_problem
from licensing.exchange.ohr import facts_from_optional_info
from licensing.exchange.refusals import XmlRefused
from licensing.exchange.safe_xml import OA3_LIMITS, local_name, parse_within
from licensing.rules.key_syntax import SecretKey, is_key, mask_keys, normalise_key

MAX_HASH_CHARACTERS = 8_192
MIN_HASH_CHARACTERS = 512
MAX_SERIAL_CHARACTERS = 36
MAX_OEM_PART_CHARACTERS = 35
MAX_OPTIONAL_FIELDS = 32
MAX_OPTIONAL_CHARACTERS = 256

# Source: Microsoft DIS interface, docs/formats.md
STATE_NUMBERS: dict[str, int] = {
    "Invalid": 0,
    "Fulfilled": 1,
    "Consumed": 2,
    "Bound": 3,
    "NotifiedBound": 4,
    "Returned": 5,
    "ReportedBound": 7,
    "ReportedReturn": 8,
    "ActivationEnabled": 9,
    "ActivationDenied": 10,
    "Assigned": 11,
    "Retrieved": 12,
    "ActivationEnabledPendingUpdate": 13,
}
_NUMBERS_BY_LOWER = {name.lower(): number for name, number in STATE_NUMBERS.items()}
_READ = {
    "ProductKey", "ProductKeyID", "ProductKeyState", "HardwareHash",
    "OEMOptionalInfo", "OEMPartNumber", "SerialNumber",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Oa3Report:
    """What one OA3.xml says.

    `product_key_state` is Microsoft's number, None for a name or number we do not know; the text as written
    stays in `product_key_state_raw`. `ohr_facts` are keyed as in `ohr.FACT_NAMES`, normalised, unchecked.
    `other` holds unknown elements as text, with anything that looks like a key masked.
    """

    product_key_id: str
    product_key_state_raw: str
    product_key_state: int | None
    hardware_hash: str
    serial_number: str | None
    oem_part_number: str | None
    optional_info: Mapping[str, str] = field(default_factory=dict)
    ohr_facts: Mapping[str, str] = field(default_factory=dict)
    product_key: SecretKey | None = None
    other: Mapping[str, str] = field(default_factory=dict)


def read_oa3(data: bytes, *, min_hash_characters: int = MIN_HASH_CHARACTERS) -> Oa3Report:
    """Read one OA3.xml of up to 1 MB, with or without namespace, in any order, UTF-8 or UTF-16.

    :raises XmlRefused: with the code of the first thing wrong; `params["field"]` names the element
    """
    root = parse_within(data, OA3_LIMITS, roots=("Key",))
    texts = _texts(root)
    state_raw = _safe_text(texts, "ProductKeyState", "product_key_state", 64) or ""
    optional_info = _optional_info(root)
    return Oa3Report(
        product_key_id=_product_key_id(texts),
        product_key_state_raw=state_raw,
        product_key_state=_state_number(state_raw),
        hardware_hash=_hardware_hash(texts, min_hash_characters),
        serial_number=_safe_text(texts, "SerialNumber", "serial_number", MAX_SERIAL_CHARACTERS),
        oem_part_number=_safe_text(texts, "OEMPartNumber", "oem_part_number", MAX_OEM_PART_CHARACTERS),
        optional_info=optional_info,
        ohr_facts=facts_from_optional_info(optional_info),
        product_key=_product_key(texts),
        other={
            mask_keys(name): mask_keys(text) for name, text in texts.items() if name not in _READ and text
        },
    )


def redact_oa3(data: bytes) -> bytes:
    """Return the file as UTF-8 without its product key and with anything that looks like a key masked.

    Attributes, comments and namespaces are dropped.

    :raises XmlRefused: as `safe_xml.parse`
    """
    return bytes(
        etree.tostring(
            _redacted(parse_within(data, OA3_LIMITS, roots=("Key",))), xml_declaration=True, encoding="utf-8"
        )
    )


def write_oa3(
    *,
    product_key: SecretKey | None,
    product_key_id: str,
    hardware_hash: str | None,
    state: int = 3,
    optional_info: Mapping[str, str] | None = None,
    oem_part_number: str | None = None,
    serial_number: str | None = None,
) -> bytes:
    """Return an OA3.xml as OA3Tool writes it, for samples and tests; nothing is checked."""
    root = etree.Element("Key")
    if product_key is not None:
        etree.SubElement(root, "ProductKey").text = product_key.reveal()
    etree.SubElement(root, "ProductKeyID").text = product_key_id
    etree.SubElement(root, "ProductKeyState").text = str(state)
    if hardware_hash is not None:
        etree.SubElement(root, "HardwareHash").text = hardware_hash
    if optional_info:
        info = etree.SubElement(root, "OEMOptionalInfo")
        for name, value in optional_info.items():
            entry = etree.SubElement(info, "Field")
            etree.SubElement(entry, "Name").text = name
            etree.SubElement(entry, "Value").text = value
    for name, text in (("OEMPartNumber", oem_part_number), ("SerialNumber", serial_number)):
        if text is not None:
            etree.SubElement(root, name).text = text
    return bytes(etree.tostring(root, xml_declaration=True, encoding="utf-8", pretty_print=True))


def hash_problem(text: str, *, min_characters: int = MIN_HASH_CHARACTERS) -> tuple[str, int] | None:
    """Return code and limit of what is wrong with a hardware hash that has no white space, or None."""
    if not text:
        return "hash_missing", 0
    if len(text) > MAX_HASH_CHARACTERS:
        return "hash_too_long", MAX_HASH_CHARACTERS
    try:
        base64.b64decode(text.encode("ascii"), validate=True)
    except (UnicodeError, binascii.Error):
        return "hash_syntax", 0
    return ("hash_too_short", min_characters) if len(text) < min_characters else None


def _refuse(code: str, name: str, **params: int) -> NoReturn:
    raise XmlRefused(code, field=name, **params)


def _texts(root: Element) -> dict[str, str]:
    texts: dict[str, str] = {}
    for child in root:
        name = local_name(child.tag)
        if name in texts and name in _READ:
            _refuse("ambiguous", name)
        texts[name] = (child.text or "").strip()
    return texts


def _product_key_id(texts: Mapping[str, str]) -> str:
    text = texts.get("ProductKeyID", "")
    code = id_problem(text)
    if code:
        _refuse(code, "product_key_id")
    return text


def _product_key(texts: Mapping[str, str]) -> SecretKey | None:
    key = normalise_key(texts.get("ProductKey", ""))
    if not key:
        return None
    if not is_key(key):
        _refuse("product_key_syntax", "product_key")
    return SecretKey(key)


def _state_number(raw: str) -> int | None:
    if raw.isascii() and raw.isdigit():
        return int(raw) if len(raw) <= 4 and int(raw) in STATE_NUMBERS.values() else None
    return _NUMBERS_BY_LOWER.get(raw.lower())


def _hardware_hash(texts: Mapping[str, str], min_characters: int) -> str:
    text = re.sub(r"\s+", "", texts.get("HardwareHash", ""), flags=re.ASCII)
    problem = hash_problem(text, min_characters=min_characters)
    if problem:
        code, limit = problem
        _refuse(code, "hardware_hash", **({"limit": limit} if limit else {}))
    return text


def _safe_text(texts: Mapping[str, str], name: str, our_name: str, limit: int) -> str | None:
    text = texts.get(name, "")
    code = ascii_problem(text)
    if code:
        _refuse(code, our_name)
    if len(text) > limit:
        _refuse("too_long", our_name, limit=limit)
    return text or None


def _optional_info(root: Element) -> dict[str, str]:
    info = next((child for child in root if local_name(child.tag) == "OEMOptionalInfo"), None)
    found: dict[str, str] = {}
    for entry in info if info is not None else ():
        parts = {local_name(part.tag): (part.text or "").strip() for part in entry}
        name, value = parts.get("Name", ""), parts.get("Value", "")
        if not name:
            continue
        if name in found:
            _refuse("ambiguous", "optional_info")
        if len(name) > 64 or len(value) > MAX_OPTIONAL_CHARACTERS or len(found) >= MAX_OPTIONAL_FIELDS:
            _refuse("too_long", "optional_info", limit=MAX_OPTIONAL_CHARACTERS)
        found[mask_keys(name)] = mask_keys(value)
    return found


def _redacted(element: Element) -> etree._Element:
    copy = etree.Element(mask_keys(local_name(element.tag)).replace("•", "x"))
    if local_name(element.tag) != "ProductKey":
        copy.text = mask_keys(element.text or "") or None
        for child in element:
            copy.append(_redacted(child))
    return copy
