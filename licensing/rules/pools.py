"""Pools of stock: where one stands, and who may draw from it. Rule POOL-1."""

from datetime import datetime
from enum import StrEnum

# The stock that every partner may draw from.
GENERAL = 0


class PoolState(StrEnum):
    """Where a pool stands."""

    ASKED = "asked"
    PLANNED = "planned"
    OPEN = "open"
    ENDED = "ended"


def state_of(
    opened_at: datetime | None,
    ended_at: datetime | None,
    valid_from: datetime,
    valid_before: datetime | None,
    at: datetime,
) -> PoolState:
    """Return where a pool stands at an instant: past its end it is ended, whether or not it was tidied up."""
    if ended_at is not None or (valid_before is not None and valid_before <= at):
        return PoolState.ENDED
    if opened_at is None:
        return PoolState.ASKED
    return PoolState.OPEN if valid_from <= at else PoolState.PLANNED
