"""The reconciliation table: one row per product in the words of the report."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reporting.builders.lines import AckTotal, StockLine
from reporting.rules.ack_codes import is_denied, is_enabled
from reporting.rules.key_states import KeyStateCode


@dataclass(frozen=True, slots=True)
class ReconciliationLine:
    """One product's month; all counts are keys.

    Free stock: opening + received + recalled - sent_back = available; available - assigned = closing.
    `recalled` counts every way back into free stock: taken back before hand-over, recalled, or a
    return from stock that Microsoft refused. `sent_back` left free stock towards Microsoft,
    `returned` is what Microsoft accepted from any state. `total` is all keys received so far.
    """

    product_code: str
    product_name: str
    lpn: str
    family: str
    opening: int
    received: int
    recalled: int
    sent_back: int
    available: int
    assigned: int
    closing: int
    handed_over: int
    consumed: int
    cbr_sent: int
    enabled: int
    denied: int
    returned: int
    total: int
    answers: tuple[tuple[str, int], ...]

    def answers_of(self, ack_code: str) -> int:
        """Return how many answers had this code."""
        return dict(self.answers).get(ack_code, 0)


def reconcile_product(lines: Sequence[StockLine], answers: Iterable[AckTotal]) -> ReconciliationLine:
    """Return the reconciliation of one product from its balanced stock lines and its answers.

    What entered all states together and did not leave another is what was received, since every
    other step only moves a key. Keys enter Assigned from free stock only (one transition table),
    so what left free stock otherwise was sent back to Microsoft.
    """
    by_state = {line.state_code: line for line in lines}
    names = lines[0]

    def entries(state: KeyStateCode) -> int:
        line = by_state.get(state)
        return line.entries if line else 0

    free = by_state.get(KeyStateCode.FULFILLED)
    opening, came, left = (free.opening, free.entries, free.exits) if free else (0, 0, 0)
    received = sum(line.closing - line.opening for line in lines)
    assigned = entries(KeyStateCode.ASSIGNED)
    counted = tuple(sorted((answer.ack_code, answer.keys) for answer in answers if answer.keys))
    return ReconciliationLine(
        product_code=names.product_code,
        product_name=names.product_name,
        lpn=names.lpn,
        family=names.family,
        opening=opening,
        received=received,
        recalled=came - received,
        sent_back=left - assigned,
        available=opening + came - (left - assigned),
        assigned=assigned,
        closing=opening + came - left,
        handed_over=entries(KeyStateCode.RETRIEVED),
        consumed=entries(KeyStateCode.CONSUMED),
        cbr_sent=entries(KeyStateCode.REPORTED_BOUND),
        enabled=sum(keys for code, keys in counted if is_enabled(code)),
        denied=sum(keys for code, keys in counted if is_denied(code)),
        returned=entries(KeyStateCode.RETURNED),
        total=sum(line.closing for line in lines),
        answers=counted,
    )


def impossible_flows(line: ReconciliationLine) -> list[str]:
    """Return the columns of a reconciliation that are below zero, which no real month can be."""
    columns = ("received", "recalled", "sent_back", "available", "closing")
    return [column for column in columns if getattr(line, column) < 0]
