"""The one table of an order's life: every pair of states that may follow. Code and database read it.

Source: docs/states.md.
"""

from licensing.models.order import OrderState as State

WAITING = frozenset(
    {State.DRAFT, State.HELD_CREDIT, State.HELD_COMPLIANCE, State.NEEDS_APPROVAL, State.BACKORDERED}
)
HELD = frozenset({State.HELD_CREDIT, State.HELD_COMPLIANCE})
# Where an order may begin: the gates decide which of them, in the transaction that places it.
STARTS = WAITING | {State.ALLOCATED}
_OVER = frozenset({State.CANCELLED, State.EXPIRED})

TRANSITIONS: dict[str, frozenset[str]] = {
    State.DRAFT: (WAITING - {State.DRAFT}) | {State.ALLOCATED} | _OVER,
    # Nothing is stored as submitted: an order is decided in the transaction that submits it.
    State.SUBMITTED: frozenset(),
    State.HELD_CREDIT: frozenset(
        {State.HELD_COMPLIANCE, State.NEEDS_APPROVAL, State.BACKORDERED, State.ALLOCATED} | _OVER
    ),
    State.HELD_COMPLIANCE: frozenset(
        {State.HELD_CREDIT, State.NEEDS_APPROVAL, State.BACKORDERED, State.ALLOCATED} | _OVER
    ),
    State.NEEDS_APPROVAL: frozenset(
        {State.HELD_CREDIT, State.HELD_COMPLIANCE, State.BACKORDERED, State.ALLOCATED} | _OVER
    ),
    State.BACKORDERED: frozenset({State.HELD_CREDIT, State.HELD_COMPLIANCE, State.ALLOCATED} | _OVER),
    State.ALLOCATED: frozenset({State.COMPLETED, State.CANCELLED}),
    State.COMPLETED: frozenset(),
    State.CANCELLED: frozenset(),
    State.EXPIRED: frozenset(),
}
# Accepted as to money, though without keys: these count against the credit limit.
COMMITTED = frozenset({State.DRAFT, State.NEEDS_APPROVAL, State.BACKORDERED})


def may_move(before: str, after: str) -> bool:
    """Return whether an order may go from one state to another."""
    return after in TRANSITIONS.get(before, frozenset())


def sources_of(after: str) -> frozenset[str]:
    """Return the states from which an order may come into this one."""
    return frozenset(before for before, targets in TRANSITIONS.items() if after in targets)
