"""How a partner leaves in order: what must be settled, and when all of it is. Source: docs/domain-rules.md."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

# House rules: long enough to report what is in hand, short enough to be an end.
SHORTEST = timedelta(days=1)
LONGEST = timedelta(days=366)


class ItemKind(StrEnum):
    """What is open between a partner and the MAR at the end."""

    KEYS_UNUSED = "keys_unused"
    KEYS_UNREPORTED = "keys_unreported"
    RETURNS_OPEN = "returns_open"
    MONEY_OWED = "money_owed"
    LABELS = "labels"
    PROOF_PAGES = "proof_pages"
    DOCUMENTS = "documents"
    DATA_FILE = "data_file"


class ItemState(StrEnum):
    """Where one of them stands."""

    OPEN = "open"
    SETTLED = "settled"
    WAIVED = "waived"


# The portal counts these by itself: they are settled when nothing is left, never by somebody's word.
COUNTED = frozenset(
    {ItemKind.KEYS_UNUSED, ItemKind.KEYS_UNREPORTED, ItemKind.RETURNS_OPEN, ItemKind.MONEY_OWED}
)
# A person says that these are done, and how.
BY_WORD = frozenset({ItemKind.LABELS, ItemKind.PROOF_PAGES, ItemKind.DOCUMENTS})


@dataclass(frozen=True, slots=True)
class Count:
    """How much of an item there is now: pieces, or money in the partner's currency."""

    count: int = 0
    amount: Decimal = Decimal(0)

    @property
    def is_nothing(self) -> bool:
        """Return whether nothing is left."""
        return self.count == 0 and self.amount == 0

    def is_within(self, other: "Count") -> bool:
        """Return whether it is no more than another one, in pieces and in money."""
        return self.count <= other.count and self.amount <= other.amount


def state_of(kind: str, counted: Count, *, waived: Count | None, is_settled_by_word: bool) -> ItemState:
    """Return where an item stands, from what is counted now and what people said.

    ``waived``: how much two people let go, None while they have not. More than that is open again.
    """
    if kind in COUNTED and counted.is_nothing:
        return ItemState.SETTLED
    if kind not in COUNTED and is_settled_by_word:
        return ItemState.SETTLED
    return ItemState.WAIVED if waived is not None and counted.is_within(waived) else ItemState.OPEN


def is_end_possible(ends_at: datetime, *, at: datetime) -> bool:
    """Return whether access may end then: not within a day, not later than a year from now."""
    return SHORTEST <= ends_at - at <= LONGEST
