"""The one table of a key's life: states with Microsoft's own numbers, and every pair that may follow.

Code, the database's trigger and the stateful test all read this table. Source: docs/states.md.
"""

from enum import IntEnum, StrEnum


class KeyState(IntEnum):
    """Microsoft's states, by their numbers, and one of our own for a key whose import was undone."""

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
    # Far from Microsoft's numbers, and never sent to him.
    UNDONE = 100

    @property
    def microsoft_name(self) -> str:
        """Return the name as Microsoft writes it: ActivationEnabled."""
        return "".join(word.capitalize() for word in self.name.split("_"))


class Hold(StrEnum):
    """What keeps a key from moving, beside its state."""

    NONE = "none"
    RESERVED = "reserved"
    QUARANTINED = "quarantined"
    LOST_OR_STOLEN = "lost_or_stolen"
    DISPUTED = "disputed"


# None: the key did not exist before.
TRANSITIONS: frozenset[tuple[KeyState | None, KeyState]] = frozenset(
    {
        (None, KeyState.FULFILLED),
        (KeyState.FULFILLED, KeyState.ASSIGNED),
        (KeyState.ASSIGNED, KeyState.FULFILLED),
        (KeyState.ASSIGNED, KeyState.RETRIEVED),
        (KeyState.RETRIEVED, KeyState.FULFILLED),
        (KeyState.RETRIEVED, KeyState.CONSUMED),
        (KeyState.RETRIEVED, KeyState.BOUND),
        (KeyState.CONSUMED, KeyState.BOUND),
        (KeyState.CONSUMED, KeyState.RETRIEVED),
        (KeyState.BOUND, KeyState.RETRIEVED),
        (KeyState.BOUND, KeyState.NOTIFIED_BOUND),
        (KeyState.BOUND, KeyState.REPORTED_BOUND),
        (KeyState.NOTIFIED_BOUND, KeyState.REPORTED_BOUND),
        (KeyState.REPORTED_BOUND, KeyState.ACTIVATION_ENABLED),
        (KeyState.REPORTED_BOUND, KeyState.ACTIVATION_DENIED),
        (KeyState.ACTIVATION_DENIED, KeyState.REPORTED_BOUND),
        (KeyState.ACTIVATION_ENABLED, KeyState.ACTIVATION_DENIED),
        (KeyState.ACTIVATION_DENIED, KeyState.ACTIVATION_ENABLED),
        (KeyState.ACTIVATION_ENABLED, KeyState.ACTIVATION_ENABLED_PENDING_UPDATE),
        (KeyState.ACTIVATION_ENABLED_PENDING_UPDATE, KeyState.ACTIVATION_ENABLED),
        (KeyState.FULFILLED, KeyState.UNDONE),
        (KeyState.FULFILLED, KeyState.REPORTED_RETURN),
        (KeyState.BOUND, KeyState.REPORTED_RETURN),
        (KeyState.ACTIVATION_ENABLED, KeyState.REPORTED_RETURN),
        (KeyState.ACTIVATION_DENIED, KeyState.REPORTED_RETURN),
        (KeyState.REPORTED_RETURN, KeyState.RETURNED),
        # A refused return gives back the stored state before.
        (KeyState.REPORTED_RETURN, KeyState.FULFILLED),
        (KeyState.REPORTED_RETURN, KeyState.BOUND),
        (KeyState.REPORTED_RETURN, KeyState.ACTIVATION_ENABLED),
        (KeyState.REPORTED_RETURN, KeyState.ACTIVATION_DENIED),
    }
)

# What a partner's own transaction may do to his keys; everything else is the MAR's or Microsoft's.
PARTNER_TRANSITIONS: frozenset[tuple[KeyState | None, KeyState]] = frozenset(
    {
        (KeyState.ASSIGNED, KeyState.RETRIEVED),
        (KeyState.RETRIEVED, KeyState.CONSUMED),
        (KeyState.RETRIEVED, KeyState.BOUND),
        (KeyState.CONSUMED, KeyState.BOUND),
        (KeyState.CONSUMED, KeyState.RETRIEVED),
        (KeyState.BOUND, KeyState.RETRIEVED),
    }
)

# Taken, and the partner owes the report. Keys on hold count nowhere: nobody may report them.
NOT_REPORTED = (KeyState.RETRIEVED, KeyState.CONSUMED)
# The same seen from Microsoft, as the month and the way out see it: until the build report has left.
NOT_AT_MICROSOFT = (*NOT_REPORTED, KeyState.BOUND, KeyState.NOTIFIED_BOUND)

ENABLED_CODES = frozenset({"00", "02"})
DENIED_CODES = frozenset({"01", "03", "04", "05", "06", "07", "08"})
RESEND_CODES = frozenset({"01", "08"})


def may_follow(before: KeyState | None, after: KeyState) -> bool:
    """Return whether a key may go from one state to the other."""
    return (before, after) in TRANSITIONS


def sources_of(after: KeyState) -> frozenset[KeyState]:
    """Return the states from which a key may come into this one."""
    return frozenset(before for before, to in TRANSITIONS if to is after and before is not None)


def state_after_answer(code: str) -> KeyState | None:
    """Return the state that an acknowledgement code leads to, None for a code nobody knows yet."""
    if code in ENABLED_CODES:
        return KeyState.ACTIVATION_ENABLED
    if code in DENIED_CODES:
        return KeyState.ACTIVATION_DENIED
    return None
