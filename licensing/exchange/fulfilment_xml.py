"""Microsoft's delivery of keys, FulfillmentResponse, read as a stream and written for samples."""

from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO
from xml.etree.ElementTree import Element

from lxml import etree

from licensing.exchange.csv_rows import text_problem
from licensing.exchange.fulfilment import (
    MAX_KEYS_PER_FULFILMENT,
    MAX_KEYS_PER_JOB,
    FulfilmentHeader,
    FulfilmentRow,
    FulfilmentSummary,
    RowChecker,
    check_lpn,
    normalise_guid,
    parse_time,
)
from licensing.exchange.refusals import ErrorList, XmlRefused
from licensing.exchange.safe_xml import MICROSOFT_LIMITS, Subtree, XmlLimits, iter_subtrees, local_name
from licensing.exchange.xml_text import add, add_group, format_time, make, text_of, to_bytes

MAX_DELIVERIES = 10_000
ROOTS = ("FulfillmentResponse", "Fulfillments", "KeyFulfillment")

# Microsoft's element name: our field, greatest length. Order is Microsoft's; 0: the form is checked instead.
# Source: Microsoft DIS interface, docs/formats.md
HEADER_FIELDS: dict[str, tuple[str, int]] = {
    "OrderUniqueID": ("order_unique_id", 0),
    "MSOrderNumber": ("ms_order_number", 10),
    "MSOrderLineNumber": ("ms_order_line_number", 0),
    "OEMPartNumber": ("oem_part_number", 35),
    "OEMPONumber": ("oem_po_number", 35),
    "OEMPODateUTC": ("oem_po_date_utc", 0),
    "SoldToCustomerID": ("sold_to_customer_id", 10),
    "SoldToCustomerName": ("sold_to_customer_name", 80),
    "ShipToCustomerID": ("ship_to_customer_id", 10),
    "ShipToCustomerName": ("ship_to_customer_name", 80),
    "CallOffReferenceNumber": ("call_off_reference_number", 35),
    "LicensablePartNumber": ("licensable_part_number", 16),
    "LicensableName": ("licensable_name", 40),
    "OEMPOLineNumber": ("oem_po_line_number", 6),
    "CallOffLineNumber": ("call_off_line_number", 6),
    "FulfillmentResendIndicator": ("fulfilment_resend_indicator", 10),
    "FulfillmentNumber": ("fulfilment_number", 10),
    "FulfilledDateUTC": ("fulfilled_date_utc", 0),
    "FulfillmentCreateDateUTC": ("fulfilment_create_date_utc", 0),
    "EndItemPartNumber": ("end_item_part_number", 18),
    "Quantity": ("quantity", 0),
}


class FulfilmentXmlReader:
    """Iterate over the good keys of the file once, then ask `summary` whether there were bad ones."""

    def __init__(
        self,
        source: BinaryIO,
        *,
        max_keys_per_fulfilment: int = MAX_KEYS_PER_FULFILMENT,
        max_keys: int = MAX_KEYS_PER_JOB,
        limits: XmlLimits = MICROSOFT_LIMITS,
    ) -> None:
        self._source = source
        self._max_keys_per_fulfilment = max_keys_per_fulfilment
        self._max_keys = max_keys
        self._limits = limits
        self._errors = ErrorList()
        self._checker = RowChecker(self._errors)
        self._headers: list[FulfilmentHeader] = []
        self._is_header_good = True
        self._open: Element | None = None
        self._keys_in_fulfilment = 0
        self._row_count = 0

    def __iter__(self) -> Iterator[FulfilmentRow]:
        """Yield the good keys in the order of the file.

        :raises XmlRefused: if the file as a whole cannot be read, possibly after some keys
        """
        wanted = frozenset({"Key", "KeyFulfillment"})
        for subtree in iter_subtrees(self._source, wanted=wanted, roots=ROOTS, limits=self._limits):
            if local_name(subtree.element.tag) == "KeyFulfillment":
                self._close_fulfilment(subtree)
            elif [local_name(outer.tag) for outer in subtree.ancestors[-2:]] == ["KeyFulfillment", "Keys"]:
                row = self._read_key(subtree)
                if row:
                    yield row
        if not self._headers:
            raise XmlRefused("no_keys")

    @property
    def summary(self) -> FulfilmentSummary:
        return FulfilmentSummary(self._row_count, self._errors.count, self._errors.kept, tuple(self._headers))

    def _read_key(self, subtree: Subtree) -> FulfilmentRow | None:
        fulfilment = subtree.ancestors[-2]
        if self._open is not fulfilment:
            self._open_fulfilment(fulfilment, subtree.line)
        self._row_count += 1
        self._keys_in_fulfilment += 1
        if self._keys_in_fulfilment > self._max_keys_per_fulfilment:
            raise XmlRefused("too_many_keys", line=subtree.line, limit=self._max_keys_per_fulfilment)
        if self._row_count > self._max_keys:
            raise XmlRefused("too_many_keys", line=subtree.line, limit=self._max_keys)
        key_id, sku_id = text_of(subtree.element, "ProductKeyID"), text_of(subtree.element, "SKUID")
        key = self._checker.check(
            self._row_count,
            product_key_id=key_id,
            product_key=text_of(subtree.element, "ProductKey"),
            lpn=None,
            line=subtree.line,
        )
        is_sku_good = self._check_text(sku_id, "sku_id", 50, row=self._row_count, line=subtree.line)
        if key is None or not is_sku_good or not self._is_header_good:
            return None
        header = self._headers[-1]
        return FulfilmentRow(
            row_number=self._row_count,
            product_key_id=key_id,
            product_key=key,
            lpn=header.licensable_part_number,
            sku_id=sku_id,
            fulfilment_number=header.fulfilment_number,
            order_unique_id=header.order_unique_id,
            oem_part_number=header.oem_part_number,
            fulfilment_index=len(self._headers) - 1,
        )

    def _open_fulfilment(self, fulfilment: Element, line: int) -> None:
        if len(self._headers) >= MAX_DELIVERIES:
            raise XmlRefused("too_many_parts", line=line, limit=MAX_DELIVERIES)
        before = self._errors.count
        self._open = fulfilment
        self._keys_in_fulfilment = 0
        self._headers.append(self._read_header(fulfilment, line))
        self._is_header_good = self._errors.count == before

    def _close_fulfilment(self, subtree: Subtree) -> None:
        if self._open is not subtree.element:
            self._open_fulfilment(subtree.element, subtree.line)
            self._errors.add(0, "keys", "no_keys", line=subtree.line)
        names = [local_name(child.tag) for child in subtree.element]
        after_keys = names[names.index("Keys") + 1 :] if "Keys" in names else []
        if any(name in HEADER_FIELDS for name in after_keys):
            self._errors.add(0, "keys", "header_after_keys", line=subtree.line)
        if "Keys" in after_keys:
            self._errors.add(0, "keys", "ambiguous", line=subtree.line)
        quantity = self._headers[-1].quantity
        if quantity is not None and quantity != self._keys_in_fulfilment:
            found = self._keys_in_fulfilment
            self._errors.add(
                0, "quantity", "quantity_mismatch", line=subtree.line, expected=quantity, found=found
            )
        self._open = None

    def _read_header(self, fulfilment: Element, line: int) -> FulfilmentHeader:
        texts: dict[str, str] = {}
        for child in fulfilment:
            name = local_name(child.tag)
            if name in HEADER_FIELDS and name in texts:
                self._errors.add(0, HEADER_FIELDS[name][0], "ambiguous", line=line)
            texts[name] = (child.text or "").strip()
        values: dict[str, object] = {}
        for name, (field, limit) in HEADER_FIELDS.items():
            text = texts.get(name, "")
            if limit:
                self._check_text(text, field, limit, row=0, line=line)
                values[field] = text
            else:
                values[field] = (
                    self._convert(text, field, line) if text else ("" if field[-3:] == "_id" else None)
                )
        check_lpn(0, str(values["licensable_part_number"]), self._errors, line=line)
        if values["quantity"] is None and not texts.get("Quantity"):
            self._errors.add(0, "quantity", "required", line=line)
        return FulfilmentHeader(**values)  # type: ignore[arg-type]  # the table above says which field is what

    def _convert(self, text: str, field: str, line: int) -> object:
        convert, code = _FORMS[field]
        value = convert(text)
        if value is None:
            self._errors.add(0, field, code, line=line)
            return "" if field == "order_unique_id" else None
        return value

    def _check_text(self, text: str, field: str, limit: int, *, row: int, line: int) -> bool:
        if len(text) > limit:
            self._errors.add(row, field, "too_long", line=line, limit=limit)
            return False
        # Names of firms may begin with any sign; only hidden marks and keys are refused here.
        code = text_problem(text)
        if code and code != "formula":
            self._errors.add(row, field, code, line=line)
            return False
        return True


def _whole_number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 9 else None


_FORMS: dict[str, tuple[Callable[[str], object], str]] = {
    "order_unique_id": (normalise_guid, "guid_syntax"),
    "ms_order_line_number": (_whole_number, "number_syntax"),
    "oem_po_date_utc": (parse_time, "date_syntax"),
    "fulfilled_date_utc": (parse_time, "date_syntax"),
    "fulfilment_create_date_utc": (parse_time, "date_syntax"),
    "quantity": (_whole_number, "number_syntax"),
}


def read_fulfilment_xml(
    source: BinaryIO,
    *,
    max_keys_per_fulfilment: int = MAX_KEYS_PER_FULFILMENT,
    max_keys: int = MAX_KEYS_PER_JOB,
) -> FulfilmentXmlReader:
    """Return the reader of Microsoft's delivery; nothing is read before it is iterated."""
    return FulfilmentXmlReader(source, max_keys_per_fulfilment=max_keys_per_fulfilment, max_keys=max_keys)


def write_fulfilment_xml(deliveries: Iterable[tuple[FulfilmentHeader, Iterable[FulfilmentRow]]]) -> bytes:
    """Return a FulfillmentResponse with these deliveries; it holds full product keys, so only for samples.

    Quantity is the number of rows unless the header gives one.

    :raises WriteRefused: naive_time, characters
    """
    root = make("FulfillmentResponse")
    fulfilments = add_group(root, "Fulfillments")
    for header, rows in deliveries:
        _add_fulfilment(fulfilments, header, list(rows))
    return to_bytes(root)


def _add_fulfilment(parent: etree._Element, header: FulfilmentHeader, rows: list[FulfilmentRow]) -> None:
    fulfilment = add_group(parent, "KeyFulfillment")
    for name, (field, _limit) in HEADER_FIELDS.items():
        value = getattr(header, field)
        if field == "quantity" and value is None:
            value = len(rows)
        if value is not None and value != "":
            add(fulfilment, name, format_time(value) if hasattr(value, "tzinfo") else value)
    add(fulfilment, "Ranges")
    keys = add_group(fulfilment, "Keys")
    for row in rows:
        fields = [("ProductKeyID", row.product_key_id), ("ProductKey", row.product_key.reveal())]
        add_group(keys, "Key", [*fields, ("SKUID", row.sku_id or None)])
