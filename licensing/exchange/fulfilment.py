"""What a delivery of keys holds, whichever file it came in, and the checks of each of its rows."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import blake2b

from licensing.exchange.csv_rows import is_scientific, value_problem
from licensing.exchange.refusals import ErrorList, FormatError
from licensing.rules.key_syntax import SecretKey, is_key, is_placeholder, is_product_key_id, normalise_key

MAX_KEYS_PER_FULFILMENT = 5_000
MAX_KEYS_PER_JOB = 100_000
_LPN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,15}", re.ASCII)
_GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII)


@dataclass(frozen=True, slots=True)
class FulfilmentHeader:
    """The details of one delivery, as Microsoft gives them; absent ones are empty or None, times are UTC.

    Source: Microsoft DIS interface, docs/formats.md
    """

    order_unique_id: str = ""
    ms_order_number: str = ""
    ms_order_line_number: int | None = None
    oem_part_number: str = ""
    oem_po_number: str = ""
    oem_po_date_utc: datetime | None = None
    sold_to_customer_id: str = ""
    sold_to_customer_name: str = ""
    ship_to_customer_id: str = ""
    ship_to_customer_name: str = ""
    call_off_reference_number: str = ""
    licensable_part_number: str = ""
    licensable_name: str = ""
    oem_po_line_number: str = ""
    call_off_line_number: str = ""
    fulfilment_resend_indicator: str = ""
    fulfilment_number: str = ""
    fulfilled_date_utc: datetime | None = None
    fulfilment_create_date_utc: datetime | None = None
    end_item_part_number: str = ""
    quantity: int | None = None


@dataclass(frozen=True, slots=True)
class FulfilmentRow:
    """One delivered key; `row_number` as in `FormatError.row`; `fulfilment_index` counts from 0."""

    row_number: int
    product_key_id: str
    product_key: SecretKey
    lpn: str
    sku_id: str = ""
    fulfilment_number: str = ""
    order_unique_id: str = ""
    oem_part_number: str = ""
    fulfilment_index: int = 0


@dataclass(frozen=True, slots=True)
class FulfilmentSummary:
    """What is known after the last row: a delivery is good only if `error_count` is 0."""

    row_count: int
    error_count: int
    errors: tuple[FormatError, ...]
    headers: tuple[FulfilmentHeader, ...]


class RowChecker:
    """Check rows one by one and remember ids and keys, as digests, to find duplicates within the file."""

    def __init__(self, errors: ErrorList) -> None:
        self._errors = errors
        self._rows_by_id: dict[int, int] = {}
        self._keys: set[bytes] = set()

    def check(
        self, row: int, *, product_key_id: str, product_key: str, lpn: str | None, line: int | None = None
    ) -> SecretKey | None:
        """Return the key if the row is good, else note every error of the row and return None.

        A part number given once for many rows is checked once with `check_lpn`; then `lpn` is None here.
        """
        before = self._errors.count
        self._check_id(row, product_key_id, line)
        key = normalise_key(product_key)
        self._check_key(row, key, line)
        if lpn is not None:
            check_lpn(row, lpn, self._errors, line=line)
        return SecretKey(key) if self._errors.count == before else None

    def _check_id(self, row: int, text: str, line: int | None) -> None:
        code = id_problem(text)
        if code:
            self._errors.add(row, "product_key_id", code, line=line)
            return
        first_row = self._rows_by_id.setdefault(int(text), row)
        if first_row != row:
            self._errors.add(row, "product_key_id", "product_key_id_twice", line=line, first_row=first_row)

    def _check_key(self, row: int, key: str, line: int | None) -> None:
        code = key_problem(key)
        if code:
            self._errors.add(row, "product_key", code, line=line)
            return
        digest = blake2b(key.encode(), digest_size=16).digest()
        if digest in self._keys:
            self._errors.add(row, "product_key", "product_key_twice", line=line)
        self._keys.add(digest)


def id_problem(text: str) -> str | None:
    """Return the code of what is wrong with a product key id, or None."""
    if is_product_key_id(text):
        return None
    if not text:
        return "required"
    return "scientific" if is_scientific(text) else value_problem(text) or "product_key_id_syntax"


def key_problem(key: str) -> str | None:
    """Return the code of what is wrong with a normalised product key, or None."""
    if not is_key(key):
        return (value_problem(key) or "product_key_syntax") if key else "required"
    return "product_key_placeholder" if is_placeholder(key) else None


def check_lpn(row: int, lpn: str, errors: ErrorList, *, line: int | None = None) -> None:
    """Note an error unless the text can be a licensable part number."""
    if not _LPN.fullmatch(lpn):
        code = (value_problem(lpn) or "lpn_syntax") if lpn else "required"
        errors.add(row, "licensable_part_number", code, line=line)


def normalise_guid(text: str) -> str | None:
    """Return the GUID in lower case without braces, or None if it is none."""
    guid = text.strip().strip("{}").lower()
    return guid if _GUID.fullmatch(guid) else None


def parse_time(text: str) -> datetime | None:
    """Return the time in UTC, or None if the text is none; without a zone it is UTC, as its name says."""
    # datetime has microseconds; Microsoft's own serialiser writes seven places.
    shortened = re.sub(r"(\.\d{6})\d+", r"\1", text.strip())
    try:
        parsed = datetime.fromisoformat(shortened)
        return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, OverflowError):
        return None
