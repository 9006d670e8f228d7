import re

import pytest

from licensing.exchange.ack_xml import write_acks
from licensing.exchange.refusals import XmlRefused
from licensing.exchange.xsd import SchemaName, validate
from tests.licensing.exchange.corpus import (
    CANARY_KEY,
    HostileFile,
    ack_file,
    changed_values,
    good_ack,
    good_cbr,
    good_fulfilment_xml,
    hostile_xml,
    mutations,
)

GOOD: dict[SchemaName, bytes] = {"cbr": good_cbr(), "ack": good_ack(), "fulfilment": good_fulfilment_xml()}
# The samples of the interface's description, typed off from it and not made by our writers.
DESCRIBED_RETURN = b"""<ReturnRequest xmlns="http://schemas.ms.it.oem/digitaldistribution/2010/10">
  <OEMRMANumber>RMA-2025-0007</OEMRMANumber><OEMRMADate>2025-03-10T00:00:00</OEMRMADate>
  <SoldToCustomerID>0000123456</SoldToCustomerID><ReturnNoCredit>false</ReturnNoCredit>
  <ReturnLineItems><ReturnLineItem><OEMRMALineNumber>1</OEMRMALineNumber>
    <ReturnTypeID>ZOB</ReturnTypeID><ProductKeyID>3300000000019</ProductKeyID>
  </ReturnLineItem></ReturnLineItems>
</ReturnRequest>"""
DESCRIBED_CBR = b"""<ComputerBuildReportRequest xmlns="http://schemas.ms.it.oem/digitaldistribution/2010/10">
  <CustomerReportUniqueID>5b0e7c1e-0000-4000-8000-000000000001</CustomerReportUniqueID>
  <SoldToCustomerID>0000123456</SoldToCustomerID>
  <ReceivedFromCustomerID>0000123456</ReceivedFromCustomerID>
  <TotalLineItems>1</TotalLineItems>
  <Bindings>
    <Binding>
      <ProductKeyID>3300000000017</ProductKeyID>
      <HardwareHash>T0EzSEFTSC1TWU5USEVUSUM=</HardwareHash>
      <OEMHardwareReport>
        <FRM_FACTOR_CL1>Notebook</FRM_FACTOR_CL1><FRM_FACTOR_CL2>Standard</FRM_FACTOR_CL2>
        <TOUCH_SCREEN>Nontouch</TOUCH_SCREEN><SCREEN_SIZE>14.0</SCREEN_SIZE>
        <PC_MODEL_SKU>20N2S00A00</PC_MODEL_SKU>
      </OEMHardwareReport>
    </Binding>
  </Bindings>
</ComputerBuildReportRequest>"""


def test_described_samples_are_valid() -> None:
    assert validate(DESCRIBED_CBR, "cbr") == []
    assert validate(DESCRIBED_RETURN, "return_request") == []


@pytest.mark.parametrize("name", GOOD)
def test_written_files_are_valid(name: SchemaName) -> None:
    assert validate(GOOD[name], name) == []


def test_list_of_answers_is_valid() -> None:
    assert validate(write_acks([ack_file(), ack_file()]), "ack") == []


@pytest.mark.parametrize(
    ("pattern", "put", "element", "code"),
    [
        (r"<TotalLineItems>.*?</TotalLineItems>", "", "Bindings", "xsd_unexpected"),
        (r"<TotalLineItems>3", "<TotalLineItems>0", "TotalLineItems", "xsd_value"),
        (r"<TotalLineItems>3", "<TotalLineItems>5001", "TotalLineItems", "xsd_value"),
        (
            r"<CustomerReportUniqueID>[^<]*",
            "<CustomerReportUniqueID>1",
            "CustomerReportUniqueID",
            "xsd_value",
        ),
        (r"<SoldToCustomerID>[^<]*", "<SoldToCustomerID>12345678901", "SoldToCustomerID", "xsd_value"),
        (r"<ProductKeyID>33", "<ProductKeyID>3", "ProductKeyID", "xsd_value"),
        (r"<HardwareHash>[^<]*", "<HardwareHash>" + "A" * 8_196, "HardwareHash", "xsd_value"),
        (r"<HardwareHash>[^<]*", "<HardwareHash>!", "HardwareHash", "xsd_value"),
        (r"<HardwareHash>[^<]*</HardwareHash>", "", "OEMHardwareReport", "xsd_unexpected"),
        (r"<Binding>.*</Binding>", "", "Bindings", "xsd_missing"),
        (r"<FRM_FACTOR_CL1>Notebook", "<FRM_FACTOR_CL1>Toaster", "FRM_FACTOR_CL1", "xsd_value"),
        (
            r"(<FRM_FACTOR_CL1>.*?</FRM_FACTOR_CL1>)(<FRM_FACTOR_CL2>.*?</FRM_FACTOR_CL2>)",
            r"\2\1",
            "FRM_FACTOR_CL2",
            "xsd_unexpected",
        ),
        (r"<PC_MODEL_SKU>[^<]*", "<PC_MODEL_SKU>" + "x" * 65, "PC_MODEL_SKU", "xsd_value"),
        (r"<PC_MODEL_SKU>.*?</PC_MODEL_SKU>", "", "OEMHardwareReport", "xsd_missing"),
        (r"<Binding>", '<Binding a="1">', "Binding", "xsd_attribute"),
        (
            r"digitaldistribution/2010/10",
            "digitaldistribution/2011/01",
            "ComputerBuildReportRequest",
            "xsd_unexpected",
        ),
    ],
)
def test_wrong_report_is_found(pattern: str, put: str, element: str, code: str) -> None:
    data = re.sub(pattern, put, good_cbr().decode(), count=1, flags=re.DOTALL).encode()
    found = validate(data, "cbr")
    assert (element, code) in [(error.element, error.code) for error in found]
    assert all(error.message and error.line >= 1 for error in found)


def test_more_than_5_000_bindings_are_found() -> None:
    head, binding, tail = re.split(rb"(?<=<Bindings>)|(?=</Bindings>)", DESCRIBED_CBR)
    assert validate(head + binding * 5_000 + tail, "cbr") == []
    assert validate(head + binding * 5_001 + tail, "cbr") != []


def test_key_delivered_twice_is_found() -> None:
    data = good_fulfilment_xml().replace(b"<ProductKeyID>3300000000001", b"<ProductKeyID>3300000000000")
    assert [error.code for error in validate(data, "fulfilment")] == ["xsd_twice"]


def test_what_only_libxml2_refuses_is_refused_without_its_words() -> None:
    with pytest.raises(XmlRefused) as caught:
        validate(f"<a xmlns='http://x.>{CANARY_KEY}/'/>".encode(), "cbr")
    assert (caught.value.code, caught.value.line) == ("xml_broken", 1)
    assert caught.value.__context__ is None


def test_mutated_file_is_checked_or_refused() -> None:
    for name, good in GOOD.items():
        for data in (*mutations(good, seed=8, count=500), *changed_values(good, seed=8, count=500)):
            try:
                validate(data, name)
            except XmlRefused:
                continue


def test_errors_never_hold_a_value_or_a_name_from_the_file() -> None:
    key = CANARY_KEY
    data = good_fulfilment_xml().replace(f">{key}<".encode(), f">{key}X<".encode())
    data = data.replace(b"<SKUID>SKU-1</SKUID>", f"<{key}>1</{key}>".encode(), 1)
    found = validate(data, "fulfilment")
    assert len(found) >= 2
    assert not any(group in f"{error}{error.message}" for error in found for group in key.split("-"))


@pytest.mark.parametrize("file", [file for file in hostile_xml() if "root" not in file.name], ids=str)
def test_hostile_file_never_reaches_the_schema(file: HostileFile) -> None:
    if file.name in ("65 MB",):
        return
    with pytest.raises(XmlRefused) as caught:
        validate(file.make(), "cbr")
    assert caught.value.code in file.codes
