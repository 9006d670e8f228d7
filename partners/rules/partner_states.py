"""How a partner's state moves. Source: docs/states.md."""

from partners.models.partner import PartnerState as State

TRANSITIONS: dict[str, frozenset[str]] = {
    State.AGREEMENT_PENDING: frozenset({State.ACTIVE}),
    State.ACTIVE: frozenset({State.RESTRICTED, State.SUSPENDED, State.WINDING_DOWN}),
    State.RESTRICTED: frozenset({State.ACTIVE, State.SUSPENDED, State.WINDING_DOWN}),
    State.SUSPENDED: frozenset({State.ACTIVE, State.RESTRICTED, State.WINDING_DOWN}),
    State.WINDING_DOWN: frozenset({State.TERMINATED}),
    State.TERMINATED: frozenset(),
}


def may_move(before: str, after: str) -> bool:
    """Return whether a partner may go from one state to another."""
    return after in TRANSITIONS.get(before, frozenset())


def format_code(number: int) -> str:
    """Return a partner's code such as TPR-0007."""
    return f"TPR-{number:04d}"
