"""The small model of a key's life: what every key must be after each step, in plain Python."""

from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from licensing.rules.key_states import KeyState

NONE, QUARANTINED, RESERVED = "none", "quarantined", "reserved"
# The shop that draws from the pool.
MEMBER = 0
FROZEN = ("lost_or_stolen", "disputed")
RETURNABLE = (KeyState.FULFILLED, KeyState.BOUND, KeyState.ACTIVATION_ENABLED, KeyState.ACTIVATION_DENIED)


@dataclass
class ModelKey:
    """One key: its state and hold, who has it, and whether anybody has seen it."""

    pk: int
    name: str
    state: KeyState = KeyState.FULFILLED
    hold: str = NONE
    shop: int | None = None
    order: UUID | None = None
    was_seen: bool = False
    claim: str = ""
    claimed_by: int = 0
    build: UUID | None = None
    before_return: KeyState | None = None
    return_id: UUID | None = None
    answer: str = ""
    is_pooled: bool = False
    has_left: bool = False
    delivery: "Delivery | None" = None
    is_resent: bool = False
    wished_back: UUID | None = None
    # Who had it last, by which order; nobody once another key was given for it or its sale is settled.
    last: tuple[int, UUID | None] | None = None

    @property
    def is_free(self) -> bool:
        return self.state is KeyState.FULFILLED and self.hold == NONE

    def go_back_to_stock(self) -> None:
        """Belong to nobody again; what was seen is never free."""
        if self.shop is not None:
            self.last = (self.shop, self.order)
        self.state, self.shop, self.order = KeyState.FULFILLED, None, None
        self.come_free()

    def come_free(self) -> None:
        """Lie in stock under no hold, but for what was seen, and what a stop of its delivery holds from now on."""
        self.hold = QUARANTINED if self.was_seen else NONE
        if self.delivery is not None and self.delivery.stop is not None and not self.was_seen:
            self.hold = QUARANTINED
            self.delivery.held.append(self)


@dataclass
class Reservation:
    """Keys kept for a shop's order until an instant."""

    shop: int
    order: UUID
    keys: list[ModelKey]
    until: datetime


@dataclass
class Wish:
    """A shop's approved return of one key that waits for its bundle."""

    shop: int
    request: UUID
    key: ModelKey


@dataclass
class Delivery:
    """The keys that came together; while they are stopped, which of them the stop holds."""

    keys: list[ModelKey]
    stop: UUID | None = None
    held: list[ModelKey] = field(default_factory=list)
    is_undone: bool = False

    @property
    def is_out(self) -> bool:
        return any(
            key.has_left or key.state is not KeyState.FULFILLED or key.hold not in (NONE, QUARANTINED)
            for key in self.keys
        )

    @property
    def still_held(self) -> list[ModelKey]:
        return [
            key for key in self.held
            if key.state is KeyState.FULFILLED and key.hold == QUARANTINED and not key.was_seen
        ]  # fmt: skip


@dataclass
class Model:
    """All keys by their primary key, what is reserved now, and the deliveries."""

    keys: dict[int, ModelKey] = field(default_factory=dict)
    reservations: list[Reservation] = field(default_factory=list)
    wishes: list["Wish"] = field(default_factory=list)
    deliveries: list[Delivery] = field(default_factory=list)

    def free_for(self, shop: int | None) -> list[ModelKey]:
        """Return the free keys a shop may draw: the first of them also those of the pool."""
        return [key for key in self.free if shop == MEMBER or not key.is_pooled]

    def those(self, *states: KeyState, hold: str | None = NONE) -> list[ModelKey]:
        """Return the keys in some states (and with a hold), oldest first."""
        return [
            key
            for _pk, key in sorted(self.keys.items())
            if key.state in states and (hold is None or key.hold == hold)
        ]

    @property
    def free(self) -> list[ModelKey]:
        return [key for key in self.keys.values() if key.is_free]

    def rows(self) -> dict[int, tuple[int, str, int | None, bool, bool]]:
        """Return what the table of keys must hold."""
        return {
            key.pk: (int(key.state), key.hold, key.shop, key.was_seen, key.is_pooled)
            for key in self.keys.values()
        }
