"""devices.csv: who made each machine and how it is built, which OA3.xml does not say."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from io import StringIO
from typing import BinaryIO

from licensing.exchange.csv_rows import MAX_CSV_BYTES, CsvRow, ascii_problem, read_rows, text_problem
from licensing.exchange.fulfilment import id_problem
from licensing.exchange.ohr import FACT_NAMES, OhrFacts, check_ohr
from licensing.exchange.refusals import ErrorList, FormatError, WriteRefused

COLUMNS = ("product_key_id", "manufacturer", "model", "serial_number", *FACT_NAMES)
MAX_DEVICES = 5_000
MAX_LENGTHS = {"manufacturer": 64, "model": 64, "serial_number": 36}


@dataclass(frozen=True, slots=True)
class DeviceRow:
    """One machine; `row_number` as a spreadsheet counts."""

    row_number: int
    product_key_id: str
    manufacturer: str
    model: str
    serial_number: str
    facts: OhrFacts


class DevicesCsvReader:
    """Iterate over the good rows once, then look at `errors` and `error_count`."""

    def __init__(
        self, source: BinaryIO, *, max_rows: int = MAX_DEVICES, max_bytes: int = MAX_CSV_BYTES
    ) -> None:
        self._source = source
        self._max_rows = max_rows
        self._max_bytes = max_bytes
        self._errors = ErrorList()
        self._rows_by_id: dict[str, int] = {}

    def __iter__(self) -> Iterator[DeviceRow]:
        """Yield the good rows.

        :raises CsvRefused: if the file as a whole cannot be read, possibly after some rows
        """
        rows = read_rows(
            self._source,
            required=COLUMNS,
            max_rows=self._max_rows,
            errors=self._errors,
            max_bytes=self._max_bytes,
        )
        for row in rows:
            device = self._check(row)
            if device:
                yield device

    @property
    def errors(self) -> tuple[FormatError, ...]:
        return self._errors.kept

    @property
    def error_count(self) -> int:
        return self._errors.count

    def _check(self, row: CsvRow) -> DeviceRow | None:
        before = self._errors.count
        self._check_id(row)
        for name, limit in MAX_LENGTHS.items():
            self._check_text(row, name, limit)
        ohr = check_ohr(row.values, row=row.number)
        for error in ohr.errors:
            self._errors.append(error)
        if ohr.facts is None or self._errors.count != before:
            return None
        values = row.values
        return DeviceRow(
            row_number=row.number,
            product_key_id=values["product_key_id"],
            manufacturer=values["manufacturer"],
            model=values["model"],
            serial_number=values["serial_number"],
            facts=ohr.facts,
        )

    def _check_id(self, row: CsvRow) -> None:
        text = row.values["product_key_id"]
        code = id_problem(text)
        if code:
            self._errors.add(row.number, "product_key_id", code)
            return
        first_row = self._rows_by_id.setdefault(text, row.number)
        if first_row != row.number:
            self._errors.add(row.number, "product_key_id", "product_key_id_twice", first_row=first_row)

    def _check_text(self, row: CsvRow, name: str, limit: int) -> None:
        text = row.values[name]
        # A serial with a look-alike letter would be a second machine to us and the same one to a person.
        code = ascii_problem(text) if name == "serial_number" else text_problem(text)
        if not text:
            self._errors.add(row.number, name, "required")
        elif code:
            self._errors.add(row.number, name, code)
        elif len(text) > limit:
            self._errors.add(row.number, name, "too_long", limit=limit)


def read_devices_csv(source: BinaryIO, *, max_rows: int = MAX_DEVICES) -> DevicesCsvReader:
    """Return the reader of a devices.csv; nothing is read before it is iterated."""
    return DevicesCsvReader(source, max_rows=max_rows)


def write_devices_csv(devices: Iterable[DeviceRow], *, delimiter: str = ",") -> bytes:
    """Return the file with these rows, for samples.

    :raises WriteRefused: characters, if a value would need quoting
    """
    lines = StringIO()
    lines.write(delimiter.join(COLUMNS) + "\r\n")
    for device in devices:
        facts = [getattr(device.facts, name) for name in FACT_NAMES]
        values = [device.product_key_id, device.manufacturer, device.model, device.serial_number, *facts]
        for name, value in zip(COLUMNS, values, strict=True):
            if text_problem(value) or any(letter in value for letter in ',;"'):
                raise WriteRefused("characters", field=name, row=device.row_number)
        lines.write(delimiter.join(values) + "\r\n")
    return lines.getvalue().encode()
