"""What is owed for a key that went back. Source: docs/domain-rules.md, RET-16."""

from dataclasses import dataclass
from decimal import Decimal

from licensing.rules.partner_returns import Outcome

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bought:
    """How a key was bought: its line's price, and whether that is or will be on an invoice.

    It is not when the key was taken back before its month was billed. ``is_free_again`` tells that the
    MAR may sell the key once more. ``is_replaced_free`` tells that another key took its place at no charge.
    """

    unit_price: Decimal
    is_charged: bool
    is_free_again: bool = False
    is_replaced_free: bool = False


def settle(outcome: Outcome, bought: Bought) -> tuple[Decimal, Decimal]:
    """RET-16: return (credit, charge) of one answered key, in the currency of its line.

    Microsoft's credit is passed on once, and never beside a replacement that cost nothing. Without
    credit the price stands; a key that was taken back before it was billed is charged then, unless it
    can be sold again.
    """
    if outcome == "credited":
        is_due = bought.is_charged and not bought.is_replaced_free
        return (bought.unit_price if is_due else NOTHING), NOTHING
    is_kept = bought.is_charged or bought.is_free_again or bought.is_replaced_free
    return NOTHING, (NOTHING if is_kept else bought.unit_price)
