"""Microsoft's key states by number, as the stock lines of a report carry them."""

from enum import IntEnum


class KeyStateCode(IntEnum):
    """States a key can be counted in; numbers and names are Microsoft's, but for the last, which is the portal's."""

    FULFILLED = 1
    CONSUMED = 2
    BOUND = 3
    NOTIFIED_BOUND = 4
    RETURNED = 5
    REPORTED_BOUND = 7
    REPORTED_RETURN = 8
    ACTIVATION_ENABLED = 9
    ACTIVATION_DENIED = 10
    ASSIGNED = 11
    RETRIEVED = 12
    ACTIVATION_ENABLED_PENDING_UPDATE = 13
    UNDONE = 100


_LIFE_ORDER = (1, 11, 12, 2, 3, 4, 7, 9, 13, 10, 8, 5, 100)


def life_position(state_code: int) -> tuple[int, int]:
    """Return a sort key that follows a key's life; unknown states come last, by number."""
    if state_code in _LIFE_ORDER:
        return (_LIFE_ORDER.index(state_code), state_code)
    return (len(_LIFE_ORDER), state_code)


def microsoft_name(state: KeyStateCode) -> str:
    """Return the state's name as Microsoft writes it: ActivationEnabled."""
    return state.name.title().replace("_", "")
