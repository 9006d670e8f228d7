"""The machine's steps beside the straight road: another answer, sent again, swapped, put right, given back."""

from collections.abc import Callable
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from core.errors import DomainError
from licensing.rules.key_states import KeyState
from tests.licensing.machine.model import FROZEN, NONE, QUARANTINED, ModelKey, Wish
from tests.licensing.machine.stock_steps import StockSteps

ANSWERED = (KeyState.ACTIVATION_ENABLED, KeyState.ACTIVATION_DENIED)
UNREPORTED = (KeyState.ASSIGNED, KeyState.RETRIEVED, KeyState.CONSUMED)
GOING = (*UNREPORTED, KeyState.BOUND, *ANSWERED)
LOST = "lost_or_stolen"


class RoadSteps(StockSteps):
    """What Microsoft, the partner or two people do to a key that is on its way."""

    _shop_of: Callable[[ModelKey], Any]
    _one_of: Callable[[list[ModelKey]], Any]

    @precondition(lambda self: self.model.those(*ANSWERED))
    @rule(data=st.data(), code=st.sampled_from(["00", "02", "01", "03", "06", "07"]))
    def answer_otherwise(self, data: Any, code: str) -> None:
        """Microsoft answers the same report with another code: its last word counts."""
        key = data.draw(self._one_of(self.model.those(*ANSWERED)))
        self.world.answer(key.pk, key.name, code, self._now())
        if code != key.answer:
            self._answered(key, code)

    def _answered(self, key: ModelKey, code: str) -> None:
        key.state = KeyState.ACTIVATION_ENABLED if code in ("00", "02") else KeyState.ACTIVATION_DENIED
        key.answer, key.is_resent = code, False
        if code == "06":
            key.hold = LOST

    @precondition(lambda self: self.model.those(KeyState.ACTIVATION_DENIED, hold=None))
    @rule(data=st.data())
    def send_again(self, data: Any) -> None:
        key = data.draw(self._one_of(self.model.those(KeyState.ACTIVATION_DENIED, hold=None)))
        may = key.answer in ("01", "08") and key.hold == NONE and not key.is_resent
        assert key.build is not None
        build_id = key.build
        self._do_or_refuse(may, lambda: self.world.resend(build_id, self._now()), DomainError)
        if may:
            key.is_resent = True

    @precondition(lambda self: any(key.shop is not None for key in self.model.keys.values()))
    @rule(data=st.data())
    def swap(self, data: Any) -> None:
        key = data.draw(self._one_of([key for key in self.model.keys.values() if key.shop is not None]))
        shop = self._shop_of(key)
        may = key.state in UNREPORTED and key.hold == NONE and key.wished_back is None
        may = may and bool(self.model.free_for(key.shop))
        given: list[int] = []
        self._do_or_refuse(
            may, lambda: given.append(self.world.swap(shop, key.name, self._now())), DomainError
        )
        if not may:
            return
        new = self.model.keys[given[0]]
        assert new.is_free
        new.state, new.shop, new.order, new.has_left = KeyState.ASSIGNED, key.shop, key.order, True
        key.go_back_to_stock()
        key.order, key.last = None, None

    @precondition(lambda self: self.model.those(KeyState.FULFILLED, hold=QUARANTINED))
    @rule(data=st.data(), kind=st.sampled_from(["release", "give_back"]))
    def put_right(self, data: Any, kind: str) -> None:
        key = data.draw(self._one_of(self.model.those(KeyState.FULFILLED, hold=QUARANTINED)))
        is_stopped = key.delivery is not None and key.delivery.stop is not None
        may = (not key.was_seen and not is_stopped) if kind == "release" else key.was_seen and bool(key.last)
        self._do_or_refuse(may, lambda: self.world.correct(key.pk, kind, self._now()), DomainError)
        if may and kind == "release":
            key.hold = NONE
        elif may:
            assert key.last is not None
            key.state, key.hold = KeyState.RETRIEVED, NONE
            key.shop, key.order = key.last

    @precondition(lambda self: any(key.shop is not None for key in self.model.keys.values()))
    @rule(data=st.data())
    def ask_back(self, data: Any) -> None:
        key = data.draw(self._one_of([key for key in self.model.keys.values() if key.shop is not None]))
        shop = self._shop_of(key)
        may = key.state in GOING and key.hold not in FROZEN and key.wished_back is None
        asked: list[Any] = []
        self._do_or_refuse(
            may, lambda: asked.append(self.world.ask_back(shop, key.name, self._now())), DomainError
        )
        if may:
            key.wished_back = asked[0]
            self.model.wishes.append(Wish(key.shop, asked[0], key))

    @precondition(lambda self: self.model.wishes)
    @rule()
    def send_bundle(self) -> None:
        """All that waits goes as one; what is on its way or held waits on."""
        going = [
            wish for wish in self.model.wishes
            if wish.key.shop == wish.shop and wish.key.state in GOING and wish.key.hold not in FROZEN
        ]  # fmt: skip
        requests = [wish.request for wish in self.model.wishes]
        sent: list[Any] = []
        self._do_or_refuse(
            bool(going), lambda: sent.append(self.world.send_bundle(requests, self._now())), DomainError
        )
        for wish in going:
            key = wish.key
            self.model.wishes.remove(wish)
            if key.state in UNREPORTED:
                key.go_back_to_stock()
                key.order = None
            key.before_return, key.state = key.state, KeyState.REPORTED_RETURN
            key.return_id, key.has_left = sent[0], True
