"""A file of orders: one row a product, rows with one reference are one order."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from licensing.exchange.csv_rows import CsvRow, is_scientific, read_rows, text_problem
from licensing.exchange.refusals import CsvRefused, ErrorList

REQUIRED = ("order_reference", "product", "quantity")
OPTIONAL = ("reference", "recipient", "if_short", "may_wait", "lane", "note")
DETAIL_PREFIX = "detail."
MAX_ROWS = 200
MAX_BYTES = 512 * 1024
MAX_LENGTHS = {
    "order_reference": 60, "product": 30, "quantity": 12, "reference": 60, "recipient": 200, "if_short": 10,
    "may_wait": 10, "lane": 10, "note": 300,
}  # fmt: skip
MAX_DETAIL_LENGTH = 300
MAX_DIGITS = 6
CHOICES = {
    "if_short": ("refuse", "queue", "split"),
    "may_wait": ("yes", "no"),
    "lane": ("standard", "special"),
}


@dataclass(frozen=True, slots=True)
class WantedOrder:
    """One good row; ``product`` and ``recipient`` as written. An empty ``lane`` takes the recommended one."""

    row_number: int
    group: str
    reference: str
    product: str
    quantity: int
    recipient: str = ""
    shortage: str = "refuse"
    may_wait: bool = True
    lane: str = ""
    note: str = ""
    details: dict[str, str] = field(default_factory=dict)


def read_orders(source: BinaryIO, *, detail_names: Iterable[str] = ()) -> tuple[list[WantedOrder], ErrorList]:
    """Return the good rows in the order of the file, and what is wrong with the others.

    :raises CsvRefused: when the file as a whole cannot be read, or holds no row.
    """
    errors, found = ErrorList(), []
    details = tuple(f"{DETAIL_PREFIX}{name.lower()}" for name in sorted(detail_names))
    rows = read_rows(
        source, required=REQUIRED, optional=(*OPTIONAL, *details), max_rows=MAX_ROWS, errors=errors,
        max_bytes=MAX_BYTES,
    )  # fmt: skip
    for row in rows:
        before = errors.count
        _check(row, errors)
        if errors.count == before:
            found.append(_wanted(row))
    if not found and not errors.count:
        raise CsvRefused("csv_empty")
    return found, errors


def _check(row: CsvRow, errors: ErrorList) -> None:
    for name, text in row.values.items():
        limit = MAX_LENGTHS.get(name, MAX_DETAIL_LENGTH)
        code = text_problem(text)
        if name in REQUIRED and not text:
            errors.add(row.number, name, "required")
        elif code:
            errors.add(row.number, name, code)
        elif len(text) > limit:
            errors.add(row.number, name, "too_long", limit=limit)
        elif name == "quantity":
            _check_quantity(row.number, text, errors)
        elif name in CHOICES and text and text.casefold() not in CHOICES[name]:
            errors.add(row.number, name, "order_choice", choices=", ".join(CHOICES[name]))


def _check_quantity(number: int, text: str, errors: ErrorList) -> None:
    if is_scientific(text):
        errors.add(number, "quantity", "scientific")
    elif not (text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS and int(text)):
        errors.add(number, "quantity", "order_quantity")


def _wanted(row: CsvRow) -> WantedOrder:
    values = row.values
    return WantedOrder(
        row_number=row.number,
        group=values["order_reference"],
        reference=values.get("reference", "") or values["order_reference"],
        product=values["product"],
        quantity=int(values["quantity"]),
        recipient=values.get("recipient", ""),
        shortage=values.get("if_short", "").casefold() or "refuse",
        may_wait=values.get("may_wait", "").casefold() != "no",
        lane=values.get("lane", "").casefold(),
        note=values.get("note", ""),
        details={
            name.removeprefix(DETAIL_PREFIX): text
            for name, text in values.items()
            if name.startswith(DETAIL_PREFIX) and text
        },
    )
