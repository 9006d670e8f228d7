"""CSV files that must be refused, whole or by the row."""

from collections.abc import Iterator

from licensing.rules.key_syntax import synthetic_key
from tests.licensing.exchange.good_files import (
    CANARY_KEY,
    LPN,
    MEGABYTE,
    HostileFile,
    good_oa3,
    good_zip,
    hostile,
)

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
    arabic = "٣٣٠٠٠٠٠٠٠٠٠١٧"
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
    cyrillic = key[:-1] + "В"
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
