"""Scripted interleavings: one transaction stands still at a chosen point while another one acts."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction

from core.actor import Actor, ActorKind
from core.errors import DomainError
from core.tenancy import mar_scope, partner_scope
from licensing.exchange.samples import sample_hardware_hash
from licensing.models import Build, KeyHandOver, LedgerEntry, Order, Product, ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.services import builds, hand_over, velocity
from licensing.services.builds import BuildFacts, report_build
from licensing.services.hand_over import claim_key, reveal_key
from licensing.services.orders import OrderRefused, OrderRequest, place_order
from partners.models import ApiKey, Partner
from tests.databases import owner_connection
from tests.factories import AT, make_partner, make_product, make_stock
from tests.race.server import all_at_once
from tests.race.shops import make_shop

LAPTOP = DeviceIdentity("LENOVO", "20N2S00A00", "PF0ABCDE")


class RollBack(Exception):
    """Ends a rival's transaction."""


def _by(partner: Partner) -> Actor:
    return Actor(ActorKind.USER, "u1", "Buyer", partner_id=partner.pk)


def _order(partner: Partner, product: Product, quantity: int = 1) -> Any:
    with partner_scope(partner.pk):
        return place_order(
            partner_id=partner.pk, request=OrderRequest(product.pk, quantity), idempotency_key=uuid4().hex,
            by=_by(partner), at=AT,
        )  # fmt: skip


@contextmanager
def _rival(act: Callable[[], Any], *, rolls_back: bool) -> Iterator[Callable[[], None]]:
    """Act in a transaction of another thread and stand still before its end; yield what lets it end."""
    has_acted, may_end = threading.Event(), threading.Event()
    failed: list[BaseException] = []

    def run() -> None:
        try:
            with transaction.atomic():
                act()
                has_acted.set()
                may_end.wait(timeout=60)
                if rolls_back:
                    raise RollBack
        except RollBack:
            pass
        except BaseException as error:  # noqa: BLE001  (handed to the test)
            failed.append(error)
        finally:
            has_acted.set()
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    assert has_acted.wait(timeout=60)
    try:
        yield may_end.set
    finally:
        may_end.set()
        thread.join(timeout=60)
    assert failed == []


def _wait_until_someone_waits(database: str) -> None:
    """Return once a transaction of this database waits for another one's lock."""
    with owner_connection("postgres") as owner, owner.cursor() as cursor:
        for _ in range(600):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'",
                [database],
            )
            if cursor.fetchone()[0]:
                return
            time.sleep(0.05)
    raise AssertionError("nobody waits")


def _in_thread(act: Callable[[], Any]) -> tuple[threading.Thread, list[Any]]:
    ended: list[Any] = []
    thread = threading.Thread(target=lambda: ended.extend(all_at_once([act])))
    thread.start()
    return thread, ended


def test_order_waits_for_a_rival_that_rolls_back_and_then_succeeds(cloned_db: str) -> None:
    rival, partner, product = make_partner(), make_partner(), make_product()
    make_stock(product, 3)
    with _rival(lambda: _order(rival, product, 3), rolls_back=True) as let_it_end:
        thread, ended = _in_thread(lambda: _order(partner, product, 2))
        _wait_until_someone_waits(cloned_db)
        let_it_end()
        thread.join(timeout=60)
    assert ended[0].is_new
    with mar_scope():
        assert Order.objects.get().partner == partner
        assert ProductKey.objects.filter(partner=partner, state=11).count() == 2


def test_order_waits_for_a_rival_that_commits_and_is_then_out_of_stock(cloned_db: str) -> None:
    rival, partner, product = make_partner(), make_partner(), make_product()
    make_stock(product, 3)
    with _rival(lambda: _order(rival, product, 3), rolls_back=False) as let_it_end:
        thread, ended = _in_thread(lambda: _order(partner, product, 2))
        _wait_until_someone_waits(cloned_db)
        let_it_end()
        thread.join(timeout=60)
    assert isinstance(ended[0], OrderRefused)
    assert ended[0].refusals[0].facts == {"Asked for": 2, "In stock": 0}


def test_order_does_not_wait_while_enough_other_keys_are_free(cloned_db: str) -> None:
    rival, partner, product = make_partner(), make_partner(), make_product()
    make_stock(product, 5)
    with _rival(lambda: _order(rival, product, 3), rolls_back=False):
        assert _order(partner, product, 2).is_new


def test_without_waiting_the_same_interleaving_is_a_false_shortage(cloned_db: str) -> None:
    """The control: an allocation that only skips what is held says out of stock too early."""
    from licensing import guards

    rival, partner, product = make_partner(), make_partner(), make_product()
    make_stock(product, 3)
    hasty = guards.allocate_function().replace(
        f"ARRAY({guards.FREE_KEYS});", f"ARRAY({guards.FREE_KEYS} SKIP LOCKED);"
    )
    assert hasty != guards.allocate_function()
    with owner_connection(cloned_db) as owner, owner.cursor() as cursor:
        cursor.execute(hasty)
    with (
        _rival(lambda: _order(rival, product, 3), rolls_back=True),
        pytest.raises(OrderRefused),
    ):
        _order(partner, product, 2)


def _one_assigned_key() -> tuple[Partner, Product, ApiKey, str]:
    shop, product = make_shop(), make_product()
    make_stock(product, 1)
    _order(shop.partner, product)
    with partner_scope(shop.partner.pk):
        key_id = ProductKey.objects.get().product_key_id
    return shop.partner, product, shop.api_key, key_id


def _claim(partner: Partner, product: Product, station: ApiKey, device: DeviceIdentity) -> Any:
    with partner_scope(partner.pk):
        return claim_key(
            partner_id=partner.pk, product_code=product.code, device=device, idempotency_key=uuid4().hex,
            station=station, by=_by(partner), at=AT,
        )  # fmt: skip


def _reveal(partner: Partner, key_id: str, device: DeviceIdentity) -> Any:
    with partner_scope(partner.pk):
        return reveal_key(
            partner_id=partner.pk, product_key_id=key_id, device=device, reason="Station is down",
            by=_by(partner), at=AT,
        )  # fmt: skip


def test_claim_against_reveal_of_the_last_key_hands_it_over_once(cloned_db: str) -> None:
    for _ in range(8):
        partner, product, station, key_id = _one_assigned_key()
        other = DeviceIdentity("LENOVO", "20N2S00A00", "PF0OTHER")
        ended = all_at_once(
            [
                lambda: _claim(partner, product, station, LAPTOP),  # noqa: B023
                lambda: _reveal(partner, key_id, other),  # noqa: B023
            ]
        )
        assert sum(isinstance(outcome, DomainError) for outcome in ended) == 1, ended
        with partner_scope(partner.pk):
            assert KeyHandOver.objects.count() == 1
            assert LedgerEntry.objects.filter(to_state=12).count() == 1


def test_reveal_waits_for_a_claim_in_flight_and_is_then_refused(cloned_db: str) -> None:
    partner, product, station, key_id = _one_assigned_key()
    other = DeviceIdentity("LENOVO", "20N2S00A00", "PF0OTHER")
    with _rival(lambda: _claim(partner, product, station, LAPTOP), rolls_back=False) as let_it_end:
        thread, ended = _in_thread(lambda: _reveal(partner, key_id, other))
        _wait_until_someone_waits(cloned_db)
        let_it_end()
        thread.join(timeout=60)
    assert isinstance(ended[0], DomainError)
    assert ended[0].code == "key_for_another_device"


def test_without_locks_only_the_database_stops_a_second_hand_over(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both doors read the key unlocked; one of them must then fail at the key's move."""
    partner, product, station, key_id = _one_assigned_key()
    both_have_read = threading.Barrier(2)

    def read(*_args: Any, **_kwargs: Any) -> Any:
        key = ProductKey.objects.select_related("product").get(product_key_id=key_id)
        both_have_read.wait(timeout=60)
        return key

    # The count of how fast keys leave would let one in at a time.
    monkeypatch.setattr(velocity, "lock_velocity", lambda _partner_id: None)
    monkeypatch.setattr(hand_over, "_lock_key", read)
    monkeypatch.setattr(hand_over, "find_claimable_key", read)
    ended = all_at_once(
        [
            lambda: _claim(partner, product, station, LAPTOP),
            lambda: _reveal(partner, key_id, DeviceIdentity("LENOVO", "20N2S00A00", "PF0OTHER")),
        ]
    )
    assert [getattr(outcome, "code", "handed") for outcome in ended if isinstance(outcome, Exception)] == [
        "key_cannot_move"
    ]
    with partner_scope(partner.pk):
        assert KeyHandOver.objects.count() == 1


def _report(partner: Partner, key_id: str, seed: str) -> Build:
    with partner_scope(partner.pk):
        return report_build(
            partner_id=partner.pk, facts=BuildFacts(key_id, sample_hardware_hash(seed)), channel="api",
            by=_by(partner), at=AT,
        )  # fmt: skip


def test_two_reports_of_one_key_at_once_make_one_build(cloned_db: str) -> None:
    for turn in range(8):
        partner, product, station, key_id = _one_assigned_key()
        _claim(partner, product, station, LAPTOP)
        ended = all_at_once(
            [lambda seed=seed: _report(partner, key_id, seed) for seed in (f"{turn}a", f"{turn}b")]  # noqa: B023
        )
        assert sorted(getattr(outcome, "code", "built") for outcome in ended) == ["already_bound", "built"]
        with partner_scope(partner.pk):
            assert Build.objects.count() == 1


def test_without_the_lock_the_database_still_refuses_a_second_build(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both reports read the key unlocked; a constraint or the key's move stops the second."""
    partner, product, station, key_id = _one_assigned_key()
    _claim(partner, product, station, LAPTOP)
    both_have_read = threading.Barrier(2)

    def read(_partner_id: Any, _key_id: str) -> ProductKey:
        key = ProductKey.objects.get(product_key_id=key_id)
        both_have_read.wait(timeout=60)
        return key

    monkeypatch.setattr(builds, "_lock_own_key", read)
    ended = all_at_once([lambda seed=seed: _report(partner, key_id, seed) for seed in ("a", "b")])
    assert sorted(isinstance(outcome, Exception) for outcome in ended) == [False, True]
    assert "already_bound" not in {getattr(outcome, "code", "") for outcome in ended}
    with partner_scope(partner.pk):
        assert Build.objects.count() == 1


def test_one_hash_for_two_keys_at_once_is_reported_once(cloned_db: str) -> None:
    shop, product = make_shop(), make_product()
    make_stock(product, 2)
    _order(shop.partner, product, 2)
    handed = [
        _claim(shop.partner, product, shop.api_key, DeviceIdentity("LENOVO", "T490", f"PF0HASH{n}"))
        for n in range(2)
    ]
    ended = all_at_once(
        [lambda key_id=one.product_key_id: _report(shop.partner, key_id, "copied") for one in handed]
    )
    assert sorted(getattr(outcome, "code", "built") for outcome in ended) == ["built", "hash_seen_before"]
    with partner_scope(shop.partner.pk):
        assert Build.objects.count() == 1
