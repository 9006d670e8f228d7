"""The documented CSV in which a MAR without an interface to Microsoft brings its keys."""

from collections.abc import Iterable, Iterator
from io import StringIO
from typing import BinaryIO

from licensing.exchange.csv_rows import MAX_CSV_BYTES, CsvRow, ascii_problem, read_rows, value_problem
from licensing.exchange.fulfilment import (
    MAX_KEYS_PER_FULFILMENT,
    FulfilmentRow,
    FulfilmentSummary,
    RowChecker,
    normalise_guid,
)
from licensing.exchange.refusals import CsvRefused, ErrorList, WriteRefused

REQUIRED_COLUMNS = ("product_key_id", "product_key", "licensable_part_number")
OPTIONAL_COLUMNS = ("sku_id", "fulfilment_number", "order_unique_id", "oem_part_number")
_MAX_LENGTHS = {"sku_id": 50, "fulfilment_number": 10, "oem_part_number": 35}


class FulfilmentCsvReader:
    """Iterate over the good rows of the file once, then ask `summary` whether there were bad ones.

    Memory stays flat but for some 200 bytes per row, kept to find duplicates.
    """

    def __init__(
        self, source: BinaryIO, *, max_keys: int = MAX_KEYS_PER_FULFILMENT, max_bytes: int = MAX_CSV_BYTES
    ) -> None:
        self._source = source
        self._max_keys = max_keys
        self._max_bytes = max_bytes
        self._errors = ErrorList()
        self._row_count = 0

    def __iter__(self) -> Iterator[FulfilmentRow]:
        """Yield the good rows.

        :raises CsvRefused: if the file as a whole cannot be read, possibly after some rows
        """
        checker = RowChecker(self._errors)
        rows = read_rows(
            self._source,
            required=REQUIRED_COLUMNS,
            optional=OPTIONAL_COLUMNS,
            max_rows=self._max_keys,
            errors=self._errors,
            max_bytes=self._max_bytes,
        )
        for row in rows:
            self._row_count += 1
            good = self._check(checker, row)
            if good:
                yield good
        if not self._row_count and not self._errors.count:
            raise CsvRefused("csv_empty")

    @property
    def summary(self) -> FulfilmentSummary:
        return FulfilmentSummary(self._row_count, self._errors.count, self._errors.kept, ())

    def _check(self, checker: RowChecker, row: CsvRow) -> FulfilmentRow | None:
        values = row.values
        before = self._errors.count
        lpn = values["licensable_part_number"]
        key = checker.check(
            row.number, product_key_id=values["product_key_id"], product_key=values["product_key"], lpn=lpn
        )
        order_unique_id = self._check_guid(row)
        for name, limit in _MAX_LENGTHS.items():
            self._check_text(row.number, name, values.get(name, ""), limit)
        if key is None or self._errors.count != before:
            return None
        return FulfilmentRow(
            row_number=row.number,
            product_key_id=values["product_key_id"],
            product_key=key,
            lpn=lpn,
            sku_id=values.get("sku_id", ""),
            fulfilment_number=values.get("fulfilment_number", ""),
            order_unique_id=order_unique_id,
            oem_part_number=values.get("oem_part_number", ""),
        )

    def _check_guid(self, row: CsvRow) -> str:
        text = row.values.get("order_unique_id", "")
        guid = normalise_guid(text) if text else ""
        if guid is None:
            self._errors.add(row.number, "order_unique_id", "guid_syntax")
        return guid or ""

    def _check_text(self, row: int, name: str, text: str, limit: int) -> None:
        code = ascii_problem(text)
        if code:
            self._errors.add(row, name, code)
        elif len(text) > limit:
            self._errors.add(row, name, "too_long", limit=limit)


def read_fulfilment_csv(source: BinaryIO, *, max_keys: int = MAX_KEYS_PER_FULFILMENT) -> FulfilmentCsvReader:
    """Return the reader of a delivery in our CSV; nothing is read before it is iterated."""
    return FulfilmentCsvReader(source, max_keys=max_keys)


def write_fulfilment_csv(
    rows: Iterable[FulfilmentRow], *, delimiter: str = ",", with_bom: bool = False
) -> bytes:
    """Return the file with these rows; it holds full product keys, so only for samples and sealed files.

    :raises WriteRefused: characters, if a value would need quoting; machine files get by without
    """
    names = REQUIRED_COLUMNS + OPTIONAL_COLUMNS
    lines = StringIO()
    lines.write(delimiter.join(names) + "\r\n")
    for row in rows:
        values = (
            row.product_key_id,
            row.product_key.reveal(),
            row.lpn,
            row.sku_id,
            row.fulfilment_number,
            row.order_unique_id,
            row.oem_part_number,
        )
        for name, value in zip(names, values, strict=True):
            if value_problem(value) or any(letter in value for letter in ',;"'):
                raise WriteRefused("characters", field=name, row=row.row_number)
        lines.write(delimiter.join(values) + "\r\n")
    return lines.getvalue().encode("utf-8-sig" if with_bom else "utf-8")
