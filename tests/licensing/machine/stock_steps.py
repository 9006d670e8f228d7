"""The machine's steps of the stock itself: into a pool and out of it, a delivery stopped, undone, given back."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule

from core.errors import DomainError
from core.tenancy import mar_scope
from licensing.models import ProductKey
from licensing.rules.key_states import Hold, KeyState
from tests.licensing.machine.model import NONE, QUARANTINED, Delivery, Model
from tests.licensing.machine.world import World


class StockSteps(RuleBasedStateMachine):
    """What happens to keys that nobody has; the machine of a key's life builds on it."""

    world: World
    model: Model
    at: datetime

    @rule(quantity=st.integers(1, 4), is_into=st.booleans())
    def move(self, quantity: int, is_into: bool) -> None:
        may = quantity <= len([key for key in self.model.free if key.is_pooled is not is_into])
        self._do_or_refuse(may, lambda: self.world.move(quantity, self._now(), is_into=is_into), DomainError)
        if not may:
            return
        with mar_scope():
            pooled = set(ProductKey.objects.filter(pool=self.world.pool.pk).values_list("pk", flat=True))
        moved = [key for key in self.model.keys.values() if key.is_pooled is not (key.pk in pooled)]
        assert (len(moved), all(key.is_free for key in moved)) == (quantity, True)
        for key in moved:
            key.is_pooled = is_into

    @precondition(lambda self: self.model.deliveries)
    @rule(data=st.data())
    def stop(self, data: Any) -> None:
        came = self._one_delivery(data, lambda _came: True)
        may = came.stop is None and not came.is_undone
        stops: list[Any] = []
        self._do_or_refuse(
            may, lambda: stops.append(self.world.stop(came.keys[0].pk, self._now())), DomainError
        )
        if may:
            came.stop, came.held = stops[0], [key for key in came.keys if key.is_free]
            for key in came.held:
                key.hold = QUARANTINED

    @precondition(lambda self: any(came.stop for came in self.model.deliveries))
    @rule(data=st.data(), is_undone=st.booleans())
    def decide(self, data: Any, is_undone: bool) -> None:
        came = self._one_delivery(data, lambda came: came.stop is not None)
        stop, may = came.stop, not (is_undone and came.is_out)
        assert stop is not None
        self._do_or_refuse(
            may, lambda: self.world.decide(stop, self._now(), is_undone=is_undone), DomainError
        )
        if not may:
            return
        for key in came.still_held:
            key.hold = NONE
        if is_undone:
            for key in came.keys:
                key.state, key.hold, key.is_pooled, key.name = KeyState.UNDONE, NONE, False, f"U{key.pk:012d}"
        came.stop, came.held, came.is_undone = None, [], is_undone

    @precondition(lambda self: self.world.decoys)
    @rule(data=st.data(), road=st.sampled_from(["hold", "lift", "recall", "return"]))
    def move_a_decoy(self, data: Any, road: str) -> None:
        pk = data.draw(st.sampled_from(self.world.decoys))
        world, now = self.world, self._now()
        roads: dict[str, Callable[[], Any]] = {
            "hold": lambda: world.hold(pk, Hold.DISPUTED, now),
            "lift": lambda: world.lift(pk, Hold.QUARANTINED, now),
            "recall": lambda: world.recall(pk, now),
            "return": lambda: world.send_back([pk], now),
        }
        with mar_scope():
            stands = ProductKey.objects.values_list("state", "hold").get(pk=pk)
        may = road == "lift" and stands == (KeyState.FULFILLED, QUARANTINED)
        self._do_or_refuse(may, roads[road], DomainError)

    @rule()
    def tidy(self) -> None:
        self.world.tidy(self._now())

    # Help

    def _now(self) -> Any:
        self.at += timedelta(minutes=20)
        return self.at

    def _one_delivery(self, data: Any, fits: Callable[[Delivery], bool]) -> Delivery:
        # What never left the stock comes first: small numbers are drawn more often.
        fitting = sorted((came for came in self.model.deliveries if fits(came)), key=lambda came: came.is_out)
        return fitting[data.draw(st.integers(0, len(fitting) - 1))]

    def _do_or_refuse(self, may: bool, act: Callable[[], Any], refusal: type[Exception]) -> None:
        """Do what is allowed; what is not must be refused, and the invariants see that nothing changed."""
        if may:
            act()
        else:
            with pytest.raises(refusal), transaction.atomic():
                act()
