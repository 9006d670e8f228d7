"""Twenty machines order over HTTP what is scarce, in three runs: all guards, lock out, constraints out too.

A race test that has never failed proves little. So the same load runs against an allocation that reads
and then writes; the database's constraints must turn its doubles into errors. Then they go as well, and
the test must see keys given twice, or it would not have seen them in the first run either.
"""

import subprocess
import sys
from collections import Counter

import pytest
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.models import Order, ProductKey
from reporting.services.invariants import check_all
from tests.race import shops
from tests.race.server import ROOT, Answer, all_at_once, environment, serving

CLIENTS = 20
OUT_OF_STOCK = (409, "out_of_stock")
GUARDS_OWNER = ("portal_alloc", True, False)


@pytest.mark.slow
def test_all_guards_2000_orders_no_key_twice_none_left_no_error(cloned_db: str) -> None:
    market, product = shops.open_market(shops=10, stock=3_000)
    with serving(cloned_db) as server:
        done = shops.order_all(server, market, product, shops.quantities(2_000, seed=1), clients=CLIENTS)
    met = shops.answers(done)
    assert set(met) == {(201, ""), OUT_OF_STOCK}
    assert sum(met.values()) == 2_000
    assert (shops.assigned_twice(cloned_db), shops.given_twice(done)) == (0, 0)
    assert shops.false_shortages(done) == 0
    sold = sum(ordered.quantity for ordered in done if ordered.answer.status == 201)
    assert (sold, shops.keys_left(product)) == (3_000, 0)
    with mar_scope():
        assert Order.objects.count() == met[(201, "")]
    broken = {outcome.code: outcome.examples for outcome in check_all(at=timezone.now()) if not outcome.holds}
    assert broken == {}


@pytest.mark.slow
def test_all_guards_single_key_orders_sell_the_stock_to_the_last_key(cloned_db: str) -> None:
    market, product = shops.open_market(shops=20, stock=150)
    with serving(cloned_db) as server:
        done = shops.order_all(server, market, product, [1] * 400, clients=CLIENTS)
    assert shops.answers(done) == Counter({(201, ""): 150, OUT_OF_STOCK: 250})
    assert (shops.given_twice(done), shops.false_shortages(done), shops.keys_left(product)) == (0, 0, 0)


@pytest.mark.slow
def test_lock_out_constraints_in_no_key_twice_but_errors(cloned_db: str) -> None:
    market, product = shops.open_market(shops=20, stock=600)
    shops.without_lock(cloned_db)
    assert shops.owner_of_allocation(cloned_db) == GUARDS_OWNER
    with serving(cloned_db) as server:
        done = shops.order_all(server, market, product, shops.quantities(400, seed=2), clients=CLIENTS)
    assert (shops.assigned_twice(cloned_db), shops.given_twice(done)) == (0, 0)
    errors = sum(ordered.answer.status >= 500 for ordered in done)
    assert errors + shops.false_shortages(done) > 0


@pytest.mark.slow
def test_lock_and_constraints_out_keys_are_given_twice(cloned_db: str) -> None:
    market, product = shops.open_market(shops=20, stock=600)
    shops.without_lock(cloned_db)
    shops.without_constraints(cloned_db)
    with serving(cloned_db) as server:
        done = shops.order_all(server, market, product, shops.quantities(400, seed=3), clients=CLIENTS)
    assert shops.assigned_twice(cloned_db) > 0
    assert shops.given_twice(done) > 0


def test_guards_of_the_product_stand_in_a_fresh_database(cloned_db: str) -> None:
    assert shops.owner_of_allocation(cloned_db) == GUARDS_OWNER


@pytest.mark.slow
def test_100_repeats_of_one_idempotency_key_are_one_order(cloned_db: str) -> None:
    (shop,), product = shops.open_market(shops=1, stock=300)
    body = {"product": product.code, "quantity": 3}
    with serving(cloned_db) as server:
        sent: list[Answer] = all_at_once(
            [lambda: server.call("POST", "orders", body, secret=shop.secret, key="once")] * 100
        )
        other = server.call("POST", "orders", {**body, "quantity": 4}, secret=shop.secret, key="once")
        assert server.faults() == []
    assert Counter(answer.status for answer in sent) == Counter({201: 1, 200: 99})
    assert len({answer.body["id"] for answer in sent}) == 1
    assert all(answer.body == sent[0].body for answer in sent)
    assert (other.status, other.code) == (422, "idempotency_key_reused")
    with mar_scope():
        assert (Order.objects.count(), ProductKey.objects.filter(state=11).count()) == (1, 3)


@pytest.mark.slow
def test_stations_at_once_one_key_a_device_and_one_a_repeat(cloned_db: str) -> None:
    (shop,), product = shops.open_market(shops=1, stock=60)
    second = shops.make_shop(shop.partner)
    device = {"manufacturer": "LENOVO", "model": "20N2S00A00", "serial": "PF0RACE1"}
    other = {**device, "serial": "PF0RACE2"}

    def claim(secret: str, key: str, pc: dict[str, str]) -> Answer:
        return server.call(
            "POST", "keys:claim", {"product": product.code, "device": pc}, secret=secret, key=key
        )

    with serving(cloned_db) as server:
        server.call("POST", "orders", {"product": product.code, "quantity": 50}, secret=shop.secret, key="o")
        repeats: list[Answer] = all_at_once([lambda: claim(shop.secret, "pc-1", device)] * 20)
        stations = [shop.secret, second.secret]
        rivals: list[Answer] = all_at_once(
            [lambda n=n: claim(stations[n % 2], f"try-{n}", other) for n in range(20)]
        )
        crowd: list[Answer] = all_at_once(
            [
                lambda n=n: claim(stations[n % 2], f"c-{n}", {**device, "serial": f"CROWD{n:04d}"})
                for n in range(20)
            ]
        )
    assert {answer.status for answer in repeats} == {200}
    assert len({answer.body["product_key"] for answer in repeats}) == 1
    assert sum("Idempotent-Replayed" in answer.headers for answer in repeats) == 19
    assert Counter((answer.status, answer.code) for answer in rivals) == Counter(
        {(200, ""): 1, (409, "second_key_for_device"): 19}
    )
    assert {answer.status for answer in crowd} == {200}
    given = {answer.body["product_key"] for answer in [*repeats, *rivals, *crowd] if answer.status == 200}
    assert len(given) == 22
    with mar_scope():
        assert ProductKey.objects.filter(state=12).count() == 22


def test_loading_the_site_leaves_no_connection_open_that_forked_workers_would_share() -> None:
    code = "import portal.wsgi, django.db; raise SystemExit(django.db.connection.connection is not None)"
    found = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment("portal"), capture_output=True, check=False
    )
    assert found.returncode == 0, found.stderr.decode()[-2000:]
