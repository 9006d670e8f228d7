"""Good sample files and a corpus of hostile ones, for the tests of the readers and of the pages above them.

Every hostile file that can hold one holds the canary key, so that a test can look for it in errors and logs.
"""

import io
import random
import struct
import zipfile
import zlib
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


# -- hostile XML ---------------------------------------------------------------------------------------------

BODY = f"<Key><ProductKey>{CANARY_KEY}</ProductKey><ProductKeyID>3300000000017</ProductKeyID></Key>"
_DOCTYPES = {
    "billion laughs": '<!DOCTYPE Key [<!ENTITY a0 "ha">'
    + "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    + "]><Key>&a9;</Key>",
    "quadratic blow-up": f'<!DOCTYPE Key [<!ENTITY a "{"x" * 50_000}">]><Key>{"&a;" * 5_000}</Key>',
    "external entity": '<!DOCTYPE Key [<!ENTITY x SYSTEM "file:///etc/passwd">]><Key>&x;</Key>',
    "external entity by http": '<!DOCTYPE Key [<!ENTITY x SYSTEM "http://192.0.2.1/">]><Key>&x;</Key>',
    "external dtd": f'<!DOCTYPE Key SYSTEM "http://192.0.2.1/oa3.dtd">{BODY}',
    "parameter entity": '<!DOCTYPE Key [<!ENTITY % p SYSTEM "file:///etc/passwd">%p;]><Key/>',
    "public id": f'<!DOCTYPE Key PUBLIC "-//X//Y" "x.dtd">{BODY}',
    "default attribute": f'<!DOCTYPE Key [<!ATTLIST Key a CDATA "b">]>{BODY}',
    "empty doctype": f"<!DOCTYPE Key>{BODY}",
}


def hostile_xml() -> Iterator[HostileFile]:
    """Yield files that any XML reader of ours must refuse whole, whatever kind it expects."""
    for name, text in _DOCTYPES.items():
        yield hostile(name, text.encode(), "xml_doctype")
        yield hostile(name + ", utf-16", text.encode("utf-16"), "xml_doctype")
    yield from _hostile_sizes()
    yield from _hostile_encodings()
    yield from _hostile_syntax()


def _hostile_sizes() -> Iterator[HostileFile]:
    deep = 200_000
    yield hostile("200,000 deep", lambda: b"<Key>" * deep + b"</Key>" * deep, "xml_too_deep", "xml_too_large")
    yield hostile(
        "200,000 deep, not closed", lambda: b"<Key><a>" + b"<a>" * deep, "xml_too_deep", "xml_too_large"
    )
    yield hostile(
        "30 MB attribute",
        lambda: b'<Key a="' + b"x" * (30 * MEGABYTE) + b'"/>',
        "xml_token_too_long",
        "xml_too_large",
    )
    yield hostile("20 KB attribute", b'<Key a="' + b"x" * 20_480 + b'"/>', "xml_attribute_too_long")
    yield hostile(
        "5,000 attributes",
        lambda: b"<Key " + b" ".join(b'a%d="1"' % n for n in range(5_000)) + b"/>",
        "xml_too_many_attributes",
    )
    yield hostile(
        "30 MB comment",
        lambda: b"<Key><!--" + b"x" * (30 * MEGABYTE) + b"--></Key>",
        "xml_token_too_long",
        "xml_too_large",
    )
    yield hostile("500 KB name", b"<Key><" + b"n" * 500_000 + b"/></Key>", "xml_token_too_long")
    yield hostile("500 KB text", b"<Key>" + b"x" * 500_000 + b"</Key>", "xml_text_too_long")
    yield hostile("500 KB cdata", b"<Key><![CDATA[" + b"x" * 500_000 + b"]]></Key>", "xml_text_too_long")
    yield hostile(
        "1,500,000 elements",
        lambda: b"<Key>" + b"<a/>" * 1_500_000 + b"</Key>",
        "xml_too_many_elements",
        "xml_too_large",
    )
    yield hostile(
        "65 MB", lambda: b"<Key>" + b"<!-- x -->" * 6_900_000 + b"</Key>", "xml_too_large", "xml_wrong_root"
    )


def _hostile_encodings() -> Iterator[HostileFile]:
    yield hostile("utf-32 le with bom", BODY.encode("utf-32"), "xml_encoding")
    yield hostile("utf-32 be with bom", b"\0\0\xfe\xff" + BODY.encode("utf-32-be"), "xml_encoding")
    yield hostile("utf-32 le", BODY.encode("utf-32-le"), "xml_encoding")
    yield hostile("utf-32 be", BODY.encode("utf-32-be"), "xml_encoding")
    yield hostile("utf-16 le without bom", BODY.encode("utf-16-le"), "xml_encoding")
    yield hostile("utf-16 be without bom", BODY.encode("utf-16-be"), "xml_encoding")
    yield hostile("utf-7 with bom", b"+/v8-" + BODY.encode("utf-7"), "xml_encoding")
    for name in ("utf-7", "iso-8859-1", "windows-1252", "cp1250", "ascii", "ebcdic-cp-us", "utf-32", "big5"):
        text = f'<?xml version="1.0" encoding="{name}"?>{BODY}'
        yield hostile(f"declares {name}", text.encode(), "xml_encoding")
    wrong = f'<?xml version="1.0" encoding="utf-16"?>{BODY}'
    yield hostile("declares utf-16, is utf-8", wrong.encode(), "xml_encoding_mismatch")
    yield hostile("declares utf-16, is utf-8 with bom", wrong.encode("utf-8-sig"), "xml_encoding_mismatch")
    other = f'<?xml version="1.0" encoding="utf-8"?>{BODY}'
    yield hostile("declares utf-8, is utf-16", other.encode("utf-16"), "xml_encoding_mismatch")
    for name in ("cp1250", "cp1252", "latin-1", "cp437"):
        yield hostile(f"is {name}", f"<Key><Name>Müller</Name>{BODY}</Key>".encode(name), "xml_encoding")
    yield hostile(
        "lone surrogate, utf-16", b"\xff\xfe" + "<Key>".encode("utf-16-le") + b"\0\xd8", "xml_encoding"
    )
    yield hostile("odd number of utf-16 bytes", BODY.encode("utf-16") + b"<", "xml_encoding", "xml_broken")
    yield hostile("overlong utf-8", b"<Key>\xc0\xbcx\xc0\xbe</Key>", "xml_encoding")
    yield hostile("surrogate in utf-8", b"<Key>\xed\xa0\x80</Key>", "xml_encoding")
    yield hostile("nul in text", BODY.encode().replace(b"33000", b"33\x0000"), "xml_nul")
    yield hostile("nul at the end", BODY.encode() + b"\0", "xml_nul")
    yield hostile("nul in utf-16", BODY.replace("33000", "33\x0000").encode("utf-16"), "xml_nul")
    yield hostile("only nul", bytes(100), "xml_encoding", "xml_nul")


def _hostile_syntax() -> Iterator[HostileFile]:
    yield hostile("nothing", b"", "xml_empty")
    yield hostile("only spaces", b" \r\n\t ", "xml_empty")
    yield hostile("only a bom", b"\xef\xbb\xbf", "xml_broken", "xml_empty")
    yield hostile("undeclared entity", f"<Key>{CANARY_KEY}&x;</Key>".encode(), "xml_broken")
    yield hostile("bad character reference", b"<Key>&#0;</Key>", "xml_broken")
    yield hostile("control character reference", b"<Key>&#11;</Key>", "xml_broken")
    yield hostile("two roots", (BODY + BODY).encode(), "xml_broken")
    yield hostile("text after the root", f"{BODY}{CANARY_KEY}".encode(), "xml_broken")
    yield hostile("space before declaration", b' <?xml version="1.0"?><Key/>', "xml_broken")
    yield hostile("attribute twice", b'<Key a="1" a="2"/>', "xml_broken")
    yield hostile("unbound prefix", b"<x:Key/>", "xml_broken")
    yield hostile("crossing tags", b"<Key><a><b></a></b></Key>", "xml_broken")
    yield hostile("html", b"<!doctype html><html></html>", "xml_broken", "xml_doctype")
    yield hostile("json", f'{{"ProductKey": "{CANARY_KEY}"}}'.encode(), "xml_broken")
    yield hostile("zip", good_zip(), "xml_broken", "xml_encoding", "xml_nul")
    yield hostile("random bytes", random.Random(1).randbytes(4_096), "xml_encoding", "xml_broken", "xml_nul")
    yield hostile("xml 1.1", f'<?xml version="1.1"?>{BODY}'.encode(), "xml_broken")
    yield hostile("another root", b"<html><body/></html>", "xml_wrong_root")


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
    """Yield the XML file, still well-formed, with some elements' texts replaced or elements removed or doubled."""
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
    "", " ", "0", "-1", "1e9", "9" * 400, "٣", "²", "NaN", "true", "2025-13-01", "2025-03-04T09:15:00", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00", "{}", "{brace}", "%s", "=1+1", "\u202e", "\u2028", "😀", "x" * 9_000, CANARY_KEY,
    "3300000000017", "5b0e7c1e-0000-4000-8000-000000000001", "00", "99", "PF", "T0E=", "T0E", "Nontouch", "\t\n",
)  # fmt: skip  # noqa: RUF001


# -- hostile CSV ---------------------------------------------------------------------------------------------

HEADER = "product_key_id,product_key,licensable_part_number"
ROW = f"3300000000017,{CANARY_KEY},{LPN}"


def hostile_csv_files() -> Iterator[HostileFile]:
    """Yield fulfilment CSVs that must be refused whole."""
    yield hostile("nothing", b"", "csv_empty")
    yield hostile("only a header", HEADER.encode(), "csv_empty")
    yield hostile("no header", f"{ROW}\n".encode(), "csv_header")
    yield hostile(
        "a column missing", f"product_key_id,product_key\n3300000000017,{CANARY_KEY}".encode(), "csv_header"
    )
    yield hostile("an unknown column", f"{HEADER},price\n{ROW},1".encode(), "csv_header")
    yield hostile("a column twice", f"{HEADER},product_key\n{ROW},x".encode(), "csv_header_twice")
    yield hostile("tabs", f"{HEADER}\n{ROW}".replace(",", "\t").encode(), "csv_header")
    yield hostile("1,000,000 columns", lambda: b"a," * 1_000_000, "csv_line_too_long")
    yield hostile(
        "one line of 30 MB", lambda: HEADER.encode() + b"\n" + b"x" * 30 * MEGABYTE, "csv_line_too_long"
    )
    yield hostile(
        "26 MB", lambda: HEADER.encode() + b"\n" + b"\n".join([b"x" * 15_000] * 1_800), "csv_too_large"
    )
    yield hostile("open quote", f'{HEADER}\n"{ROW}\n{ROW}'.encode(), "csv_quotes")
    yield hostile(
        "open quote, many lines", lambda: f'{HEADER}\n"{ROW}'.encode() + b"\n" * 200_000, "csv_quotes"
    )
    yield hostile("text after quote", f'{HEADER}\n"3300000000017"x,{CANARY_KEY},{LPN}'.encode(), "csv_quotes")
    for name in ("utf-16", "utf-32"):
        yield hostile(name, f"{HEADER}\n{ROW}".encode(name), "csv_encoding")
    yield hostile("utf-16 without bom", f"{HEADER}\n{ROW}".encode("utf-16-le"), "csv_nul", "csv_header")
    for name in ("latin-1", "cp1250", "cp1252"):
        yield hostile(name, f"{HEADER}\n{ROW}ü\n".encode(name), "csv_encoding")
    yield hostile("nul", f"{HEADER}\n{ROW}\0".encode(), "csv_nul")
    yield hostile("xml", good_oa3(), "csv_header")
    yield hostile("zip", good_zip(), "csv_nul", "csv_encoding", "csv_header")


def hostile_csv_rows() -> Iterator[tuple[str, bytes, tuple[int, str, str]]]:
    """Yield name, fulfilment CSV and its one error as (row, field, code)."""
    key, key_id = CANARY_KEY, "3300000000017"
    second = f"3300000000018,{synthetic_key(seed='canary', number=1)},{LPN}"
    for sign in "=+-@":
        yield f"formula {sign} in id", _csv(f"{sign}{key_id},{key},{LPN}"), (2, "product_key_id", "formula")
        yield f"formula {sign} in key", _csv(f"{key_id},{sign}{key},{LPN}"), (2, "product_key", "formula")
        yield (
            f"formula {sign} in part",
            _csv(f"{key_id},{key},{sign}X"),
            (2, "licensable_part_number", "formula"),
        )
    yield "guarded formula", _csv(f"'={key_id},{key},{LPN}"), (2, "product_key_id", "formula")
    yield "tab", _csv(f"\t{key_id},{key},{LPN}"), (2, "product_key_id", "formula")
    yield "ragged, short", _csv(f"{key_id},{key}"), (2, "", "columns_missing")
    yield "ragged, long", _csv(f"{key_id},{key},{LPN},x"), (2, "", "columns_missing")
    yield "ragged, third row", _csv(ROW, f"{key_id}"), (3, "", "columns_missing")
    yield "scientific", _csv(f"3.3E+12,{key},{LPN}"), (2, "product_key_id", "scientific")
    yield "id missing", _csv(f",{key},{LPN}"), (2, "product_key_id", "required")
    yield "id of 12 digits", _csv(f"330000000001,{key},{LPN}"), (2, "product_key_id", "product_key_id_syntax")
    yield (
        "id of 14 digits",
        _csv(f"33000000000171,{key},{LPN}"),
        (2, "product_key_id", "product_key_id_syntax"),
    )
    arabic = "٣٣٠٠٠٠٠٠٠٠٠١٧"  # noqa: RUF001
    yield "id in arabic digits", _csv(f"{arabic},{key},{LPN}"), (2, "product_key_id", "product_key_id_syntax")
    yield "key missing", _csv(f"{key_id},,{LPN}"), (2, "product_key", "required")
    yield "key cut", _csv(f"{key_id},{key[:-1]},{LPN}"), (2, "product_key", "product_key_syntax")
    yield (
        "key without hyphens",
        _csv(f"{key_id},{key.replace('-', '')},{LPN}"),
        (2, "product_key", "product_key_syntax"),
    )
    for letter in "AEIOULSZ015":
        changed = key[:-1] + letter
        yield (
            f"key with {letter}",
            _csv(f"{key_id},{changed},{LPN}"),
            (2, "product_key", "product_key_syntax"),
        )
    cyrillic = key[:-1] + "В"  # noqa: RUF001
    yield "key with cyrillic", _csv(f"{key_id},{cyrillic},{LPN}"), (2, "product_key", "product_key_syntax")
    for mark in ("\u202e", "\u200f", "\u200b", "\u2066", "\u00ad", "\ufeff"):
        yield (
            f"mark {ord(mark):x} in id",
            _csv(f"{mark}{key_id},{key},{LPN}"),
            (2, "product_key_id", "characters"),
        )
        yield (
            f"mark {ord(mark):x} in key",
            _csv(f"{key_id},{key}{mark},{LPN}"),
            (2, "product_key", "characters"),
        )
    for placeholder in PLACEHOLDER_KEYS:
        yield (
            f"placeholder {placeholder[-5:]}",
            _csv(f"{key_id},{placeholder},{LPN}"),
            (2, "product_key", "product_key_placeholder"),
        )
    yield (
        "id twice",
        _csv(ROW, second, f"{key_id},{synthetic_key(seed='x', number=2)},{LPN}"),
        (4, "product_key_id", "product_key_id_twice"),
    )
    yield (
        "key twice",
        _csv(ROW, second, f"3300000000019,{key},{LPN}"),
        (4, "product_key", "product_key_twice"),
    )
    yield "part number missing", _csv(f"{key_id},{key},"), (2, "licensable_part_number", "required")
    yield (
        "part number too long",
        _csv(f"{key_id},{key},{'A' * 17}"),
        (2, "licensable_part_number", "lpn_syntax"),
    )
    yield "line break in part", _csv(f'{key_id},{key},"A\nB"'), (2, "licensable_part_number", "characters")


PLACEHOLDER_KEYS = (
    "BBBBB-BBBBB-BBBBB-BBBBB-BBBBB",
    "BBBBB-CCCCC-DDDDD-FFFFF-GGGGG",
    "BCDFG-BCDFG-BCDFG-BCDFG-BCDFG",
    "BCBCB-CBCBC-BCBCB-CBCBC-BCBCD",
    "22222-33333-44444-66666-77777",
    "XXXXX-XXXXX-XXXXX-BBBBB-CCCCC",
    # Made up but for the two last groups, which end Microsoft's public setup keys.
    "BCDFG-HJKMP-QRTVW-7M9GH-8HVX7",
    "BCDFG-HJKMP-QRTVW-9MPGT-3V66T",
    "BCDFG-HJKMP-QRTVW-4J6C9-T83GX",
)


def _csv(*rows: str) -> bytes:
    return "\r\n".join([HEADER, *rows, ""]).encode()


# -- hostile zips --------------------------------------------------------------------------------------------


def good_zip(count: int = 3) -> bytes:
    return make_zip({f"OA3-{number}.xml": good_oa3(number) for number in range(count)})


def make_zip(files: dict[str, bytes], *, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", method) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, compress_type=method)
    return target.getvalue()


def hostile_zips() -> Iterator[HostileFile]:
    """Yield zip files that must be refused."""
    nested = make_zip({"inner.zip": good_zip()})
    yield hostile("nothing", b"", "zip_broken")
    yield hostile("not a zip", good_oa3(), "zip_broken")
    yield hostile("cut off", good_zip()[:-10], "zip_broken")
    yield hostile("something before it", b"MZ" + good_zip(), "zip_broken")
    yield hostile("something behind it", good_zip() + b"x", "zip_broken")
    yield hostile("two zips in a row", good_zip() + good_zip(1), "zip_broken")
    yield hostile("100,000 entries", lambda: many_entries(100_000), "zip_zip64", "zip_too_many_entries")
    yield hostile("60,000 entries", lambda: many_entries(60_000), "zip_too_many_entries")
    yield hostile(
        "flat bomb", lambda: make_zip({"a.xml": bytes(300 * MEGABYTE)}), "zip_ratio", "zip_entry_too_large"
    )
    yield hostile("hidden bomb", lying_bomb, "zip_ratio", "zip_broken", "zip_entry_too_large")
    yield hostile(
        "many bombs", lambda: make_zip({f"{n}.xml": bytes(20 * MEGABYTE) for n in range(15)}), "zip_ratio"
    )
    yield hostile("overlapping bomb", overlapping_bomb, "zip_overlap")
    yield hostile("nested", nested, "zip_nested")
    yield hostile("nested, renamed", make_zip({"OA3.xml": good_zip()}), "zip_nested")
    yield hostile("gzip inside", make_zip({"OA3.xml": b"\x1f\x8b\x08" + bytes(20)}), "zip_nested")
    for name in ("../OA3.xml", "a/../../b.xml", "/etc/passwd", "C:/x.xml", "..\\OA3.xml", "a\\..\\b", "\\x"):
        yield hostile(f"name {name}", make_zip({name: b"<Key/>"}), "zip_name")
    yield hostile("name with direction mark", make_zip({"OA3\u202elmx.xml": b"<Key/>"}), "zip_name")
    yield hostile("name with control", make_zip({"OA3\x07.xml": b"<Key/>"}), "zip_name")
    yield hostile("name too long", make_zip({"n" * 300: b"<Key/>"}), "zip_name")
    yield hostile("key as bad name", make_zip({f"../{CANARY_KEY}.xml": b"<Key/>"}), "zip_name")
    yield hostile("nul in name", nul_in_name, "zip_name", "zip_broken")
    yield hostile("same name twice", make_zip({"OA3.xml": b"<Key/>", "oa3.XML": b"<Key/>"}), "zip_duplicate")
    yield hostile("symbolic link", symbolic_link, "zip_link")
    yield hostile("encrypted", encrypted, "zip_encrypted")
    for name, method in (("bzip2", zipfile.ZIP_BZIP2), ("lzma", zipfile.ZIP_LZMA)):
        yield hostile(name, make_zip({"OA3.xml": b"x" * 1_000}, method=method), "zip_method")
    yield hostile("bad checksum", bad_checksum, "zip_broken")
    yield hostile("list points outside", list_points_outside, "zip_broken", "zip_overlap")
    yield hostile(
        "51 MB", lambda: make_zip({"a": bytes(51 * MEGABYTE)}, method=zipfile.ZIP_STORED), "zip_too_large"
    )


def many_entries(count: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for number in range(count):
            archive.writestr(zipfile.ZipInfo(f"{number}.xml"), b"")
    return target.getvalue()


def lying_bomb() -> bytes:
    """Return a zip whose 100 MB entry claims to hold 100 bytes, in both of its headers."""
    data = bytearray(make_zip({"a.xml": bytes(100 * MEGABYTE)}))
    for at, offset in ((data.find(b"PK\x03\x04"), 22), (data.rfind(b"PK\x01\x02"), 24)):
        data[at + offset : at + offset + 4] = struct.pack("<L", 100)
    return bytes(data)


def overlapping_bomb(count: int = 500) -> bytes:
    """Return a zip whose entries all point at the same packed megabytes."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    contents = bytes(MEGABYTE)
    packed = packer.compress(contents) + packer.flush()
    crc = zlib.crc32(contents)
    sizes = struct.pack("<3L", crc, len(packed), len(contents))
    local = b"PK\x03\x04" + struct.pack("<5H", 20, 0, 8, 0, 33) + sizes + struct.pack("<2H", 1, 0) + b"a"
    central = b"".join(
        b"PK\x01\x02"
        + struct.pack("<6H", 20, 20, 0, 8, 0, 33)
        + sizes
        + struct.pack("<5H2L", 1, 0, 0, 0, 0, 0, 0)
        + b"a"
        for _number in range(count)
    )
    start = len(local) + len(packed)
    end = b"PK\x05\x06" + struct.pack("<4H2LH", 0, 0, count, count, len(central), start, 0)
    return local + packed + central + end


def nul_in_name() -> bytes:
    return make_zip({"OA3#.xml": b"<Key/>"}).replace(b"OA3#.xml", b"OA3\0.xml")


def symbolic_link() -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        entry = zipfile.ZipInfo("OA3.xml")
        entry.create_system = 3
        entry.external_attr = 0o120777 << 16
        archive.writestr(entry, "/etc/passwd")
    return target.getvalue()


def encrypted() -> bytes:
    data = bytearray(make_zip({"OA3.xml": b"<Key/>"}))
    data[data.find(b"PK\x03\x04") + 6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    return bytes(data)


def bad_checksum() -> bytes:
    data = bytearray(make_zip({"OA3.xml": b"<Key/>"}, method=zipfile.ZIP_STORED))
    data[data.find(b"<Key/>") + 1] = ord("k")
    return bytes(data)


def list_points_outside() -> bytes:
    data = bytearray(make_zip({"OA3.xml": b"<Key/>"}))
    at = data.find(b"PK\x01\x02") + 42
    data[at : at + 4] = struct.pack("<L", 5_000)
    return bytes(data)
