"""Orders, claims and lists at ten million keys against the same at a hundred thousand, under stale statistics.

    python -m benchmarks.scale [--large 10000000] [--small 100000] [--sizes 1 10 100] [--rounds 5]

Two databases of one schema stand in one run. In each, 99 % of the keys are handed out (fewer in the small one,
where the run itself takes more than a hundredth), half of them to one partner, ten keys an order; every fifth key
has a PC. The planner's statistics were taken when the stock was the free hundredth alone: it believes that every
key is free and that nobody holds one. Orders, and a station that takes one key for one PC and reports it, go through
the whole services as the application's role. Lists are the first pages of the partner's and the MAR's screens, read
after statistics were taken. Large and small alternate. Goals: an order and a claim cost at most 1.3 times as much,
EXPLAIN of the allocation's statement names the partial index, and no list reads a big table from end to end.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import django

Act = Callable[[dict[str, Any], UUID], None]
GOAL = 1.3
ORDERS = {1: 60, 10: 30, 100: 10}
CLAIMS = 40
PARTNERS = 40
INDEX = "key_free_stock"
BIG_TABLES = ("licensing_productkey", "licensing_order", "licensing_orderline", "licensing_device")


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--large", type=int, default=10_000_000)
    parser.add_argument("--small", type=int, default=100_000)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 100])
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
    os.environ["PORTAL_DATABASE_IDENTITY"] = "application"
    django.setup()
    _name_static_files_plainly()
    with ExitStack() as stack:
        large, small = (
            stack.enter_context(_stage(keys, options.sizes, options.rounds))
            for keys in (options.large, options.small)
        )
        _tell_the_planners_belief(large)
        missed = _measure_acts(large, small, options.sizes, options.rounds)
        for stage in (large, small):
            _learn(stage)
        missed += _measure_lists(large, small, options.rounds)
    print(f"goals: {'PASS' if not missed else f'{len(missed)} MISSED: ' + '; '.join(missed)}")
    return 1 if missed else 0


def _name_static_files_plainly() -> None:
    """Let tables draw their icons although nothing was collected: rows are measured here, not files."""
    from django.conf import settings

    plain = {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}
    settings.STORAGES = settings.STORAGES | {"staticfiles": plain}


def _taken_by(sizes: list[int], rounds: int) -> int:
    return sum(size * ORDERS.get(size, 5) for size in sizes) * (rounds + 1)


@contextmanager
def _stage(keys: int, sizes: list[int], rounds: int) -> Iterator[dict[str, Any]]:
    from benchmarks.scale_load import load
    from tests import databases

    name = databases.clone(databases.ensure_template(), label=f"scale{keys}")
    try:
        began = time.perf_counter()
        free = max(keys // 100, _taken_by(sizes, rounds))
        stage = load(name, keys=keys, free=free, partners=PARTNERS, claims=CLAIMS * (rounds + 1))
        print(f"{keys:,} keys laid out in {time.perf_counter() - began:.0f} s", flush=True)
        yield stage
    finally:
        databases.drop(name)


def _measure_acts(large: dict[str, Any], small: dict[str, Any], sizes: list[int], rounds: int) -> list[str]:
    missed = []
    acts: dict[str, tuple[Act, int]] = {
        f"order of {size}": (partial(_order, size=size), ORDERS.get(size, 5)) for size in sizes
    }
    acts["claim, report"] = (_claim, CLAIMS)
    print("act           | large ms  small ms | ratio  (medians of rounds)", flush=True)
    for name, (act, count) in acts.items():
        times: dict[str, list[float]] = {"large": [], "small": []}
        for number in range(rounds + 1):
            for label, stage in _alternate(large, small, number):
                with _connected_to(stage):
                    spent = _timed(act, stage, count)
                if number:  # the first round warms connections and caches
                    times[label].append(spent)
        slow, fast = statistics.median(times["large"]), statistics.median(times["small"])
        print(f"{name:13s} | {slow:8.2f} {fast:9.2f} | {slow / fast:5.2f}  n={rounds} of {count}", flush=True)
        if slow / fast > GOAL:
            missed.append(f"{name}: {slow / fast:.2f}")
    plan = _plan_of_allocation(large)
    print(plan, flush=True)
    if INDEX not in plan:
        missed.append("the allocation does not read the partial index")
    return missed


def _measure_lists(large: dict[str, Any], small: dict[str, Any], rounds: int) -> list[str]:
    missed = []
    print("list             | large ms  small ms | ratio | whole tables read", flush=True)
    for name in ("orders", "keys", "devices", "all orders"):
        times: dict[str, list[float]] = {"large": [], "small": []}
        for number in range(rounds + 1):
            for label, stage in _alternate(large, small, number):
                with _connected_to(stage), _scope(stage, name):
                    began = time.perf_counter()
                    _read_first_page(stage, name)
                    if number:
                        times[label].append((time.perf_counter() - began) * 1000)
        with _connected_to(large), _scope(large, name):
            read = _read_first_page(large, name, explain=True)
        slow, fast = statistics.median(times["large"]), statistics.median(times["small"])
        print(
            f"{name:16s} | {slow:8.2f} {fast:9.2f} | {slow / fast:5.2f} | {', '.join(read) or 'none'}",
            flush=True,
        )
        missed += [f"{name} reads {table} whole" for table in read]
    return missed


def _alternate(large: dict[str, Any], small: dict[str, Any], number: int) -> list[tuple[str, dict[str, Any]]]:
    pair = [("large", large), ("small", small)]
    return pair if number % 2 else pair[::-1]


@contextmanager
def _connected_to(stage: dict[str, Any]) -> Iterator[None]:
    """Use the stage's database; each keeps its connection over the rounds."""
    from django.db import connection

    kept = stage.setdefault("connection", None)
    connection.settings_dict["NAME"] = stage["name"]
    connection.connection = kept
    connection.ensure_connection()
    try:
        yield
    finally:
        stage["connection"] = connection.connection
        connection.connection = None


def _timed(act: Act, stage: dict[str, Any], count: int) -> float:
    """Let the partner who holds half of all keys act so often, and return milliseconds for one act."""
    from core.queue import left_to_the_sweep
    from core.tenancy import partner_scope

    partner = UUID(stage["partners"][0])
    began = time.perf_counter()
    for _ in range(count):
        with left_to_the_sweep(), partner_scope(partner):
            act(stage, partner)
    return (time.perf_counter() - began) * 1000 / count


def _order(stage: dict[str, Any], partner: UUID, *, size: int) -> None:
    from core.actor import Actor
    from licensing.services.orders import OrderRequest, place_order

    place_order(
        partner_id=partner,
        request=OrderRequest(stage["product"], size),
        idempotency_key=uuid4().hex,
        by=Actor.system("benchmark"),
        at=datetime.now(UTC),
    )


def _claim(stage: dict[str, Any], partner: UUID) -> None:
    """Take the oldest key that is assigned for a PC of its own, open it and report the PC."""
    from core.actor import Actor
    from licensing.rules.devices import DeviceIdentity
    from licensing.services.builds import BuildFacts, report_build
    from licensing.services.hand_over import claim_key

    serial = uuid4().hex
    handed = claim_key(
        partner_id=partner,
        product_code=stage["code"],
        device=DeviceIdentity("LENOVO", "T490", serial),
        idempotency_key=serial,
        station=stage["station"],
        by=Actor.system("benchmark"),
        at=datetime.now(UTC),
    )
    report_build(
        partner_id=partner,
        facts=BuildFacts(handed.product_key_id, serial * 16, serial=serial),
        channel="api",
        by=Actor.system("benchmark"),
        at=datetime.now(UTC),
    )


def _plan_of_allocation(stage: dict[str, Any]) -> str:
    """Return EXPLAIN of the statement inside the allocation, as the role that runs it."""
    from licensing.guards import FREE_KEYS
    from tests import databases

    statement = FREE_KEYS.replace("v_line.product_id", str(stage["product"])).replace("v_missing", "10")
    statement = statement.replace("v_pool", "0")
    with databases.owner_connection(stage["name"]) as owner, owner.cursor() as cursor:
        cursor.execute("SET app.partner = %s; SET ROLE portal_alloc", [stage["partners"][0]])
        cursor.execute(f"EXPLAIN {statement} SKIP LOCKED")
        return "\n".join(f"  {row[0]}" for row in cursor.fetchall())


def _tell_the_planners_belief(stage: dict[str, Any]) -> None:
    from tests import databases

    free = "FROM licensing_productkey WHERE state = 1"
    with databases.owner_connection(stage["name"]) as owner, owner.cursor() as cursor:
        cursor.execute(f"EXPLAIN (FORMAT JSON) SELECT 1 {free}")
        believed = cursor.fetchone()[0][0]["Plan"]["Plan Rows"]
        cursor.execute(f"SELECT count(*) {free}")
        print(f"free keys: the planner believes {believed:,}, there are {cursor.fetchone()[0]:,}", flush=True)


def _learn(stage: dict[str, Any]) -> None:
    """Take statistics at last, as autovacuum does within minutes: lists are read by what it knows."""
    from tests import databases

    with databases.owner_connection(stage["name"]) as owner, owner.cursor() as cursor:
        cursor.execute("ANALYZE")


@contextmanager
def _scope(stage: dict[str, Any], name: str) -> Iterator[None]:
    from core.tenancy import mar_scope, partner_scope

    with mar_scope() if name.startswith("all") else partner_scope(UUID(stage["partners"][0])):
        yield


def _read_first_page(stage: dict[str, Any], name: str, *, explain: bool = False) -> list[str]:
    """Read the first page of a list as its table does; return the big tables it read whole."""
    from django.db import connection
    from django.test import RequestFactory
    from django.test.utils import CaptureQueriesContext

    from licensing.selectors import orders
    from portal.web.mar.orders_views import OrderTable as AllOrderTable
    from portal.web.tpr.devices import DeviceTable, with_latest_key
    from portal.web.tpr.keys import KeyTable
    from portal.web.tpr.orders import OrderTable

    partner = UUID(stage["partners"][0])
    lists: dict[str, tuple[Callable[[], Any], Any]] = {
        "orders": (lambda: orders.orders_of(partner), OrderTable),
        "keys": (lambda: orders.keys_of(partner), KeyTable),
        "devices": (lambda: with_latest_key(orders.devices_of(partner)), DeviceTable),
        "all orders": (orders.all_orders, AllOrderTable),
    }
    rows, table = lists[name]
    with CaptureQueriesContext(connection) as asked:
        shown = table(RequestFactory().get("/"), rows()).rows
    if not shown:
        raise RuntimeError(f"the list of {name} is empty")
    if not explain:
        return []
    whole: set[str] = set()
    with connection.cursor() as cursor:
        for query in asked.captured_queries:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query['sql']}")
            whole |= _read_whole(cursor.fetchone()[0][0]["Plan"], stage["keys"])
    return sorted(whole)


def _read_whole(node: dict[str, Any], keys: int) -> set[str]:
    """Return the big tables of which a plan read more than a hundredth of what there are keys."""
    read = (node["Actual Rows"] + node.get("Rows Removed by Filter", 0)) * node["Actual Loops"]
    table = node.get("Relation Name")
    own = {table} if table in BIG_TABLES and read > keys / 100 else set()
    return own.union(*(_read_whole(child, keys) for child in node.get("Plans", [])))


if __name__ == "__main__":
    sys.exit(main())
