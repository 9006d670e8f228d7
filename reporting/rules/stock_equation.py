"""The stock equation of the monthly report: per product and key state, and over all states."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

Rule = Literal["state", "total", "negative", "twice", "unknown_product", "carried_over"]


class StockCounts(Protocol):
    """What the equation needs to know of one product and key state; all counts are keys."""

    @property
    def product_code(self) -> str: ...
    @property
    def state_code(self) -> int: ...
    @property
    def state_name(self) -> str: ...
    @property
    def opening(self) -> int: ...
    @property
    def entries(self) -> int: ...
    @property
    def exits(self) -> int: ...
    @property
    def closing(self) -> int: ...


@dataclass(frozen=True, slots=True, order=True)
class Imbalance:
    """One place where keys do not add up; `expected` and `found` are keys."""

    product_code: str
    state_name: str
    rule: Rule
    expected: int
    found: int

    def __str__(self) -> str:
        where = f"{self.product_code}, {self.state_name}" if self.state_name else self.product_code
        return f"{where}: {self.rule}: expected {self.expected}, found {self.found}"


def _line_imbalances(line: StockCounts) -> Iterable[Imbalance]:
    """Yield what is wrong inside one line."""
    expected = line.opening + line.entries - line.exits
    if expected != line.closing:
        yield Imbalance(line.product_code, line.state_name, "state", expected, line.closing)
    smallest = min(line.opening, line.entries, line.exits, line.closing)
    if smallest < 0:
        yield Imbalance(line.product_code, line.state_name, "negative", 0, smallest)


def _doubled_lines(lines: Iterable[StockCounts]) -> Iterable[Imbalance]:
    """Yield each product and state that is counted more than once."""
    seen: dict[tuple[str, int], int] = {}
    names: dict[tuple[str, int], str] = {}
    for line in lines:
        place = (line.product_code, line.state_code)
        seen[place] = seen.get(place, 0) + 1
        names[place] = line.state_name
    for place, times in seen.items():
        if times > 1:
            yield Imbalance(place[0], names[place], "twice", 1, times)


def _total_imbalances(lines: Iterable[StockCounts], received: Mapping[str, int]) -> Iterable[Imbalance]:
    """Yield each product whose closings over all states are not all keys received so far."""
    closings = dict.fromkeys(received, 0)
    for line in lines:
        closings[line.product_code] = closings.get(line.product_code, 0) + line.closing
    for product_code, closing in closings.items():
        if product_code not in received:
            yield Imbalance(product_code, "", "unknown_product", 0, closing)
        elif closing != received[product_code]:
            yield Imbalance(product_code, "", "total", received[product_code], closing)


def find_imbalances(lines: Iterable[StockCounts], *, received_so_far: Mapping[str, int]) -> list[Imbalance]:
    """Return every place where the stock equation fails, sorted; an empty list means it balances.

    Per product and state: opening + entries - exits = closing. Per product: the closings of all
    states, Returned included, add up to all keys received up to the end of the period.
    `received_so_far` maps product codes to keys and comes from the imports, not from the lines, so
    that the second rule is a real check.
    """
    counted = list(lines)
    found = [fact for line in counted for fact in _line_imbalances(line)]
    found += _doubled_lines(counted)
    found += _total_imbalances(counted, received_so_far)
    return sorted(found)


def find_gaps(lines: Iterable[StockCounts], before: Iterable[StockCounts]) -> list[Imbalance]:
    """Return every product and state whose opening is not what the month before closed with, sorted.

    `before` are the lines of that month's newest report. A place that one of the two does not name
    holds no keys there.
    """
    openings = {(line.product_code, line.state_name): line.opening for line in lines}
    closings = {(line.product_code, line.state_name): line.closing for line in before}
    return sorted(
        Imbalance(*place, "carried_over", closings.get(place, 0), openings.get(place, 0))
        for place in openings.keys() | closings.keys()
        if openings.get(place, 0) != closings.get(place, 0)
    )
