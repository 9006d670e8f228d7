"""What becomes of an order: one function, asked by the pre-flight and by the order itself."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from enum import StrEnum

from core.errors import Refusal
from licensing.models.order import OrderState
from licensing.rules.order_facts import Gate, OrderFacts
from licensing.rules.order_terms import DELIVERIES_LOOK_BACK
from licensing.rules.ordering import check_gates


class Outcome(StrEnum):
    """How the decision ends."""

    PLACED = "placed"
    HELD = "held"
    APPROVAL = "approval"
    QUEUED = "queued"
    SPLIT = "split"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the buyer lets happen when the order cannot pass at once."""

    may_wait: bool = True
    may_queue: bool = False
    may_split: bool = False


@dataclass(frozen=True, slots=True)
class Decision:
    """What becomes of an order, by which gates; ``now`` keys at once and ``later`` from the queue.

    ``state`` is None for a refused order. Of a split order it is that of the part taken now.
    """

    outcome: Outcome
    state: OrderState | None
    gates: Sequence[Gate]
    now: int = 0
    later: int = 0

    @property
    def closed(self) -> list[Gate]:
        """Return the gates that stand in the way."""
        return [gate for gate in self.gates if not gate.is_open]

    @property
    def refusals(self) -> list[Refusal]:
        """Return what stands in the way."""
        return [gate.refusal for gate in self.gates if gate.refusal is not None]


def decide(facts: OrderFacts, wish: Wish) -> Decision:
    """Return what becomes of an order by these facts.

    Without ``free_stock`` in the facts the stock is taken as sufficient: the allocation will tell. An order
    that was placed before is never refused: it goes on waiting for what stands against it now.
    """
    gates = check_gates(facts)
    closed = [gate for gate in gates if not gate.is_open]
    before_stock = [gate for gate in closed if gate.code != "stock"]
    if facts.was_placed:
        before_stock = [gate if gate.waits_as else _as_point(gate) for gate in before_stock]
    if any(not gate.waits_as for gate in before_stock) or (before_stock and not wish.may_wait):
        return Decision(Outcome.REFUSED, None, gates)
    is_short = len(closed) > len(before_stock)
    if is_short and not (wish.may_queue or facts.was_placed):
        return Decision(Outcome.REFUSED, None, gates)
    waits = {gate.waits_as for gate in before_stock}
    for state in (OrderState.HELD_COMPLIANCE, OrderState.HELD_CREDIT):
        if state in waits:
            return Decision(Outcome.HELD, state, gates, later=facts.quantity)
    if OrderState.NEEDS_APPROVAL in waits:
        return Decision(Outcome.APPROVAL, OrderState.NEEDS_APPROVAL, gates, later=facts.quantity)
    return _by_stock(facts, wish, gates, is_short=is_short)


def _by_stock(facts: OrderFacts, wish: Wish, gates: Sequence[Gate], *, is_short: bool) -> Decision:
    if not is_short:
        return Decision(Outcome.PLACED, OrderState.ALLOCATED, gates, now=facts.quantity)
    if wish.may_split and facts.available > 0:
        now = facts.available
        return Decision(Outcome.SPLIT, OrderState.ALLOCATED, gates, now=now, later=facts.quantity - now)
    return Decision(Outcome.QUEUED, OrderState.BACKORDERED, gates, later=facts.quantity)


def _as_point(gate: Gate) -> Gate:
    """Let a placed order wait before a gate that would have refused it."""
    return replace(gate, waits_as=OrderState.HELD_COMPLIANCE.value)


def expected_on(facts: OrderFacts, later: int, today: date) -> date | None:
    """Return the day by which the last waiting key can be there, None when nobody can say.

    What is on its way counts from its day, a late call-off not at all; what goes beyond it comes at the pace of
    past deliveries. Neither is a promise.
    """
    missing = max(facts.queued + later - (facts.free_stock or 0), 0)
    if not missing:
        return today
    coming = 0
    for on, keys in sorted(facts.arriving):
        coming += keys if on >= today else 0
        if coming >= missing:
            return on
    if not facts.delivered:
        return None
    per_day = facts.delivered / DELIVERIES_LOOK_BACK.days
    return today + timedelta(days=min(math.ceil(missing / per_day), 999))
