import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lxml import etree

from licensing.exchange.cbr_xml import CbrBatch, CbrBinding, write_cbr
from licensing.exchange.ohr import FORM_FACTORS, OhrFacts
from licensing.exchange.refusals import WriteRefused
from licensing.exchange.samples import sample_guid, sample_hardware_hash, sample_product_key_id
from licensing.exchange.xsd import validate
from tests.licensing.exchange.corpus import FACTS, SOLD_TO, cbr_batch, good_cbr

NAMESPACE = "{http://schemas.ms.it.oem/digitaldistribution/2010/10}"
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), min_size=1, max_size=64)
SKUS = PRINTABLE.map(str.strip).filter(lambda text: text and text[0] not in "=+-@'")


@st.composite
def facts(draw: st.DrawFn) -> OhrFacts:
    cl1 = draw(st.sampled_from(sorted(FORM_FACTORS)))
    return OhrFacts(
        form_factor_cl1=cl1,
        form_factor_cl2=draw(st.sampled_from(FORM_FACTORS[cl1])),
        touch_screen=draw(st.sampled_from(["Touch", "Nontouch"])),
        screen_size=f"{draw(st.integers(50, 300)) / 10:.1f}",
        model_sku=draw(SKUS),
    )


optional = st.fixed_dictionaries(
    {},
    optional={
        "ZOEM_EXT_ID": st.from_regex(r"[0-9]{1,16}", fullmatch=True),
        "ZMANUF_GEO_LOC": st.from_regex(r"[0-9]{1,10}", fullmatch=True),
        "ZPGM_ELIG_VAL": SKUS.map(lambda text: text[:48].strip() or "x"),
        "ZCHANNEL_REL_ID": SKUS.map(lambda text: text[:32].strip() or "x"),
        "ZPC_MODEL_SKU": SKUS,
    },
)


@given(st.lists(st.tuples(facts(), optional), min_size=1, max_size=8), st.integers(0, 99))
def test_any_good_batch_is_valid_and_says_what_it_was_given(
    devices: list[tuple[OhrFacts, dict[str, str]]], seed: int
) -> None:
    bindings = tuple(
        CbrBinding(sample_product_key_id(number), sample_hardware_hash(number), given_facts, info)
        for number, (given_facts, info) in enumerate(devices)
    )
    data = write_cbr(CbrBatch(sample_guid(seed), SOLD_TO, "1", bindings))
    assert validate(data, "cbr") == []
    found = etree.fromstring(data).findall(f".//{NAMESPACE}Binding")
    for binding, element in zip(bindings, found, strict=True):
        names = [etree.QName(part).localname for part in element]
        has_info = any(name != "ZPC_MODEL_SKU" for name in binding.optional_info)
        middle = ["OEMOptionalInfo"] if has_info else []
        assert names == ["ProductKeyID", "HardwareHash", *middle, "OEMHardwareReport"]
        assert element[1].text == binding.hardware_hash
        report = [(etree.QName(part).localname, part.text) for part in element[-1]]
        assert report == [
            ("FRM_FACTOR_CL1", binding.facts.form_factor_cl1),
            ("FRM_FACTOR_CL2", binding.facts.form_factor_cl2),
            ("TOUCH_SCREEN", binding.facts.touch_screen),
            ("SCREEN_SIZE", binding.facts.screen_size),
            ("PC_MODEL_SKU", binding.facts.model_sku),
        ]


def test_file_is_the_one_described_byte_for_byte() -> None:
    binding = CbrBinding("3300000000017", "T0EzSEFTSC1TWU5USEVUSUM=", FACTS, {"ZOEM_EXT_ID": "4711"})
    data = write_cbr(CbrBatch("{5B0E7C1E-0000-4000-8000-000000000001}", SOLD_TO, SOLD_TO, (binding,)))
    assert re.sub(r">\s+<", "><", data.decode()) == (
        "<?xml version='1.0' encoding='utf-8'?>"
        '<ComputerBuildReportRequest xmlns="http://schemas.ms.it.oem/digitaldistribution/2010/10">'
        "<CustomerReportUniqueID>5b0e7c1e-0000-4000-8000-000000000001</CustomerReportUniqueID>"
        "<SoldToCustomerID>0000123456</SoldToCustomerID>"
        "<ReceivedFromCustomerID>0000123456</ReceivedFromCustomerID>"
        "<TotalLineItems>1</TotalLineItems>"
        "<Bindings><Binding>"
        "<ProductKeyID>3300000000017</ProductKeyID><HardwareHash>T0EzSEFTSC1TWU5USEVUSUM=</HardwareHash>"
        "<OEMOptionalInfo><Field><Name>ZOEM_EXT_ID</Name><Value>4711</Value></Field></OEMOptionalInfo>"
        "<OEMHardwareReport><FRM_FACTOR_CL1>Notebook</FRM_FACTOR_CL1><FRM_FACTOR_CL2>Standard</FRM_FACTOR_CL2>"
        "<TOUCH_SCREEN>Nontouch</TOUCH_SCREEN><SCREEN_SIZE>14.0</SCREEN_SIZE>"
        "<PC_MODEL_SKU>20N2S00A00</PC_MODEL_SKU></OEMHardwareReport>"
        "</Binding></Bindings></ComputerBuildReportRequest>"
    )


def test_equal_batches_give_equal_bytes_whatever_the_order_of_optional_fields() -> None:
    one = cbr_batch(2, optional_info={"ZOEM_EXT_ID": "1", "ZCHANNEL_REL_ID": "c"})
    other = cbr_batch(2, optional_info={"ZCHANNEL_REL_ID": "c", "ZOEM_EXT_ID": "1"})
    assert write_cbr(one) == write_cbr(other)


def test_5_000_bindings_are_the_greatest_report() -> None:
    binding = cbr_batch(1).bindings[0]
    short = replace(binding, hardware_hash="T0EzSEFTSC1TWU5USEVUSUM=")
    bindings = tuple(replace(short, product_key_id=sample_product_key_id(number)) for number in range(5_001))
    data = write_cbr(replace(cbr_batch(1), bindings=bindings[:5_000]))
    assert validate(data, "cbr") == []
    for wrong, found in ((bindings, 5_001), ((), 0)):
        with pytest.raises(WriteRefused) as caught:
            write_cbr(replace(cbr_batch(1), bindings=wrong))
        assert (caught.value.code, caught.value.params["found"]) == ("count", found)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"product_key_id": "17"}, "product_key_id_syntax"),
        ({"product_key_id": sample_product_key_id(0)}, "product_key_id_twice"),
        ({"hardware_hash": ""}, "hash_missing"),
        ({"hardware_hash": "not base64"}, "hash_syntax"),
        ({"hardware_hash": "A" * 8_196}, "hash_too_long"),
        ({"facts": replace(FACTS, touch_screen="Non-Touch?")}, "ohr_choice"),
        ({"facts": replace(FACTS, model_sku="")}, "required"),
        ({"facts": replace(FACTS, model_sku="a\x00b")}, "characters"),
        ({"facts": replace(FACTS, model_sku="x" * 65)}, "too_long"),
        ({"optional_info": {"ZUNKNOWN": "1"}}, "field_name"),
        ({"optional_info": {"ZOEM_EXT_ID": "abc"}}, "ohr_digits"),
    ],
)
def test_wrong_binding_is_not_written_and_named_by_its_row(changes: dict[str, object], code: str) -> None:
    batch = cbr_batch(2)
    wrong = replace(batch.bindings[1], **changes)  # type: ignore[arg-type]
    with pytest.raises(WriteRefused) as caught:
        write_cbr(replace(batch, bindings=(batch.bindings[0], wrong)))
    assert (caught.value.code, caught.value.params["row"]) == (code, 2)
    assert caught.value.message


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"customer_report_unique_id": "x"}, "guid_syntax"),
        ({"sold_to_customer_id": "12345678901"}, "customer_id_syntax"),
        ({"received_from_customer_id": ""}, "customer_id_syntax"),
    ],
)
def test_wrong_batch_is_not_written(changes: dict[str, str], code: str) -> None:
    with pytest.raises(WriteRefused) as caught:
        write_cbr(replace(cbr_batch(), **changes))
    assert caught.value.code == code


def test_no_product_key_can_be_in_a_report() -> None:
    assert b"ProductKey>" not in good_cbr()
