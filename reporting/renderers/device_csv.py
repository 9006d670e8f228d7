"""The device CSV: one row per reported device, written here for short lists, by COPY for long ones."""

import re
from collections.abc import Iterable

from core.csv_guard import write_row
from reporting.rules.device_columns import DEVICE_COLUMNS, DeviceLine
from reporting.rules.key_pattern import refuse_keys

BOM = "\ufeff"

_TABLE_NAME = re.compile(r"[a-z_][a-z0-9_]{0,62}")
# The same rule as csv_guard.guard_text, in SQL; Postgres stores no NUL. Looking at the first character
# alone first makes the whole export about half again as quick, since the pattern is rarely needed.
_FIRST_CHARACTERS = "('''','=','+','-','@',E'\\t',E'\\r',E'\\n','\uff1d','\uff0b','\uff0d','\uff20')"
_FORMULA_PATTERN = "E'^''*[=+@\\t\\r\\n\uff1d\uff0b\uff0d\uff20-]'"


def device_row(line: DeviceLine) -> tuple[str, ...]:
    """Return the cells of one device in column order."""
    return tuple(getattr(line, name) for name in DEVICE_COLUMNS)


def write_device_csv(lines: Iterable[DeviceLine], *, with_bom: bool = False) -> bytes:
    """Return the whole file: UTF-8, quoting after RFC 4180, lines end in LF as COPY writes them.

    Meant below about 10,000 rows; above that `device_copy_sql` is many times quicker.

    :raises KeyInDocument: a cell holds a full product key.
    """
    rows = [write_row(DEVICE_COLUMNS)]
    for number, line in enumerate(lines, start=1):
        row = write_row(device_row(line))
        refuse_keys(row, place=f"device CSV, row {number}")
        rows.append(row)
    return ((BOM if with_bom else "") + "".join(rows)).encode()


def _guarded(column: str) -> str:
    """Return the SQL of one guarded cell; empty text becomes NULL, which COPY writes as nothing."""
    return (
        f"CASE WHEN left({column}, 1) IN {_FIRST_CHARACTERS} AND {column} ~ {_FORMULA_PATTERN} "
        f"THEN '''' || {column} ELSE NULLIF({column}, '') END AS {column}"
    )


def device_copy_sql(table: str) -> str:
    """Return the COPY statement that writes the same bytes as `write_device_csv` without a BOM.

    The table has a text column for each of DEVICE_COLUMNS, `report_id` and `position`. The caller
    binds `report_id` with `cursor.mogrify`, since COPY takes no parameters, and scans the stream
    with `KeyScanner`.

    :raises ValueError: the table name is not a plain lower-case identifier.
    """
    if not _TABLE_NAME.fullmatch(table):
        raise ValueError(f"not a plain table name: {table!r}")
    cells = ", ".join(map(_guarded, DEVICE_COLUMNS))
    select = f"SELECT {cells} FROM {table} WHERE report_id = %s ORDER BY position"
    return f"COPY ({select}) TO STDOUT WITH (FORMAT csv, HEADER true, ENCODING 'UTF8')"
