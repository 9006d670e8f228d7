"""The month's quota of Citizenship licences, as pure arithmetic, and how an exception to it moves.

Source: docs/domain-rules.md, CIT.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from core.errors import FIRST_RULES
from licensing.models.quota import ExceptionState as State

WINDOWS, OFFICE = "windows", "office"

TRANSITIONS: dict[str, frozenset[str]] = {
    State.REQUESTED: frozenset({State.PACKAGED, State.WITHDRAWN}),
    State.PACKAGED: frozenset({State.ASKED, State.REFUSED}),
    State.ASKED: frozenset({State.APPROVED, State.REFUSED}),
    State.APPROVED: frozenset(),
    State.REFUSED: frozenset(),
    State.WITHDRAWN: frozenset(),
}
# The step the partner himself takes; every other one is the MAR's.
PARTNER_STEPS = frozenset({(State.REQUESTED, State.WITHDRAWN)})


@dataclass(frozen=True, slots=True)
class OpenException:
    """What is left of an approved exception that covers the product today."""

    id: UUID
    reference: str
    left: int
    until: date


@dataclass(frozen=True, slots=True)
class Quota:
    """A kind's figures in one calendar month of the MAR's zone.

    ``used`` counts what the month's quota bore: what was ordered and not cancelled or called back in it,
    without what exceptions bore. ``windows`` and ``office`` count everything, exceptions included: of Windows
    the keys that are assigned, what waits apart in ``windows_waiting``, since an order that waits may end; of
    Office what waits too, or two that wait could pass together.
    """

    kind: str
    cap: int
    used: int
    windows: int
    office: int
    resets_on: date
    exceptions: Sequence[OpenException] = ()
    rule_version: str = "1"
    office_percent: int = 100
    share_version: str = "1"
    windows_waiting: int = 0
    rule_since: datetime = FIRST_RULES
    share_since: datetime = FIRST_RULES

    @property
    def left_of_month(self) -> int:
        """Return what the month's quota still bears."""
        return max(self.cap - self.used, 0)

    @property
    def left_of_exceptions(self) -> int:
        """Return what approved exceptions for this product still bear today."""
        return sum(each.left for each in self.exceptions)

    @property
    def remaining(self) -> int:
        """Return how many licences may be ordered now."""
        return self.left_of_month + self.left_of_exceptions

    @property
    def office_room(self) -> int:
        """Return how many Office licences the month's Windows licences still bear."""
        return self._borne_by(self.windows)

    @property
    def office_room_later(self) -> int:
        """Return how many they will bear once what waits of them has its keys."""
        return self._borne_by(self.windows + self.windows_waiting)

    def _borne_by(self, windows: int) -> int:
        return max(windows * self.office_percent // 100 - self.office, 0)


def kind_of(generation: str) -> str:
    """Return whether a product's quota is that of Windows or of Office."""
    return OFFICE if generation.casefold().startswith("office") else WINDOWS


def may_move(before: str, after: str) -> bool:
    """Return whether a quota exception may go from one state to another."""
    return after in TRANSITIONS.get(before, frozenset())


def draws(quota: Quota, quantity: int) -> list[tuple[UUID, int]]:
    """Return what an order takes from each exception: nothing while the month's quota bears it.

    The exception that ends first is used first.
    """
    over, taken = quantity - quota.left_of_month, []
    for each in sorted(quota.exceptions, key=lambda one: (one.until, one.reference)):
        part = min(each.left, over)
        if part > 0:
            taken.append((each.id, part))
            over -= part
    return taken
