"""Which wrongs about a key can be put right: from where to where, along the one table of states only."""

from dataclasses import dataclass

from licensing.rules.key_states import Hold, KeyState


@dataclass(frozen=True, slots=True)
class Correction:
    """A kind of correction: the state and hold it starts from, and the states the key then goes through."""

    state: KeyState
    hold: Hold
    path: tuple[KeyState, ...]
    is_disclosed: bool | None = None  # None: either


CORRECTIONS: dict[str, Correction] = {
    "release": Correction(KeyState.FULFILLED, Hold.QUARANTINED, (), is_disclosed=False),
    "give_back": Correction(
        KeyState.FULFILLED, Hold.QUARANTINED, (KeyState.ASSIGNED, KeyState.RETRIEVED), is_disclosed=True
    ),
    "enabled": Correction(KeyState.ACTIVATION_DENIED, Hold.NONE, (KeyState.ACTIVATION_ENABLED,)),
    "denied": Correction(KeyState.ACTIVATION_ENABLED, Hold.NONE, (KeyState.ACTIVATION_DENIED,)),
}


def corrections_for(state: KeyState, hold: Hold, *, is_disclosed: bool) -> list[str]:
    """Return the kinds of correction that a key in this place can be asked for."""
    return [
        kind
        for kind, known in CORRECTIONS.items()
        if known.state is state and known.hold is hold and known.is_disclosed in (None, is_disclosed)
    ]
