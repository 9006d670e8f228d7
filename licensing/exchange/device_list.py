"""A list of PCs as a CSV file: manufacturer, model, serial; nothing else is read from it."""

from typing import BinaryIO

from licensing.exchange.csv_rows import ascii_problem, read_rows, text_problem
from licensing.exchange.refusals import ErrorList, FormatError
from licensing.rules.devices import DeviceIdentity

COLUMNS = ("manufacturer", "model", "serial")
MAX_LENGTHS = {"manufacturer": 60, "model": 60, "serial": 36}
MAX_ROWS = 500
MAX_BYTES = 256 * 1024


def read_device_list(source: BinaryIO) -> tuple[list[DeviceIdentity], tuple[FormatError, ...]]:
    """Return the PCs in the order of the file, and what is wrong with which row.

    :raises CsvRefused: when the file as a whole cannot be read.
    """
    errors = ErrorList()
    devices = []
    for row in read_rows(source, required=COLUMNS, max_rows=MAX_ROWS, errors=errors, max_bytes=MAX_BYTES):
        before = errors.count
        for name, limit in MAX_LENGTHS.items():
            text = row.values[name]
            code = ascii_problem(text) if name == "serial" else text_problem(text)
            if not text:
                errors.add(row.number, name, "required")
            elif code:
                errors.add(row.number, name, code)
            elif len(text) > limit:
                errors.add(row.number, name, "too_long", limit=limit)
        if errors.count == before:
            devices.append(
                DeviceIdentity(row.values["manufacturer"], row.values["model"], row.values["serial"])
            )
    return devices, errors.kept
