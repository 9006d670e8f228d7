"""ComputerBuildReportRequest: the report that binds keys to machines, as Microsoft wants to receive it.

Source: Microsoft DIS interface, docs/formats.md
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from lxml import etree

from licensing.exchange.fulfilment import normalise_guid
from licensing.exchange.oa3 import hash_problem
from licensing.exchange.ohr import FACT_NAMES, OPTIONAL_NAMES, OhrFacts, check_ohr, check_optional_info
from licensing.exchange.refusals import WriteRefused
from licensing.exchange.xml_text import add_group, add_lines, make, to_bytes
from licensing.rules.key_syntax import is_product_key_id

MAX_BINDINGS = 5_000
_CUSTOMER_ID = re.compile(r"[0-9]{1,10}", re.ASCII)
# Microsoft's order inside OEMHardwareReport: element name, our name.
_REPORT_ORDER = (
    ("FRM_FACTOR_CL1", "form_factor_cl1"),
    ("FRM_FACTOR_CL2", "form_factor_cl2"),
    ("TOUCH_SCREEN", "touch_screen"),
    ("SCREEN_SIZE", "screen_size"),
    ("PC_MODEL_SKU", "model_sku"),
)


@dataclass(frozen=True, slots=True)
class CbrBinding:
    """One key bound to one machine.

    `optional_info` is keyed by Microsoft's Z-names; the five facts among them are left out of the file here,
    since they travel as `facts`.
    """

    product_key_id: str
    hardware_hash: str
    facts: OhrFacts
    optional_info: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CbrBatch:
    """One report of 1 to 5,000 bindings; customer numbers as Microsoft gave them, leading zeros kept."""

    customer_report_unique_id: str
    sold_to_customer_id: str
    received_from_customer_id: str
    bindings: tuple[CbrBinding, ...]


def write_cbr(batch: CbrBatch) -> bytes:
    """Return the report as UTF-8 XML; the same batch always gives the same bytes.

    :raises WriteRefused: for anything Microsoft would refuse by its form; `params["field"]` names the value,
        `params["row"]` the binding, counted from 1
    """
    report_id = _check_batch(batch)
    root = make(
        "ComputerBuildReportRequest",
        [
            ("CustomerReportUniqueID", report_id),
            ("SoldToCustomerID", batch.sold_to_customer_id),
            ("ReceivedFromCustomerID", batch.received_from_customer_id),
            ("TotalLineItems", len(batch.bindings)),
        ],
    )
    rows_by_id: dict[str, int] = {}
    for row, binding in enumerate(batch.bindings, start=1):
        _check_binding(row, binding, rows_by_id)
    add_lines(root, "Bindings", (_binding(binding) for binding in batch.bindings))
    return to_bytes(root)


def check_customer_id(text: str, *, name: str) -> None:
    """Refuse what cannot be a Microsoft customer number.

    :raises WriteRefused: customer_id_syntax
    """
    if not _CUSTOMER_ID.fullmatch(text):
        raise WriteRefused("customer_id_syntax", field=name)


def _check_batch(batch: CbrBatch) -> str:
    report_id = normalise_guid(batch.customer_report_unique_id)
    if report_id is None:
        raise WriteRefused("guid_syntax", field="customer_report_unique_id")
    check_customer_id(batch.sold_to_customer_id, name="sold_to_customer_id")
    check_customer_id(batch.received_from_customer_id, name="received_from_customer_id")
    count = len(batch.bindings)
    if not 1 <= count <= MAX_BINDINGS:
        raise WriteRefused("count", field="bindings", limit=MAX_BINDINGS, found=count)
    return report_id


def _check_binding(row: int, binding: CbrBinding, rows_by_id: dict[str, int]) -> None:
    if not is_product_key_id(binding.product_key_id):
        raise WriteRefused("product_key_id_syntax", field="product_key_id", row=row)
    first_row = rows_by_id.setdefault(binding.product_key_id, row)
    if first_row != row:
        raise WriteRefused("product_key_id_twice", field="product_key_id", row=row, first_row=first_row)
    problem = hash_problem(binding.hardware_hash, min_characters=1)
    if problem:
        raise WriteRefused(problem[0], field="hardware_hash", row=row, limit=problem[1])
    facts = {name: getattr(binding.facts, name) for name in FACT_NAMES}
    for error in (*check_ohr(facts).errors, *check_optional_info(binding.optional_info)):
        refusal = WriteRefused(error.code, field=error.field, row=row)
        refusal.params.update(error.params)
        raise refusal


def _binding(binding: CbrBinding) -> etree._Element:
    element = make(
        "Binding", [("ProductKeyID", binding.product_key_id), ("HardwareHash", binding.hardware_hash)]
    )
    chosen = [
        (name, binding.optional_info[name]) for name in OPTIONAL_NAMES if binding.optional_info.get(name)
    ]
    if chosen:
        info = add_group(element, "OEMOptionalInfo")
        for name, value in chosen:
            add_group(info, "Field", [("Name", name), ("Value", value)])
    facts = binding.facts
    add_group(element, "OEMHardwareReport", [(name, getattr(facts, ours)) for name, ours in _REPORT_ORDER])
    return element
