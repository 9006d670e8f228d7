"""What is owed for a key that went back. Source: docs/domain-rules.md, RET-16."""

from dataclasses import dataclass
from decimal import Decimal

from licensing.rules.partner_returns import Outcome

NOTHING = Decimal(0)


@dataclass(frozen=True, slots=True)
class Bought:
    """How a key was bought: its line's price, and whether that is or will be on an invoice.

    It is not when the key was taken back before its month was billed. ``is_free_again`` tells that the
    MAR may sell the key once more.
    """

    unit_price: Decimal
    is_charged: bool
    is_free_again: bool = False


def settle(outcome: Outcome, bought: Bought) -> tuple[Decimal, Decimal]:
    """RET-16: return (credit, charge) of one answered key, in the currency of its line.

    Microsoft's credit is passed on once; a key replaced at no charge was credited before and is not asked
    about again. Without credit the price stands; a key that was taken back before it was billed is
    charged then, unless it can be sold again.
    """
    if outcome == "credited":
        return (bought.unit_price if bought.is_charged else NOTHING), NOTHING
    is_kept = bought.is_charged or bought.is_free_again
    return NOTHING, (NOTHING if is_kept else bought.unit_price)
