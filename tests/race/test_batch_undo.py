"""A delivery is stopped while it is ordered, and decided twice at once; with controls."""

import threading
import time
from typing import Any

import pytest

from core.errors import DomainError
from core.tenancy import mar_scope, partner_scope
from licensing.locks import lock_keys
from licensing.models import BatchStop, KeyAssignment, Product, ProductKey
from licensing.selectors.batch_stops import keys_out_of_stock
from licensing.services import batch_undo, order_cancel, replacements
from licensing.services.batch_undo import give_batch_back, stop_batch, undo_import
from licensing.services.order_cancel import cancel_order
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.factories.pools import make_pool
from tests.licensing.services.orders_kit import MAR_PERSON, order
from tests.race.at_once import at_once, reading_together
from tests.race.server import all_at_once

KEYS = 12


def _batch(product: Product, quantity: int = KEYS) -> Any:
    return make_stock(product, quantity)[0].batch_id


def _act(act: Any, target: Any, role: str = "mar_approver") -> Any:
    by = actor_for(make_member(role))
    return lambda: act(target, reason="Wrong product", by=by, at=AT)


def test_each_key_of_a_stopped_delivery_is_ordered_or_held_and_never_both(cloned_db: str) -> None:
    partners, product = [make_partner() for _ in range(4)], make_product()
    batch_id = _batch(product)
    stop = _act(stop_batch, batch_id)

    def stopping() -> None:
        with mar_scope():
            stop()

    ended = at_once(stopping, *(lambda p=p: order(p, product, 2) for p in partners))
    assert set(ended) <= {"done", "OrderRefused"}
    with mar_scope():
        assigned = KeyAssignment.objects.count()
        assert assigned % 2 == 0
        held = ProductKey.objects.filter(state=1, hold="quarantined", partner__isnull=True).count()
        assert (held, assigned, held + assigned) == (KEYS - assigned, keys_out_of_stock(batch_id), KEYS)


def _stopped(cloned_db: str) -> BatchStop:
    with mar_scope():
        return _act(stop_batch, _batch(make_product(), 2), "mar_stock")()


def test_of_two_decisions_at_once_one_counts(cloned_db: str) -> None:
    stop = _stopped(cloned_db)
    ended = at_once(_act(undo_import, stop.pk), _act(give_batch_back, stop.pk), scope=mar_scope)
    assert ended == ["StopRefused", "done"]
    with mar_scope():
        state = BatchStop.objects.get().state
        assert set(ProductKey.objects.values_list("state", flat=True)) == {100 if state == "undone" else 1}


def test_without_the_lock_the_second_meets_the_databases_guard(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both read the stop as open, and a trigger refuses the second decision."""
    stop = _stopped(cloned_db)
    monkeypatch.setattr(
        batch_undo, "lock_batch_stop", reading_together(lambda pk: BatchStop.objects.get(pk=pk))
    )
    ended = at_once(_act(undo_import, stop.pk), _act(give_batch_back, stop.pk), scope=mar_scope)
    assert ended == ["IntegrityError", "done"]
    with mar_scope(), pytest.raises(DomainError):
        _act(undo_import, stop.pk)()


@pytest.mark.parametrize("waits", [True, False], ids=["guarded", "control"])
def test_a_key_that_is_just_being_freed_is_held_by_the_stop(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    """The control: a stop that does not wait for who frees a key leaves it in the stock."""
    partner, product = make_partner(), make_product()
    batch_id = _batch(product)
    placed = order(partner, product, 2)
    freed, real = threading.Event(), order_cancel.announce_free_stock

    def announce(*told: Any, **more: Any) -> bool:
        freed.set()
        time.sleep(1.5)
        return real(*told, **more)

    monkeypatch.setattr(order_cancel, "announce_free_stock", announce)
    if not waits:
        monkeypatch.setattr(batch_undo, "lock_stopping", lambda _batch_id: None)
    stop, by = _act(stop_batch, batch_id), actor_for(make_member("mar_stock"))

    def stopping() -> None:
        freed.wait(10)
        with mar_scope():
            stop()

    def cancelling() -> None:
        with mar_scope():
            cancel_order(placed.order_id, reason="too many", by=by, at=AT)

    assert faults(all_at_once([cancelling, stopping])) == []
    with mar_scope():
        free = ProductKey.objects.filter(state=1, hold="none").count()
        assert free == (0 if waits else 2)


@pytest.mark.parametrize("waits", [True, False], ids=["guarded", "control"])
def test_a_stop_and_a_swap_do_not_wait_for_each_other(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch, waits: bool
) -> None:
    """The swap takes a key and frees another one; the control meets a stop that begins in between."""
    make_mar()
    partner, product = make_partner(), make_product()
    stop, real, took = _act(stop_batch, _batch(product)), replacements._take_back, threading.Event()
    order(partner, product, 1)
    with mar_scope():
        old = ProductKey.objects.get(partner=partner).product_key_id

    def take_back(*told: Any) -> None:
        took.set()
        time.sleep(1.5)
        real(*told)

    monkeypatch.setattr(replacements, "_take_back", take_back)
    if not waits:
        monkeypatch.setattr(replacements, "_hold_off_a_stop", lambda *_told: None)

    def swapping() -> None:
        wanted = replacements.Wanted("the wrong one", None)
        with partner_scope(partner.pk):
            replacements.swap_key(
                partner_id=partner.pk, product_key_id=old, wanted=wanted, by=MAR_PERSON, at=AT
            )

    def stopping() -> None:
        took.wait(10)
        with mar_scope():
            stop()

    assert faults(all_at_once([swapping, stopping])) == ([] if waits else ["OperationalError"])
    with mar_scope():
        assert ProductKey.objects.filter(partner=partner).count() == 1


def test_a_stop_and_an_order_from_a_pool_do_not_wait_for_each_other(cloned_db: str) -> None:
    """The order holds its pool's keys and comes to the general stock then: the stop goes the same way."""
    partner, product = make_partner(), make_product()
    keys = make_stock(product, 40)
    pool, stop, held, go = make_pool(product, partner), _act(stop_batch, keys[0].batch_id), *_events(2)
    with mar_scope():
        ProductKey.objects.filter(pk__in=[key.pk for key in keys[-5:]]).update(pool=pool.pk)

    def blocking() -> None:
        with mar_scope():
            lock_keys([keys[20].pk])
            held.set()
            go.wait(20)

    def stopping() -> None:
        held.wait(20)
        with mar_scope():
            stop()

    def buying() -> None:
        held.wait(20)
        time.sleep(1)
        threading.Timer(1.5, go.set).start()
        order(partner, product, 40)

    assert set(faults(all_at_once([blocking, stopping, buying]))) <= {"OrderRefused"}


def _events(number: int) -> list[threading.Event]:
    return [threading.Event() for _ in range(number)]


def faults(ended: list[Any]) -> list[str]:
    return [type(each).__name__ for each in ended if isinstance(each, Exception)]
