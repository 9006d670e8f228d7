"""The last keys of a pool under rivals: each given once, none to an outsider; with the controls that show why."""

import threading
from datetime import timedelta
from typing import Any

import pytest

from core.tenancy import mar_scope
from licensing import guards
from licensing.models import KeyAssignment, Product, ProductKey
from licensing.services import pools
from licensing.services.orders import OrderRefused
from licensing.services.pools import PoolRefused, move_to_pool, release_from_pool
from partners.models import Partner
from tests.databases import owner_connection
from tests.factories import AT, make_partner, make_product, make_stock
from tests.factories.pools import keepers, make_pool
from tests.licensing.services.orders_kit import order
from tests.race.server import all_at_once

ROUNDS = 6


def _try(partner: Partner, product: Product, quantity: int = 1) -> str:
    try:
        return str(order(partner, product, quantity).state)
    except OrderRefused as refused:
        return refused.code
    except Exception as error:  # noqa: BLE001  (the control asks for its kind)
        return type(error).__name__


def _holders() -> list[Any]:
    with mar_scope():
        return list(KeyAssignment.objects.order_by("key_id").values_list("partner_id", flat=True))


def _pool_of_four(member: Partner) -> Product:
    product = make_product()
    make_stock(product, 4)
    make_pool(product, member, keys=4)
    return product


def test_rivals_get_a_pools_last_keys_once_and_an_outsider_none(cloned_db: str) -> None:
    member, outsider = make_partner(), make_partner()
    product = _pool_of_four(member)
    ended = all_at_once(
        [lambda: _try(member, product) for _ in range(ROUNDS)]
        + [lambda: _try(outsider, product) for _ in range(ROUNDS)]
    )
    assert (ended.count("allocated"), ended.count("out_of_stock")) == (4, 2 * ROUNDS - 4)
    assert _holders() == [member.pk] * 4


@pytest.mark.parametrize("is_guarded", [True, False])
def test_an_allocation_blind_to_pools_is_stopped_by_the_database_alone(
    cloned_db: str, is_guarded: bool
) -> None:
    """The control: asked for every pool, outsiders collide with the key's guard; without it they get keys."""
    member, outsider = make_partner(), make_partner()
    product = _pool_of_four(member)
    blind = guards.allocate_function().replace(
        "public.licensing_pools_of(v_partner, v_line.product_id, p_at)",
        "ARRAY(SELECT id FROM public.licensing_stockpool)",
    )
    assert blind != guards.allocate_function()
    with owner_connection(cloned_db) as owner, owner.cursor() as cursor:
        cursor.execute(blind)
        if not is_guarded:
            cursor.execute("DROP TRIGGER key_pool ON licensing_productkey")
    ended = all_at_once([lambda: _try(outsider, product) for _ in range(4)])
    assert set(ended) == ({"IntegrityError"} if is_guarded else {"allocated"})
    assert _holders() == ([] if is_guarded else [outsider.pk] * 4)


def test_keys_moved_into_a_pool_during_orders_are_nobody_elses_and_none_is_lost(cloned_db: str) -> None:
    member, outsider, product = make_partner(), make_partner(), make_product()
    make_stock(product, 8)
    pool, keeper = make_pool(product, member), keepers()[0]

    def move(act: Any) -> str:
        try:
            with mar_scope():
                return f"{act.__name__} {act(pool.pk, 2, reason='For the schools', by=keeper, at=AT)}"
        except PoolRefused as refused:
            return refused.code

    all_at_once(
        [lambda: move(move_to_pool) for _ in range(3)]
        + [lambda: _try(outsider, product, 2) for _ in range(3)]
        + [lambda: move(release_from_pool)]
    )
    with mar_scope():
        drawn = ProductKey.objects.filter(partner=outsider)
        assert set(drawn.values_list("pool", flat=True)) <= {0}
        free = ProductKey.objects.filter(state=1, hold="none")
        assert drawn.count() + free.count() == 8 == ProductKey.objects.filter(product=product).count()


def test_tidying_pools_and_ending_one_by_hand_do_not_wait_for_each_other(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each holds one pool at a time, then the queue of its product."""
    product, over = make_product(), AT + timedelta(days=1)
    make_stock(product, 4)
    _first, second = (make_pool(product, make_partner(), keys=1, valid_before=over) for _ in range(2))
    has_queue, has_pool = threading.Event(), threading.Event()
    real, person = pools.lock_queue, keepers()[0]

    def lock_queue(product_id: int) -> None:
        if threading.current_thread().name == "hand":
            has_pool.set()
            has_queue.wait(10)
            real(product_id)
        else:
            real(product_id)
            has_queue.set()
            has_pool.wait(10)

    monkeypatch.setattr(pools, "lock_queue", lock_queue)

    def by_hand() -> int:
        threading.current_thread().name = "hand"
        with mar_scope():
            return pools.end_pool(second.pk, reason="Not needed", by=person, at=over)

    assert all_at_once([lambda: pools.tidy_pools(at=over), by_hand]) == [1, 1]
