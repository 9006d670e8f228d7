"""Turn the rows of a delivery into staged rows: product and fulfilment found, key encrypted and indexed."""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from uuid import UUID

from core.crypto import KeyCipher, blind_index
from core.custody_keys import blind_index_key
from licensing.exchange.fulfilment import MAX_KEYS_PER_FULFILMENT, FulfilmentHeader, FulfilmentRow
from licensing.exchange.refusals import ErrorList
from licensing.rules.key_syntax import is_synthetic
from licensing.services.import_errors import UNKNOWN_PART

# No tab or backslash can pass, so the number needs no escaping in a line of COPY.
_NUMBER = re.compile(r"[A-Za-z0-9][A-Za-z0-9./-]{0,9}", re.ASCII)
# Microsoft's own shape. Anything else is not repeated in an error: it might be a piece of a key.
_USUAL_LPN = re.compile(r"[A-Za-z0-9]{3}-[0-9]{5}", re.ASCII)


class Assembly:
    """Assemble the staged rows of one file, one by one; errors go to the list it was given."""

    def __init__(
        self,
        batch_id: UUID,
        *,
        data_key: bytes,
        products: Mapping[str, int],
        sold_to_id: str,
        takes_synthetic: bool,
        errors: ErrorList,
    ) -> None:
        self._batch_id = batch_id
        self._cipher = KeyCipher(data_key)
        self._index_key = blind_index_key()
        self._products = products
        self._sold_to_id = sold_to_id
        self._takes_synthetic = takes_synthetic
        self._errors = errors
        self._product_of: dict[str, int] = {}
        self._keys_in: Counter[str] = Counter()
        self._derived: dict[int, str] = {}
        self._unknown_deliveries: set[int] = set()

    def line_of(self, row: FulfilmentRow, *, is_xml: bool) -> str | None:
        """Return the row as a line of COPY, None when it has an error."""
        product_id = self._products.get(row.lpn.upper())
        if product_id is None:
            self._note_unknown_product(row, is_xml=is_xml)
            return None
        number = row.fulfilment_number or self._derive_number(product_id, is_xml=is_xml)
        if not _NUMBER.fullmatch(number) and number != self._derived.get(product_id):
            if not is_xml:
                self._errors.add(row.row_number, "fulfilment_number", "fulfilment_syntax")
            return None
        if not is_xml and not self._fits_fulfilment(row, number, product_id):
            return None
        if not self._takes_synthetic and is_synthetic(row.product_key.reveal()):
            self._errors.add(row.row_number, "product_key", "key_synthetic")
            return None
        return self._sealed_line(row, number, product_id)

    def check_headers(self, headers: Iterable[FulfilmentHeader]) -> None:
        """Check what an XML file says of each delivery as a whole."""
        numbers: set[str] = set()
        for header in headers:
            number = header.fulfilment_number
            if not number:
                self._errors.add(0, "fulfilment_number", "fulfilment_required")
            elif not _NUMBER.fullmatch(number):
                self._errors.add(0, "fulfilment_number", "fulfilment_syntax")
            elif number in numbers:
                self._errors.add(0, "fulfilment_number", "fulfilment_twice")
            numbers.add(number)
            if header.sold_to_customer_id.lstrip("0") != self._sold_to_id.lstrip("0"):
                self._errors.add(0, "sold_to_customer_id", "sold_to_foreign")

    def _note_unknown_product(self, row: FulfilmentRow, *, is_xml: bool) -> None:
        if is_xml:
            # The part number stands once above all keys of a delivery: one error, not thousands.
            if row.fulfilment_index in self._unknown_deliveries:
                return
            self._unknown_deliveries.add(row.fulfilment_index)
        lpn = row.lpn if _USUAL_LPN.fullmatch(row.lpn) else UNKNOWN_PART
        self._errors.add(0 if is_xml else row.row_number, "licensable_part_number", "lpn_unknown", lpn=lpn)

    def _derive_number(self, product_id: int, *, is_xml: bool) -> str:
        """Return our own number for rows that carry none; a full fulfilment is followed by the next."""
        if is_xml:
            return ""
        number = self._derived.get(product_id)
        if number is None or self._keys_in[number] >= MAX_KEYS_PER_FULFILMENT:
            taken = sum(known.startswith(_own_prefix(self._batch_id)) for known in self._keys_in)
            number = self._derived[product_id] = f"{_own_prefix(self._batch_id)}{taken + 1}"
        return number

    def _fits_fulfilment(self, row: FulfilmentRow, number: str, product_id: int) -> bool:
        if self._product_of.setdefault(number, product_id) != product_id:
            self._errors.add(row.row_number, "fulfilment_number", "fulfilment_mixed")
            return False
        self._keys_in[number] += 1
        if self._keys_in[number] > MAX_KEYS_PER_FULFILMENT:
            if self._keys_in[number] == MAX_KEYS_PER_FULFILMENT + 1:
                self._errors.add(
                    row.row_number, "fulfilment_number", "too_many_keys", limit=MAX_KEYS_PER_FULFILMENT
                )
            return False
        return True

    def _sealed_line(self, row: FulfilmentRow, number: str, product_id: int) -> str:
        key = row.product_key.reveal()
        sealed = self._cipher.encrypt(key, identity=f"{self._batch_id}:{row.product_key_id}")
        index = blind_index(self._index_key, key)
        return (
            f"{row.row_number}\t{product_id}\t{number}\t{row.product_key_id}\t{key[-5:]}"
            f"\t\\\\x{index.hex()}\t\\\\x{sealed.hex()}\n"
        )


def _own_prefix(batch_id: UUID) -> str:
    # Longer than any number of Microsoft's, so the two can never meet.
    return f"CSV-{batch_id.hex[:12]}-"
