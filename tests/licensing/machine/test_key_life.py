"""A key's whole life in any order: 100 lives of 50 steps, more by option; and every row of the table once."""

from datetime import timedelta

import pytest
from django.db import DatabaseError, transaction
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from core.tenancy import mar_scope, partner_scope
from licensing.models import Build, LedgerEntry, ProductKey
from licensing.rules.key_states import PARTNER_TRANSITIONS, TRANSITIONS, KeyState
from tests.factories import AT, make_mar
from tests.factories.exchange import make_held_keys
from tests.licensing.machine.key_machine import KeyMachine
from tests.licensing.machine.world import World

pytestmark = pytest.mark.django_db
# The two sides that Microsoft tells apart are one here, and no correction of a PC's facts is sent after the answer.
NO_ROAD = {
    (KeyState.BOUND, KeyState.NOTIFIED_BOUND),
    (KeyState.NOTIFIED_BOUND, KeyState.REPORTED_BOUND),
    (KeyState.ACTIVATION_ENABLED, KeyState.ACTIVATION_ENABLED_PENDING_UPDATE),
    (KeyState.ACTIVATION_ENABLED_PENDING_UPDATE, KeyState.ACTIVATION_ENABLED),
}
STRAIGHT = {(1, 11), (11, 12), (12, 3), (3, 7), (7, 9), (7, 10)}


@pytest.mark.slow
def test_no_order_of_steps_loses_or_doubles_a_key(request: pytest.FixtureRequest) -> None:
    lives = request.config.getoption("--key-lives")
    run_state_machine_as_test(
        KeyMachine,
        settings=settings(
            max_examples=lives,
            stateful_step_count=request.config.getoption("--key-steps"),
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
    # A machine whose lives end in the stock proves little.
    assert lives < 50 or STRAIGHT - KeyMachine.taken == set()


class _Walk:
    """One key after the other, each on its own road, through the services that the screens call."""

    def __init__(self) -> None:
        self.world, self.at = World(), AT
        self.shop = self.world.shops[0]

    def now(self) -> object:
        self.at += timedelta(minutes=20)
        return self.at

    def assigned(self) -> tuple[int, str]:
        (pk,) = self.world.deliver(1, self.now())
        order_id = self.world.order(self.shop, 1, self.now())
        with mar_scope():
            key = ProductKey.objects.get(order_line__order_id=order_id)
        assert key.pk == pk
        self.order_id = order_id
        return key.pk, key.product_key_id

    def handed(self) -> tuple[int, str]:
        key = self.assigned()
        self.world.claim(self.shop, self.now())
        return key

    def bound(self, *, by_way_of_consumed: bool = False) -> tuple[int, str]:
        pk, name = self.handed()
        if by_way_of_consumed:
            self.world.consume(self.shop, name, self.now())
        self.build_id = self.world.report(self.shop, name, self.now())
        return pk, name

    def answered(self, code: str) -> tuple[int, str]:
        pk, name = self.bound()
        self.world.send_reports(self.now())
        self.world.answer(pk, name, code, self.now())
        return pk, name

    def returned(self, pk: int, name: str, code: str) -> None:
        self.world.answer_return(self.world.send_back([pk], self.now()), name, code, self.now())


def test_every_row_of_the_table_is_walked_by_a_service() -> None:
    walk = _Walk()
    world, now = walk.world, walk.now
    walk.assigned()
    world.cancel(walk.order_id, now())
    with mar_scope():
        (free,) = ProductKey.objects.filter(state=1).exclude(pk__in=world.decoys)
    walk.returned(free.pk, free.product_key_id, "PA")
    stop = world.stop(world.deliver(1, now())[0], now())
    world.decide(stop, now(), is_undone=True)
    world.order(walk.shop, 1, now())
    world.claim(walk.shop, now())
    world.recall(free.pk, now())
    _pk, name = walk.handed()
    world.consume(walk.shop, name, now())
    world.deliver(1, now())
    world.swap(walk.shop, name, now())
    world.claim(walk.shop, now())
    walk.bound(by_way_of_consumed=True)
    world.revert(walk.shop, walk.build_id, now())
    walk.returned(*walk.bound(), "PA")
    for code in ("00", "03"):
        walk.returned(*walk.answered(code), "PA")
    walk.returned(*walk.answered("00"), "OJ")
    pk, name = walk.answered("01")
    for other in ("00", "01"):
        world.answer(pk, name, other, now())
    with mar_scope():
        build_id = Build.objects.get(key_id=pk, ended_at__isnull=True).pk
    world.resend(build_id, now())
    world.send_reports(now())
    with mar_scope():
        pairs = set(LedgerEntry.objects.values_list("from_state", "to_state"))
    walked = {pair for pair in pairs if pair[0] != pair[1]}
    assert walked == {(a and int(a), int(b)) for a, b in TRANSITIONS - NO_ROAD}


@pytest.mark.parametrize("before", [state for state in KeyState if state is not KeyState.UNDONE])
def test_the_database_refuses_every_pair_that_the_table_does_not_list(before: KeyState) -> None:
    make_mar()
    (key,) = make_held_keys(1, state=KeyState.ASSIGNED)
    with mar_scope():
        for state in _road_to(before):
            gone = {"partner": None, "order_line": None} if state is KeyState.FULFILLED else {}
            seen = {"is_disclosed": True} if state is KeyState.RETRIEVED else {}
            ProductKey.objects.filter(pk=key.pk).update(state=state, **gone, **seen)
    unlisted = {after for after in KeyState if after is not before and (before, after) not in TRANSITIONS}
    assert {after for after in KeyState if _is_refused(key, after, "may not go from")} == unlisted
    with partner_scope(key.partner_id):  # type: ignore[arg-type]
        if not ProductKey.objects.filter(pk=key.pk).exists():
            return
        mine = {after for after in KeyState if (before, after) in PARTNER_TRANSITIONS}
    refused = {
        after for after in KeyState
        if after is not before and _is_refused(key, after, "may not", partner_id=key.partner_id)
    }  # fmt: skip
    assert refused == set(KeyState) - {before} - mine


def _road_to(state: KeyState) -> list[KeyState]:
    """Return the states on the shortest way from Assigned."""
    roads: dict[KeyState, list[KeyState]] = {KeyState.ASSIGNED: []}
    while state not in roads:
        for before, after in sorted((a, b) for a, b in TRANSITIONS if a is not None):
            if before in roads and after not in roads and after is not KeyState.UNDONE:
                roads[after] = [*roads[before], after]
    return roads[state]


def _is_refused(key: ProductKey, after: KeyState, why: str, partner_id: object = None) -> bool:
    """Try a raw update of the state alone and say whether the table was what refused it; nothing stays."""
    try:
        with partner_scope(partner_id) if partner_id else mar_scope(), transaction.atomic():  # type: ignore[arg-type]
            ProductKey.objects.filter(pk=key.pk).update(state=after)
            transaction.set_rollback(True)
    except DatabaseError as error:
        return why in str(error)
    return False
