"""A list of product key ids: typed, scanned one a line, or as a CSV file with row-numbered errors."""

import re
from io import BytesIO

from licensing.exchange.csv_rows import read_rows
from licensing.exchange.fulfilment import id_problem
from licensing.exchange.refusals import ErrorList, FormatError
from licensing.exchange.return_xml import MAX_RETURN_LINES

MAX_BYTES = 1024 * 1024
COLUMN = "product_key_id"
# What a refurbisher's own list may carry beside the ids; it is not read.
IGNORED = ("serial_number", "note")
_BETWEEN = re.compile(r"[\s,;]+")


def read_key_ids_csv(content: bytes) -> tuple[list[str], tuple[FormatError, ...]]:
    """Return the ids in their order and the errors by row. What stood in a wrong field is not repeated.

    :raises CsvRefused: if the file as a whole cannot be read
    """
    errors = ErrorList()
    rows = read_rows(
        BytesIO(content),
        required=(COLUMN,),
        optional=IGNORED,
        max_rows=MAX_RETURN_LINES,
        errors=errors,
        max_bytes=MAX_BYTES,
    )
    ids = []
    for row in rows:
        problem = id_problem(row.values[COLUMN])
        if problem:
            errors.add(row.number, COLUMN, problem)
        else:
            ids.append(row.values[COLUMN])
    return ids, errors.kept


def split_key_ids(text: str) -> list[str]:
    """Return the entries of a typed or scanned list."""
    return [entry for entry in _BETWEEN.split(text.strip()) if entry]
