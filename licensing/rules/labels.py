"""GMRL labels: their serial numbers, ranges of them, and how used ones and enabled keys compare.

Source: docs/domain-rules.md, LBL. A label carries no key and is no licence; it is counted because labels
are what is traded.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from licensing.rules.devices import normalise

LARGEST_RANGE = 100_000
MAX_LETTERS, MAX_DIGITS = 5, 11
_SERIAL = re.compile(rf"([A-Z]{{0,{MAX_LETTERS}}})([0-9]{{1,{MAX_DIGITS}}})", re.ASCII)
_LETTERS = 27  # A to Z, and none


@dataclass(frozen=True, slots=True)
class LabelSerial:
    """A label's serial number: letters, then digits, told apart by one position on one line."""

    letters: str
    number: int
    width: int

    @property
    def position(self) -> int:
        """Return the place on the line of all serials; leading zeros make no other label."""
        value = 0
        for letter in self.letters.ljust(MAX_LETTERS):
            value = value * _LETTERS + (ord(letter) - ord("A") + 1 if letter != " " else 0)
        return int(value * 10**MAX_DIGITS + self.number)

    def __str__(self) -> str:
        return f"{self.letters}{self.number:0{self.width}d}"


def read_serial(text: str) -> LabelSerial | None:
    """Return the serial number in a text, spaces and dashes forgiven; None when there is none."""
    found = _SERIAL.fullmatch(normalise(text))
    return LabelSerial(found[1], int(found[2]), len(found[2])) if found else None


def serial_at(position: int, *, width: int) -> LabelSerial:
    """Return the serial number at a place of the line."""
    value, number = divmod(position, 10**MAX_DIGITS)
    letters = ""
    for _place in range(MAX_LETTERS):
        value, code = divmod(value, _LETTERS)
        letters = (chr(ord("A") + code - 1) if code else "") + letters
    return LabelSerial(letters, number, width)


def range_problem(first: LabelSerial | None, last: LabelSerial | None) -> str:
    """Return what is wrong with a range: unreadable, letters, backwards, large; empty when nothing is."""
    if first is None or last is None:
        return "unreadable"
    if first.letters != last.letters:
        return "letters"
    if last.number < first.number:
        return "backwards"
    return "large" if last.number - first.number >= LARGEST_RANGE else ""


@dataclass(frozen=True, slots=True)
class LabelMonth:
    """One month of one partner: labels that went on PCs and stayed, those spoiled, and keys enabled, all net."""

    month: str
    used: int = 0
    spoiled: int = 0
    enabled: int = 0

    @property
    def starts_on(self) -> date:
        """Return the first day of the month."""
        return date.fromisoformat(f"{self.month}-01")

    @property
    def difference(self) -> int:
        """Return labels used minus keys enabled: above zero there are labels without a licence."""
        return self.used - self.enabled


def compare_months(
    used: Mapping[str, int], spoiled: Mapping[str, int], enabled: Mapping[str, int]
) -> list[LabelMonth]:
    """Return every month in which anything happened, the newest first."""
    months = sorted({*used, *spoiled, *enabled}, reverse=True)
    return [
        LabelMonth(month, used.get(month, 0), spoiled.get(month, 0), enabled.get(month, 0))
        for month in months
    ]


def is_spoilage_high(spoiled: int, used: int, *, percent: int) -> bool:
    """LBL-5: return whether more labels were spoiled than goes without a question."""
    return spoiled * 100 > (spoiled + used) * percent
