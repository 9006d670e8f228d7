"""Two beats at one standing order, and two presses at one estimate or file: one order; broken without the guards."""

import threading
from datetime import UTC, date, datetime, time
from typing import Any
from uuid import uuid4

import pytest

from core.tenancy import mar_scope, partner_scope
from licensing.models import Estimate, Order, OrderFile, StandingOrder
from licensing.services import estimates, order_files, standing_orders, standing_runs
from licensing.services.estimates import order_estimate, write_estimate
from licensing.services.order_files import keep_order_file, place_order_file
from licensing.services.standing_orders import StandingLine, StandingWish, make_standing_order
from licensing.services.standing_runs import run_standing_order
from tests.databases import owner_connection
from tests.factories import AT, actor_for, make_mar, make_member, make_partner, make_product, make_stock
from tests.race.server import all_at_once

THREADS = 8
DUE = datetime(2026, 11, 18, 7, 0, tzinfo=UTC)


class Shop:
    """A partner with stock for every thread."""

    def __init__(self) -> None:
        make_mar()
        self.partner, self.product = make_partner(), make_product()
        make_stock(self.product, THREADS)
        buyer = make_member("tpr_buyer", partner=self.partner)
        self.by = actor_for(buyer, partner=self.partner)

    def standing_order(self) -> StandingOrder:
        with partner_scope(self.partner.pk):
            wish = StandingWish(
                "Stock",
                [StandingLine(self.product.code, 1)],
                "weekly",
                date(2026, 11, 18),
                time(8),
                "Europe/Berlin",
            )
            return make_standing_order(self.partner.pk, wish, by=self.by, at=AT)

    def race(self, service: Any, object_id: Any, **more: Any) -> list[Any]:
        def act() -> Any:
            with partner_scope(self.partner.pk):
                return service(object_id, at=DUE, **more)

        return all_at_once([act] * THREADS)

    def orders(self) -> int:
        with mar_scope():
            return Order.objects.count()


def _without(monkeypatch: pytest.MonkeyPatch, module: Any, name: str, model: Any) -> None:
    """Take a lock out, and go on only when every thread has read the row."""
    all_have_read = threading.Barrier(THREADS)

    def read_and_wait(object_id: Any) -> Any:
        found = model.objects.filter(pk=object_id).first()
        all_have_read.wait(timeout=60)
        return found

    monkeypatch.setattr(module, name, read_and_wait)


def _errors(outcomes: list[Any]) -> int:
    return sum(isinstance(one, Exception) for one in outcomes)


def test_beats_at_once_order_a_day_once(cloned_db: str) -> None:
    shop = Shop()
    outcomes = shop.race(run_standing_order, shop.standing_order().pk)
    assert (sum(one is not None for one in outcomes), _errors(outcomes), shop.orders()) == (1, 0, 1)


def test_without_the_lock_the_constraints_hold_with_errors(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop()
    _without(monkeypatch, standing_runs, "lock_standing_order", StandingOrder)
    outcomes = shop.race(run_standing_order, shop.standing_order().pk)
    assert shop.orders() == 1
    assert _errors(outcomes) > 0


def test_without_lock_and_constraints_a_day_is_ordered_many_times(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop()
    order = shop.standing_order()
    with owner_connection(cloned_db) as connection, connection.cursor() as cursor:
        cursor.execute("ALTER TABLE licensing_standingrun DROP CONSTRAINT standing_run_once")
        cursor.execute("DROP TRIGGER standing_run_stands ON licensing_standingrun")
        cursor.execute("DROP TRIGGER standing_order_moves ON licensing_standingorder")
    _without(monkeypatch, standing_runs, "lock_standing_order", StandingOrder)
    monkeypatch.setattr(
        standing_runs, "Keyed", lambda _key, request: standing_runs_keyed(uuid4().hex, request)
    )
    monkeypatch.setattr(standing_orders, "_save", lambda _order: None)
    shop.race(run_standing_order, order.pk)
    assert shop.orders() > 1


def standing_runs_keyed(key: str, request: Any) -> Any:
    """Return a wish under a key of its own."""
    from licensing.services.order_together import Keyed

    return Keyed(key, request)


def _file(shop: Shop) -> OrderFile:
    content = f"order_reference,product,quantity\nA,{shop.product.code},1\n".encode()
    with partner_scope(shop.partner.pk):
        return keep_order_file(shop.partner.pk, content, file_name="o.csv", by=shop.by, at=AT)


def _estimate(shop: Shop) -> Estimate:
    with partner_scope(shop.partner.pk):
        return write_estimate(shop.partner.pk, [(shop.product.code, 1)], by=shop.by, at=AT)


def test_presses_at_once_order_a_file_once_without_an_error(cloned_db: str) -> None:
    shop = Shop()
    outcomes = shop.race(place_order_file, _file(shop).pk, by=shop.by)
    assert (_errors(outcomes), shop.orders()) == (0, 1)


def test_presses_at_once_order_an_estimate_once(cloned_db: str) -> None:
    shop = Shop()
    outcomes = shop.race(order_estimate, _estimate(shop).pk, by=shop.by)
    refused = [one.code for one in outcomes if isinstance(one, Exception)]  # type: ignore[attr-defined]
    assert (refused, shop.orders()) == (["estimate_closed"] * (THREADS - 1), 1)


@pytest.mark.parametrize("way", ["file", "estimate"])
def test_without_lock_and_keys_a_file_or_an_estimate_is_ordered_many_times(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    shop = Shop()
    module: Any = order_files if way == "file" else estimates
    made = _file(shop) if way == "file" else _estimate(shop)
    table = "licensing_orderfileline" if way == "file" else "licensing_estimateline"
    with owner_connection(cloned_db) as connection, connection.cursor() as cursor:
        cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        cursor.execute("ALTER TABLE licensing_estimate DISABLE TRIGGER USER")
    _without(monkeypatch, module, f"lock_{'order_file' if way == 'file' else 'estimate'}", type(made))
    from licensing.services import order_together

    place = order_together.place_order
    target = order_together if way == "file" else estimates
    monkeypatch.setattr(
        target, "place_order", lambda **wanted: place(**wanted | {"idempotency_key": uuid4().hex})
    )
    if way == "file":
        _wait_for_all_lines(monkeypatch)
    shop.race(place_order_file if way == "file" else order_estimate, made.pk, by=shop.by)
    assert shop.orders() > 1


def _wait_for_all_lines(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every thread read the rows that have no order before one of them goes on."""
    all_have_read = threading.Barrier(THREADS)

    def hold(_partner_id: Any, _product_ids: Any) -> None:
        all_have_read.wait(timeout=60)

    monkeypatch.setattr(order_files, "hold_queues", hold)
