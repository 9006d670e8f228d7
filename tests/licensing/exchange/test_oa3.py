import base64
import re
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from licensing.exchange.oa3 import MAX_HASH_CHARACTERS, read_oa3, redact_oa3, write_oa3
from licensing.exchange.refusals import XmlRefused
from licensing.exchange.samples import sample_hardware_hash, sample_product_key_id
from licensing.rules.key_syntax import SecretKey, synthetic_key
from tests.licensing.exchange.corpus import (
    CANARY_KEY,
    OPTIONAL_INFO,
    changed_values,
    good_fulfilment_xml,
    good_oa3,
    mutations,
)

TEXT = good_oa3().decode()
printable = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=36).filter(
    lambda text: text[0] not in "=+-@'"
)


def refused(text: str | bytes, **options: int) -> XmlRefused:
    with pytest.raises(XmlRefused) as caught:
        read_oa3(text if isinstance(text, bytes) else text.encode(), **options)
    assert CANARY_KEY[6:11] not in f"{caught.value} {caught.value.message} {caught.value.params}"
    return caught.value


@given(st.integers(0, 10**9), printable, printable.map(lambda text: text[:35]))
def test_written_file_is_read_back(number: int, serial: str, part: str) -> None:
    key = SecretKey(synthetic_key(seed="oa3", number=number))
    report = read_oa3(
        write_oa3(
            product_key=key,
            product_key_id=sample_product_key_id(number),
            hardware_hash=sample_hardware_hash(number),
            state=3,
            optional_info=OPTIONAL_INFO,
            oem_part_number=part,
            serial_number=serial,
        )
    )
    assert report.product_key == key
    assert report.product_key_id == sample_product_key_id(number)
    assert report.hardware_hash == sample_hardware_hash(number)
    assert (report.serial_number, report.oem_part_number) == (serial, part)
    assert (report.product_key_state_raw, report.product_key_state) == ("3", 3)
    assert report.optional_info == OPTIONAL_INFO
    assert report.other == {}


def test_facts_in_the_file_are_normalised() -> None:
    assert read_oa3(good_oa3()).ohr_facts == {
        "form_factor_cl1": "Notebook",
        "form_factor_cl2": "Standard",
        "touch_screen": "Nontouch",
        "screen_size": "14.0",
        "model_sku": "20N2S00A00",
    }


def test_sample_hash_looks_like_a_real_one() -> None:
    text = sample_hardware_hash("seed")
    assert len(text) == 4_000
    assert base64.b64decode(text, validate=True)[:2] == b"OA"
    assert text == sample_hardware_hash("seed") != sample_hardware_hash("other")


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_namespace_order_and_spaces_are_forgiven(name: str) -> None:
    body = re.sub(r"<\?xml.*?\?>\s*", "", TEXT)
    key = re.search(r"<ProductKey>.*?</ProductKey>", body)
    assert key
    moved = (
        body.replace(key[0], "")
        .replace("</Key>", f"{key[0]}</Key>")
        .replace("<Key>", '<Key xmlns="urn:oa3">')
    )
    spaced = re.sub(r">([^<>\s][^<>]*)<", r">\n  \1\n <", moved)
    assert read_oa3(spaced.encode(name)).optional_info == OPTIONAL_INFO
    assert read_oa3(spaced.encode(name)).product_key == SecretKey(CANARY_KEY)


def test_hash_wrapped_over_lines_is_joined() -> None:
    hardware_hash = sample_hardware_hash(0)
    wrapped = "\r\n".join(hardware_hash[start : start + 76] for start in range(0, 4_000, 76))
    assert read_oa3(TEXT.replace(hardware_hash, wrapped).encode()).hardware_hash == hardware_hash


def test_optional_elements_may_be_missing() -> None:
    report = read_oa3(
        write_oa3(
            product_key=None,
            product_key_id="3300000000017",
            hardware_hash=sample_hardware_hash(1),
            optional_info=None,
        )
    )
    assert report.product_key is None
    assert (report.serial_number, report.oem_part_number) == (None, None)
    assert (report.optional_info, report.ohr_facts) == ({}, {})


@pytest.mark.parametrize(
    ("raw", "number"),
    [
        ("3", 3),
        ("Bound", 3),
        ("bound", 3),
        ("ReportedReturn", 8),
        ("PendingBound", None),
        ("6", None),
        ("77", None),
        ("", None),
        ("²", None),
    ],
)
def test_state_is_read_by_number_or_name_and_unknown_ones_are_kept(raw: str, number: int | None) -> None:
    text = TEXT.replace("<ProductKeyState>3", f"<ProductKeyState>{raw}")
    if raw == "²":
        assert refused(text).code == "characters"
        return
    report = read_oa3(text.encode())
    assert (report.product_key_state_raw, report.product_key_state) == (raw, number)


def test_unknown_elements_are_kept_with_keys_masked() -> None:
    text = TEXT.replace("</Key>", f"<TrackingInfo>abc</TrackingInfo><Copy>{CANARY_KEY}</Copy></Key>")
    assert read_oa3(text.encode()).other == {"TrackingInfo": "abc", "Copy": "•••••-" + CANARY_KEY[-5:]}


@pytest.mark.parametrize(
    ("pattern", "put", "field", "code"),
    [
        (r"<ProductKeyID>.*?</ProductKeyID>", "", "product_key_id", "required"),
        (r"<ProductKeyID>[^<]*", "<ProductKeyID>17", "product_key_id", "product_key_id_syntax"),
        (r"<ProductKeyID>", "<ProductKeyID>1</ProductKeyID><ProductKeyID>", "ProductKeyID", "ambiguous"),
        (r"<ProductKey>[^<]*", f"<ProductKey>{CANARY_KEY[:-1]}", "product_key", "product_key_syntax"),
        (r"<HardwareHash>.*?</HardwareHash>", "", "hardware_hash", "hash_missing"),
        (r"<HardwareHash>[^<]*", "<HardwareHash>T0EzSEFTSC1TWU5USEVUSUM=", "hardware_hash", "hash_too_short"),
        (r"<HardwareHash>[^<]*", "<HardwareHash>" + "A" * 8_196, "hardware_hash", "hash_too_long"),
        (r"<HardwareHash>", "<HardwareHash>!", "hardware_hash", "hash_syntax"),
        (r"<HardwareHash>", "<HardwareHash>A", "hardware_hash", "hash_syntax"),
        (r"<HardwareHash>", "<HardwareHash>ü", "hardware_hash", "hash_syntax"),
        (r"<SerialNumber>[^<]*", f"<SerialNumber>{'x' * 37}", "serial_number", "too_long"),
        (r"<SerialNumber>[^<]*", "<SerialNumber>=1+1", "serial_number", "formula"),
        (r"<SerialNumber>[^<]*", "<SerialNumber>PF0АBCDE", "serial_number", "characters"),
        (r"<SerialNumber>[^<]*", "<SerialNumber>PF&#x202E;", "serial_number", "characters"),
        (r"<OEMPartNumber>[^<]*", f"<OEMPartNumber>{'x' * 36}", "oem_part_number", "too_long"),
        (r"<SerialNumber>[^<]*", f"<SerialNumber>{CANARY_KEY}", "serial_number", "key_in_value"),
        (r"<ProductKeyState>3", f"<ProductKeyState>{CANARY_KEY}", "product_key_state", "key_in_value"),
        (r"<Name>ZOEM_EXT_ID", "<Name>ZPC_MODEL_SKU", "optional_info", "ambiguous"),
        (r"<Value>4711", f"<Value>{'x' * 257}", "optional_info", "too_long"),
    ],
)
def test_wrong_value_is_refused_with_its_field(pattern: str, put: str, field: str, code: str) -> None:
    refusal = refused(re.sub(pattern, put, TEXT, count=1))
    assert (refusal.code, refusal.params["field"]) == (code, field)


def test_greatest_and_smallest_hash_pass() -> None:
    for length, options in ((MAX_HASH_CHARACTERS, {}), (512, {}), (4, {"min_hash_characters": 4})):
        text = re.sub(r"<HardwareHash>[^<]*", "<HardwareHash>" + "A" * length, TEXT)
        assert len(read_oa3(text.encode(), **options).hardware_hash) == length


def test_another_kind_of_file_is_refused() -> None:
    refusal = refused(good_fulfilment_xml())
    assert (refusal.code, refusal.params) == ("xml_wrong_root", {"expected": "Key"})


def test_file_of_more_than_one_megabyte_is_refused() -> None:
    assert refused(TEXT + " " * 1024 * 1024).code == "xml_too_large"


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        TEXT.replace("<Key>", f'<Key a="{CANARY_KEY}"><!-- {CANARY_KEY} -->'),
        TEXT.replace("</Key>", f"<Copy><In>{CANARY_KEY.lower()}</In></Copy></Key>"),
        TEXT.replace("<ProductKey>", "<ProductKey><X>1</X>"),
        TEXT.replace("</Key>", f"<{CANARY_KEY}/></Key>"),
    ],
)
def test_redacted_file_holds_no_key_but_the_rest(text: str) -> None:
    redacted = redact_oa3(text.encode()).decode()
    assert CANARY_KEY[6:11] not in redacted.upper()
    assert sample_hardware_hash(0) in redacted
    assert "PF0ABCDE" in redacted


def message_of(read: Callable[[bytes], object], data: bytes) -> str:
    try:
        read(data)
    except XmlRefused as refusal:
        return refusal.message
    return ""


def test_mutated_file_is_read_or_refused() -> None:
    for data in (
        *mutations(good_oa3(), seed=4, count=1_000),
        *changed_values(good_oa3(), seed=4, count=1_500),
    ):
        for read in (read_oa3, redact_oa3):
            assert CANARY_KEY[6:11] not in message_of(read, data)
