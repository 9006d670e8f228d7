"""Cells of a CSV file: quoting after RFC 4180 and the guard against formulas, which round-trips."""

# Source: OWASP ASVS 1.2.10 (CSV and formula injection), with the full-width forms OWASP lists.
FORMULA_STARTS = "=+-@\t\r\n\0\uff1d\uff0b\uff0d\uff20"
_QUOTED = frozenset(',"\r\n')

Cell = str | int | None


def guard_text(text: str) -> str:
    """Return text no spreadsheet runs: an apostrophe stands before what would start a formula.

    Text that already looks guarded gets one apostrophe more, so that `unguard_text` gives back
    exactly what came in.
    """
    return f"'{text}" if _starts_formula(text.lstrip("'")) else text


def unguard_text(text: str) -> str:
    """Return the text that was guarded."""
    return text[1:] if text.startswith("'") and _starts_formula(text.lstrip("'")) else text


def _starts_formula(text: str) -> bool:
    return text[:1] != "" and text[0] in FORMULA_STARTS


def write_cell(cell: Cell) -> str:
    """Return one cell: numbers stay numbers, text is guarded, both quoted only where needed."""
    text = "" if cell is None else str(cell) if isinstance(cell, int) else guard_text(cell)
    if _QUOTED.isdisjoint(text):
        return text
    return '"' + text.replace('"', '""') + '"'


def write_row(cells: tuple[Cell, ...] | list[Cell]) -> str:
    """Return one line that ends in LF, as COPY writes it."""
    return ",".join(map(write_cell, cells)) + "\n"
