"""Every step of a key's life in any order, against the model; what must always hold is asked after each step."""

from datetime import timedelta
from typing import Any, ClassVar

import pytest
from django.db import connection, transaction
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, precondition, rule

from core.errors import DomainError
from core.tenancy import mar_scope, partner_scope
from licensing.models import KeyAssignment, KeyReservation, ProductKey
from licensing.rules.key_states import TRANSITIONS, Hold, KeyState
from licensing.selectors.ledger_accounts import read_books
from licensing.services.custody import KeyCannotMove
from licensing.services.orders import OrderRefused
from reporting.selectors.invariants import INVARIANTS, check_invariant
from tests.factories import AT
from tests.licensing.machine.model import (
    FROZEN,
    NONE,
    QUARANTINED,
    RESERVED,
    RETURNABLE,
    Delivery,
    Model,
    ModelKey,
    Reservation,
)
from tests.licensing.machine.road_steps import RoadSteps
from tests.licensing.machine.world import World, free_count

SHOPS = st.integers(0, 1)
WAY = ("_handed", "_bound", "_sent", "_booked")
LEDGER = """
WITH steps AS (
  SELECT key_id, id, from_state, to_state, lag(to_state) OVER (PARTITION BY key_id ORDER BY id) AS before,
    row_number() OVER (PARTITION BY key_id ORDER BY id DESC) AS from_last
  FROM licensing_ledgerentry)
SELECT coalesce(
    array_agg(DISTINCT ARRAY[from_state, to_state]) FILTER (WHERE from_state IS DISTINCT FROM to_state), '{}'),
  count(*) FILTER (WHERE from_state IS DISTINCT FROM before),
  (SELECT count(*) FROM licensing_productkey k
   WHERE NOT EXISTS (SELECT 1 FROM steps s WHERE s.key_id = k.id AND s.from_last = 1 AND s.to_state = k.state))
FROM steps
"""


class KeyMachine(RoadSteps):
    """The steps of a key: import, order, reserve, claim, report, answer, return, and what goes wrong."""

    # Every pair of states that any life went through.
    taken: ClassVar[set[tuple[int | None, int]]] = set()

    def __init__(self) -> None:
        super().__init__()
        self.rollback = transaction.atomic()
        self.rollback.__enter__()
        self.world, self.model, self.at = World(), Model(), AT

    def teardown(self) -> None:
        """Hold the books and the invariants of the live check against the life, then forget it."""
        with mar_scope():
            problems = [*read_books().problems]
            for each in INVARIANTS:
                problems += check_invariant(each, at=self.at).examples
        transaction.set_rollback(True)
        self.rollback.__exit__(None, None, None)
        assert problems == []

    # Steps

    @initialize(left=st.lists(st.integers(0, len(WAY)), min_size=2, max_size=4), shop=SHOPS)
    def begin(self, left: list[int], shop: int) -> None:
        """Begin with a few keys on their way, so many steps left to Microsoft's answer: lives seldom lead so far."""
        self.deliver(quantity=len(left) + 1)
        self.deliver(quantity=1)
        for place, steps in enumerate(sorted((len(WAY) - each for each in left), reverse=True)):
            free = self.model.free
            self.order(shop=(shop + place) % 2, quantity=1)
            (key,) = [key for key in free if not key.is_free]
            for step in WAY[:steps]:
                getattr(self, step)(key)

    def _handed(self, key: ModelKey) -> None:
        assert key.shop is not None
        self.claim(shop=key.shop)
        assert key.state is KeyState.RETRIEVED

    def _bound(self, key: ModelKey) -> None:
        key.build = self.world.report(self._shop_of(key), key.name, self._now())
        key.state = KeyState.BOUND

    def _sent(self, _key: ModelKey) -> None:
        self.send_reports()

    def _booked(self, key: ModelKey) -> None:
        code = "01" if key.shop else "00"
        self.world.answer(key.pk, key.name, code, self._now())
        self._answered(key, code)

    @rule(quantity=st.integers(1, 4))
    def deliver(self, quantity: int) -> None:
        before = set(self.model.keys)
        for pk in self.world.deliver(quantity, self._now()):
            with mar_scope():
                name = ProductKey.objects.values_list("product_key_id", flat=True).get(pk=pk)
            self.model.keys[pk] = ModelKey(pk, name)
        came = Delivery([key for pk, key in self.model.keys.items() if pk not in before])
        for key in came.keys:
            key.delivery = came
        self.model.deliveries.append(came)

    @rule(shop=SHOPS, quantity=st.integers(1, 5))
    def order(self, shop: int, quantity: int) -> None:
        if quantity > len(self.model.free_for(shop)):
            with pytest.raises(OrderRefused):
                self.world.order(self.world.shops[shop], quantity, self._now())
            return
        first = self._drawn_first(shop, quantity)
        order_id = self.world.order(self.world.shops[shop], quantity, self._now())
        taken = [self.model.keys[pk] for pk in self._taken_by(order_id)]
        assert len(taken) == quantity
        assert all(key.is_free for key in taken)
        assert len([key for key in taken if key.is_pooled]) == first
        for key in taken:
            key.state, key.shop, key.order, key.has_left = KeyState.ASSIGNED, shop, order_id, True

    @rule(shop=SHOPS, quantity=st.integers(1, 3))
    def reserve(self, shop: int, quantity: int) -> None:
        if quantity > len(self.model.free_for(shop)):
            with pytest.raises(OrderRefused):
                self.world.reserve(self.world.shops[shop], quantity, self._now())
            return
        first = self._drawn_first(shop, quantity)
        order_id = self.world.reserve(self.world.shops[shop], quantity, self._now())
        with mar_scope():
            rows = KeyReservation.objects.filter(order_line__order_id=order_id, ended_at__isnull=True)
            keys = [self.model.keys[pk] for pk in rows.order_by("key_id").values_list("key_id", flat=True)]
        assert len(keys) == quantity
        assert all(key.is_free for key in keys)
        assert len([key for key in keys if key.is_pooled]) == first
        for key in keys:
            key.hold = RESERVED
        self.model.reservations.append(Reservation(shop, order_id, keys, self.at + timedelta(minutes=120)))

    @precondition(lambda self: self.model.reservations)
    @rule(data=st.data())
    def confirm(self, data: Any) -> None:
        kept = self.model.reservations[data.draw(st.integers(0, len(self.model.reservations) - 1))]
        shop, now = self.world.shops[kept.shop], self._now()
        may = kept.until > now
        self._do_or_refuse(may, lambda: self.world.confirm(shop, kept.order, now), OrderRefused)
        if may:
            self.model.reservations.remove(kept)
            for key in kept.keys:
                key.state, key.hold, key.shop, key.order = KeyState.ASSIGNED, NONE, kept.shop, kept.order
                key.has_left = True

    @rule(hours=st.integers(0, 3))
    def expire(self, hours: int) -> None:
        self.at += timedelta(hours=hours)
        now = self._now()
        self.world.expire(now)
        for kept in [one for one in self.model.reservations if one.until <= now]:
            self.model.reservations.remove(kept)
            for key in kept.keys:
                key.come_free()

    @precondition(lambda self: any(key.order for key in self.model.keys.values()))
    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        # By number, not by id: a life must be the same when it is played again.
        order_id = data.draw(
            st.sampled_from(list(dict.fromkeys(k.order for k in self.model.keys.values() if k.order)))
        )
        keys = [key for key in self.model.keys.values() if key.order == order_id]
        is_whole = all(
            key.state is KeyState.ASSIGNED and key.hold == NONE and key.wished_back is None for key in keys
        )
        self._do_or_refuse(is_whole, lambda: self.world.cancel(order_id, self._now()), DomainError)
        if is_whole:
            for key in keys:
                key.go_back_to_stock()
                key.order = None

    @rule(shop=SHOPS)
    def claim(self, shop: int) -> None:
        there = [k for k in self.model.those(KeyState.ASSIGNED) if k.shop == shop and k.wished_back is None]
        if not there:
            with pytest.raises(DomainError):
                self.world.claim(self.world.shops[shop], self._now())
            return
        name, handed = self.world.claim(self.world.shops[shop], self._now())
        key = next(key for key in there if key.name == handed.product_key_id)
        key.state, key.was_seen = KeyState.RETRIEVED, True
        key.claim, key.claimed_by = name, shop

    @precondition(lambda self: any(key.claim for key in self.model.keys.values()))
    @rule(data=st.data())
    def claim_again(self, data: Any) -> None:
        """A station that lost the answer asks again: the same key, as long as it is his and not reported."""
        key = data.draw(self._one_of([key for key in self.model.keys.values() if key.claim]))
        shop = self.world.shops[key.claimed_by]
        may = key.shop == key.claimed_by and key.state in (KeyState.RETRIEVED, KeyState.CONSUMED)
        may = may and key.hold == NONE
        answers: list[Any] = []
        self._do_or_refuse(
            may, lambda: answers.append(self.world.claim(shop, self._now(), again=key.claim)), DomainError
        )
        assert [(handed.product_key_id, handed.is_repeat) for _name, handed in answers] == [
            (key.name, True)
        ] * may

    @precondition(lambda self: self.model.those(KeyState.RETRIEVED))
    @rule(data=st.data())
    def consume(self, data: Any) -> None:
        key = data.draw(self._one_of(self.model.those(KeyState.RETRIEVED)))
        self.world.consume(self._shop_of(key), key.name, self._now())
        key.state = KeyState.CONSUMED

    @precondition(lambda self: self.model.those(KeyState.RETRIEVED, KeyState.CONSUMED))
    @rule(data=st.data())
    def report(self, data: Any) -> None:
        key = data.draw(self._one_of(self.model.those(KeyState.RETRIEVED, KeyState.CONSUMED)))
        key.build = self.world.report(self._shop_of(key), key.name, self._now())
        key.state = KeyState.BOUND

    @precondition(lambda self: any(key.build and key.shop is not None for key in self.model.keys.values()))
    @rule(data=st.data())
    def revert(self, data: Any) -> None:
        key = data.draw(self._one_of([k for k in self.model.keys.values() if k.build and k.shop is not None]))
        is_open = key.state is KeyState.BOUND and key.hold == NONE
        build_id = key.build
        assert build_id is not None
        self._do_or_refuse(
            is_open, lambda: self.world.revert(self._shop_of(key), build_id, self._now()), DomainError
        )
        if is_open:
            key.state, key.build = KeyState.RETRIEVED, None

    @rule()
    def send_reports(self) -> None:
        self.world.send_reports(self._now())
        resent = [key for key in self.model.those(KeyState.ACTIVATION_DENIED) if key.is_resent]
        for key in [*self.model.those(KeyState.BOUND), *resent]:
            key.state, key.is_resent = KeyState.REPORTED_BOUND, False

    @precondition(lambda self: self.model.those(KeyState.REPORTED_BOUND))
    @rule(data=st.data(), code=st.sampled_from(["00", "02", "01", "03", "05", "06", "08", "99"]))
    def answer(self, data: Any, code: str) -> None:
        key = data.draw(self._one_of(self.model.those(KeyState.REPORTED_BOUND)))
        self.world.answer(key.pk, key.name, code, self._now())
        if code == "99":
            key.answer = code
        else:
            self._answered(key, code)

    @precondition(lambda self: self.model.those(KeyState.ACTIVATION_ENABLED, KeyState.ACTIVATION_DENIED))
    @rule(data=st.data())
    def answer_twice(self, data: Any) -> None:
        key = data.draw(
            self._one_of(self.model.those(KeyState.ACTIVATION_ENABLED, KeyState.ACTIVATION_DENIED))
        )
        self.world.answer(key.pk, key.name, key.answer, self._now())

    @precondition(lambda self: self.model.keys)
    @rule(data=st.data())
    def recall(self, data: Any) -> None:
        key = data.draw(self._one_of(list(self.model.keys.values())))
        may = key.state is KeyState.RETRIEVED and key.hold == NONE and key.wished_back is None
        self._do_or_refuse(may, lambda: self.world.recall(key.pk, self._now()), DomainError)
        if may:
            key.go_back_to_stock()
            key.order = None

    @precondition(lambda self: self.model.keys)
    @rule(data=st.data(), hold=st.sampled_from([Hold.LOST_OR_STOLEN, Hold.DISPUTED]))
    def freeze(self, data: Any, hold: Hold) -> None:
        key = data.draw(self._one_of(list(self.model.keys.values())))
        may = key.hold == NONE and key.state not in (KeyState.RETURNED, KeyState.UNDONE)
        self._do_or_refuse(may, lambda: self.world.hold(key.pk, hold, self._now()), KeyCannotMove)
        if may:
            key.hold = hold.value

    @precondition(lambda self: any(key.hold in FROZEN for key in self.model.keys.values()))
    @rule(data=st.data())
    def restore(self, data: Any) -> None:
        key = data.draw(self._one_of([key for key in self.model.keys.values() if key.hold in FROZEN]))
        may = key.state is not KeyState.RETURNED
        hold = Hold(key.hold)
        self._do_or_refuse(may, lambda: self.world.lift(key.pk, hold, self._now()), KeyCannotMove)
        if may:
            if key.state is KeyState.FULFILLED:
                key.come_free()
            else:
                key.hold = NONE

    @precondition(lambda self: self.model.keys)
    @rule(data=st.data())
    def send_back(self, data: Any) -> None:
        key = data.draw(self._one_of(list(self.model.keys.values())))
        may = key.state in RETURNABLE and key.hold not in (*FROZEN, RESERVED) and key.wished_back is None
        sent: list[Any] = []
        self._do_or_refuse(may, lambda: sent.append(self.world.send_back([key.pk], self._now())), DomainError)
        if may:
            key.before_return, key.state, key.return_id = key.state, KeyState.REPORTED_RETURN, sent[0]
            key.has_left = True

    @precondition(lambda self: self.model.those(KeyState.REPORTED_RETURN, hold=None))
    @rule(data=st.data(), code=st.sampled_from(["OJ", "PA", "QI", "XX"]))
    def answer_return(self, data: Any, code: str) -> None:
        key = data.draw(self._one_of(self.model.those(KeyState.REPORTED_RETURN, hold=None)))
        assert key.return_id is not None
        self.world.answer_return(key.return_id, key.name, code, self._now())
        if code != "XX" and key.wished_back is not None:
            key.wished_back = None
            if code == "PA" and key.before_return is KeyState.FULFILLED:
                key.last = None  # Its sale is settled: it is charged, or free again.
        if code in ("OJ", "QI"):
            key.state = KeyState.RETURNED
        elif code == "PA":
            assert key.before_return is not None
            key.state = key.before_return
            if key.is_free:
                key.come_free()

    # What always holds

    @invariant()
    def every_key_is_what_the_model_says(self) -> None:
        shops = {shop.partner.pk: number for number, shop in enumerate(self.world.shops)}
        with mar_scope():
            real = ProductKey.objects.exclude(pk__in=self.world.decoys)
            rows = real.values_list("pk", "state", "hold", "partner_id", "is_disclosed", "pool")
            found = {
                pk: (state, hold, shops.get(who), seen, pool > 0) for pk, state, hold, who, seen, pool in rows
            }
        assert found == self.model.rows()

    @invariant()
    def decoys_never_leave(self) -> None:
        with mar_scope():
            found = ProductKey.objects.filter(pk__in=self.world.decoys).values_list(
                "state", "partner_id", "hold"
            )
            assert set(found) <= {
                (1, None, NONE),
                (1, None, QUARANTINED),
                (KeyState.UNDONE.value, None, NONE),
            }

    @invariant()
    def a_key_is_one_partners_or_nobodys(self) -> None:
        with mar_scope():
            assigned = KeyAssignment.objects.filter(ended_at__isnull=True)
            found = sorted(assigned.values_list("key_id", "partner_id"))
        expected = sorted(
            (k.pk, self._shop_of(k).partner.pk) for k in self.model.keys.values() if k.shop is not None
        )
        assert found == expected

    @invariant()
    def what_can_be_ordered_was_never_seen(self) -> None:
        assert not [key.name for key in self.model.free if key.was_seen]
        with mar_scope():
            assert free_count(self.world.product.pk) == len(self.model.free_for(None))
        for number, shop in enumerate(self.world.shops):
            with partner_scope(shop.partner.pk):
                assert free_count(self.world.product.pk, self.at) == len(self.model.free_for(number))

    @invariant()
    def the_ledger_tells_the_same_story(self) -> None:
        with mar_scope(), connection.cursor() as cursor:
            cursor.execute(LEDGER)
            pairs, broken, untold = cursor.fetchone()
        assert (broken, untold) == (0, 0)
        known = {(before and int(before), int(after)) for before, after in TRANSITIONS}
        self.taken.update(tuple(pair) for pair in pairs)
        assert {tuple(pair) for pair in pairs} <= known

    # Help

    def _drawn_first(self, shop: int, quantity: int) -> int:
        """Return how many of a shop's next keys come from the pool."""
        pooled = [key for key in self.model.free_for(shop) if key.is_pooled]
        return min(quantity, len(pooled))

    def _one_of(self, keys: list[ModelKey]) -> Any:
        return st.sampled_from(sorted(keys, key=lambda key: key.pk))

    def _shop_of(self, key: ModelKey) -> Any:
        assert key.shop is not None
        return self.world.shops[key.shop]

    def _taken_by(self, order_id: Any) -> list[int]:
        with mar_scope():
            found = KeyAssignment.objects.filter(order_line__order_id=order_id, ended_at__isnull=True)
            return list(found.values_list("key_id", flat=True))
