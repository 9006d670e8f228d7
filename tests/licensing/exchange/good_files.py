"""Good sample files, and ways to spoil one; the canary key is in each that can hold a key."""

import io
import random
import zipfile
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from lxml import etree

from licensing.exchange.ack_xml import AckLine, CbrAckFile, write_ack
from licensing.exchange.cbr_xml import CbrBatch, CbrBinding, write_cbr
from licensing.exchange.fulfilment import FulfilmentHeader, FulfilmentRow
from licensing.exchange.fulfilment_csv import write_fulfilment_csv
from licensing.exchange.fulfilment_xml import write_fulfilment_xml
from licensing.exchange.oa3 import write_oa3
from licensing.exchange.ohr import OhrFacts
from licensing.exchange.samples import sample_guid, sample_hardware_hash, sample_product_key_id
from licensing.rules.key_syntax import SecretKey, synthetic_key

MEGABYTE = 1024 * 1024
AT = datetime(2025, 3, 4, 9, 15, tzinfo=UTC)
SOLD_TO = "0000123456"
LPN = "ABC-00001"
CANARY_KEY = synthetic_key(seed="canary", number=0)
FACTS = OhrFacts("Notebook", "Standard", "Nontouch", "14.0", "20N2S00A00")
OPTIONAL_INFO = {
    "ZPC_MODEL_SKU": "20N2S00A00",
    "ZFRM_FACTOR_CL1": "Notebook",
    "ZFRM_FACTOR_CL2": "Standard",
    "ZSCREEN_SIZE": "14.0",
    "ZTOUCH_SCREEN": "Non-Touch",
    "ZOEM_EXT_ID": "4711",
}


@dataclass(frozen=True, slots=True)
class HostileFile:
    """One hostile file: `make` returns its bytes, `codes` are the refusals it may get."""

    name: str
    make: Callable[[], bytes]
    codes: frozenset[str]

    def __str__(self) -> str:
        return self.name


def hostile(name: str, make: Callable[[], bytes] | bytes, *codes: str) -> HostileFile:
    maker = (lambda: make) if isinstance(make, bytes) else make
    return HostileFile(name, maker, frozenset(codes))


# -- good files ----------------------------------------------------------------------------------------------


def fulfilment_rows(count: int, *, first: int = 0) -> list[FulfilmentRow]:
    """Return rows with ids and synthetic keys numbered from `first`; number 0 carries the canary key."""
    return [
        FulfilmentRow(
            row_number=number - first + 1,
            product_key_id=sample_product_key_id(number),
            product_key=SecretKey(synthetic_key(seed="canary", number=number)),
            lpn=LPN,
            sku_id="SKU-1",
            fulfilment_number="1000001",
            order_unique_id=sample_guid("order"),
        )
        for number in range(first, first + count)
    ]


def fulfilment_header(**changes: object) -> FulfilmentHeader:
    header = FulfilmentHeader(
        order_unique_id=sample_guid("order"),
        ms_order_number="4500000001",
        ms_order_line_number=10,
        oem_part_number="TPR-W11P",
        oem_po_number="PO-2025-17",
        oem_po_date_utc=AT,
        sold_to_customer_id=SOLD_TO,
        sold_to_customer_name="Beispiel & Söhne GmbH",
        ship_to_customer_id=SOLD_TO,
        ship_to_customer_name="Beispiel & Söhne GmbH",
        call_off_reference_number="CO-1",
        licensable_part_number=LPN,
        licensable_name="Windows 11 Pro refurbished",
        oem_po_line_number="10",
        call_off_line_number="1",
        fulfilment_resend_indicator="false",
        fulfilment_number="1000001",
        fulfilled_date_utc=AT,
        fulfilment_create_date_utc=AT,
        end_item_part_number="END-1",
    )
    return replace(header, **changes)  # type: ignore[arg-type]


def good_fulfilment_xml(count: int = 3) -> bytes:
    return write_fulfilment_xml([(fulfilment_header(), fulfilment_rows(count))])


def good_fulfilment_csv(count: int = 3) -> bytes:
    return write_fulfilment_csv(fulfilment_rows(count))


def good_oa3(number: int = 0) -> bytes:
    return write_oa3(
        product_key=SecretKey(synthetic_key(seed="canary", number=number)),
        product_key_id=sample_product_key_id(number),
        hardware_hash=sample_hardware_hash(number),
        optional_info=OPTIONAL_INFO,
        oem_part_number="TPR-W11P",
        serial_number="PF0ABCDE",
    )


def cbr_batch(count: int = 3, *, optional_info: dict[str, str] | None = None) -> CbrBatch:
    return CbrBatch(
        customer_report_unique_id=sample_guid("report"),
        sold_to_customer_id=SOLD_TO,
        received_from_customer_id=SOLD_TO,
        bindings=tuple(
            CbrBinding(
                sample_product_key_id(number), sample_hardware_hash(number), FACTS, optional_info or {}
            )
            for number in range(count)
        ),
    )


def good_cbr(count: int = 3) -> bytes:
    return write_cbr(cbr_batch(count))


def ack_file(*lines: AckLine) -> CbrAckFile:
    return CbrAckFile(
        ms_report_unique_id=sample_guid("ms"),
        customer_report_unique_id=sample_guid("report"),
        received_at=AT,
        sold_to_customer_id=SOLD_TO,
        received_from_customer_id=SOLD_TO,
        file_total=1,
        file_number=1,
        lines=lines,
    )


def good_ack() -> bytes:
    good = AckLine(sample_product_key_id(0), True, "00", hardware_hash=sample_hardware_hash(0))
    bad = AckLine(sample_product_key_id(1), False, "07", "Already", hardware_hash=sample_hardware_hash(1))
    return write_ack(ack_file(bad, good))


def good_zip(count: int = 3) -> bytes:
    return make_zip({f"OA3-{number}.xml": good_oa3(number) for number in range(count)})


def make_zip(files: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return target.getvalue()


# -- spoiling ----------


def truncations(data: bytes, *, count: int = 40) -> Iterator[HostileFile]:
    """Yield the file cut off at `count` places; each must be refused."""
    step = max(1, (len(data) - 2) // count)
    for end in range(1, len(data) - 2, step):
        yield hostile(f"cut after {end} bytes", data[:end], "xml_broken", "xml_encoding")


def mutations(data: bytes, *, seed: int, count: int) -> Iterator[bytes]:
    """Yield the file with one to eight small random changes; deterministic."""
    chance = random.Random(seed)
    for _number in range(count):
        changed = bytearray(data)
        for _change in range(chance.randint(1, 8)):
            at = chance.randrange(len(changed))
            kind = chance.randrange(4)
            if kind == 0:
                changed[at] = chance.randrange(256)
            elif kind == 1:
                del changed[at : at + chance.randint(1, 40)]
            elif kind == 2:
                changed[at:at] = changed[at : at + chance.randint(1, 200)]
            else:
                changed[at:at] = chance.choice(
                    [b"<", b">", b"&", b'"', b"\0", b"]]>", b"\xff", b",", b"\n", b"="]
                )
            if not changed:
                changed = bytearray(b"x")
        yield bytes(changed)


def changed_values(data: bytes, *, seed: int, count: int) -> Iterator[bytes]:
    """Yield the XML file, still well-formed, with some texts replaced, elements removed or doubled."""
    chance = random.Random(seed)
    for _number in range(count):
        root = etree.fromstring(data)
        for _change in range(chance.randint(1, 4)):
            element = chance.choice(list(root.iter()))
            parent = element.getparent()
            kind = chance.randrange(4)
            if kind == 0 and parent is not None:
                parent.remove(element)
            elif kind == 1 and parent is not None:
                parent.insert(chance.randrange(len(parent) + 1), deepcopy(element))
            elif kind == 2:
                element.tag = chance.choice([*(other.tag for other in root.iter()), "Unknown"])
            else:
                element.text = chance.choice(ODD_TEXTS)
        yield bytes(etree.tostring(root))


ODD_TEXTS = (
    "",
    " ",
    "0",
    "-1",
    "1e9",
    "9" * 400,
    "٣",
    "²",
    "NaN",
    "true",
    "2025-13-01",
    "2025-03-04T09:15:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "{}",
    "{brace}",
    "%s",
    "=1+1",
    "\u202e",
    "\u2028",
    "😀",
    "x" * 9_000,
    CANARY_KEY,
    "3300000000017",
    "5b0e7c1e-0000-4000-8000-000000000001",
    "00",
    "99",
    "PF",
    "T0E=",
    "T0E",
    "Nontouch",
    "\t\n",
)
