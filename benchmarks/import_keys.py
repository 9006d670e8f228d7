"""Import of 200,000 keys through the services against plain COPY of the same rows.

    python -m benchmarks.import_keys [--keys 200000] [--rounds 3]

The subject takes CSV files in (encrypting every piece), reads and checks them in a process of their own,
encrypts and indexes each key, stages it, compares it with all others, and releases it to stock with its
ciphertext and its ledger row, as the application's role under row-level security. The limit copies the
finished rows as the owner: once into the very same three tables with foreign keys and trigger, once
into bare copies of them that have the indexes only. Subject and limits alternate, each in a database of
its own, cloned from the migrated template. Needs DATABASE_OWNER_URL and DATABASE_URL.
"""

import argparse
import io
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import django
import psycopg2

GOAL = 3.0
AT = datetime(2026, 11, 2, 9, 0, tzinfo=UTC)
KEY_COLUMNS = (
    "id, product_key_id, last5, product_id, batch_id, fulfilment_id, state, state_since,"
    " hold, is_disclosed, position"
)
LEDGER_COLUMNS = (
    "id, key_id, product_id, to_state, hold, reason, object_id, actor_kind, actor_id, actor_label,"
    " request_id, recorded_at, written_at, transaction"
)
TABLES = {
    "licensing_productkey": KEY_COLUMNS,
    "licensing_keysecret": "key_id, sealed, blind_index",
    "licensing_ledgerentry": LEDGER_COLUMNS,
}
# What the keys refer to; copied before the clock starts.
REFERENCES = ("core_user", "licensing_product", "licensing_keybatch", "licensing_fulfilment")


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; return 0 whether or not the goal is met."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--keys", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "portal.settings.local")
    os.environ["PORTAL_DATABASE_IDENTITY"] = "application"
    django.setup()
    _quiet()
    from tests import databases

    template = databases.ensure_template()
    phases: list[dict[str, float]] = []
    same: list[float] = []
    bare: list[float] = []
    for number in range(options.rounds):
        with _own_database(template) as name:
            phases.append(_import(options.keys, seed=f"round {number}"))
            rows = _dump(name)
        for times, is_bare in ((same, False), (bare, True))[:: 1 if number % 2 else -1]:
            with _own_database(template) as name:
                times.append(_copy(name, rows, is_bare=is_bare))
    _report(options, phases, same, bare)
    return 0


def _quiet() -> None:
    import logging

    logging.disable(logging.WARNING)


@contextmanager
def _own_database(template: str) -> Iterator[str]:
    from django.db import connection

    from tests import databases

    name = databases.clone(template, label="bench")
    connection.close()
    connection.settings_dict["NAME"] = name
    try:
        yield name
    finally:
        connection.close()
        databases.drop(name)


def _import(keys: int, *, seed: str) -> dict[str, float]:
    """Return the seconds of each phase."""
    from core.tenancy import mar_scope
    from licensing.exchange.fulfilment import MAX_KEYS_PER_JOB
    from licensing.selectors.stock import keys_in_all
    from licensing.services.import_check import validate_batch
    from licensing.services.import_release import complete_release
    from licensing.services.import_samples import sample_delivery
    from licensing.services.imports import receive_upload, release_batch
    from tests.factories import actor_for, make_mar, make_member, make_product

    make_mar()
    part_numbers = [make_product().lpn for _ in range(6)]
    keeper, approver = actor_for(make_member("mar_stock")), actor_for(make_member("mar_approver"))
    took = {"receive": 0.0, "check": 0.0, "release": 0.0}
    for start in range(0, keys, MAX_KEYS_PER_JOB):
        content = sample_delivery(
            "csv",
            keys=min(MAX_KEYS_PER_JOB, keys - start),
            part_numbers=part_numbers,
            sold_to_id="0000123456",
            seed=f"{seed} {start}",
            at=AT,
        )
        with mar_scope():
            batch, took["receive"] = _timed(
                took["receive"],
                lambda: receive_upload([content], file_name="bench.csv", by=keeper, at=AT),  # noqa: B023
            )
        _, took["check"] = _timed(took["check"], lambda: validate_batch(batch.id, at=AT))  # noqa: B023
        began = time.perf_counter()
        with mar_scope():
            release_batch(batch.id, by=approver, at=AT)
            complete_release(batch.id, at=AT)
        took["release"] += time.perf_counter() - began
    with mar_scope():
        found = keys_in_all()
    if found != keys:
        raise SystemExit(f"{found} keys arrived, {keys} were sent")
    return took


def _timed(before: float, act: Callable[[], Any]) -> tuple[Any, float]:
    began = time.perf_counter()
    result = act()
    return result, before + time.perf_counter() - began


def _dump(name: str) -> dict[str, str]:
    """Return the rows the import made, as COPY writes them."""
    from tests.databases import owner_connection

    dumps = {}
    with owner_connection(name) as connection, connection.cursor() as cursor:
        for table, columns in {**dict.fromkeys(REFERENCES, "*"), **TABLES}.items():
            text = io.StringIO()
            cursor.copy_expert(f"COPY (SELECT {columns} FROM {table}) TO STDOUT", text)
            dumps[table] = text.getvalue()
    return dumps


def _copy(name: str, rows: dict[str, str], *, is_bare: bool) -> float:
    """Return the seconds plain COPY needs for the rows, in one transaction."""
    from tests.databases import owner_settings

    connection = psycopg2.connect(**{key: value for key, value in owner_settings(name).items() if value})
    prefix = "bare_" if is_bare else ""
    with connection, connection.cursor() as cursor:
        # COPY into a table under row-level security is refused, even to its owner.
        for table in (*REFERENCES, *TABLES):
            cursor.execute(f"ALTER TABLE {table} DISABLE ROW LEVEL SECURITY")
        for table in REFERENCES:
            cursor.copy_expert(f"COPY {table} FROM STDIN", io.StringIO(rows[table]))
        if is_bare:
            for table in TABLES:
                cursor.execute(f"CREATE TABLE bare_{table} (LIKE {table} INCLUDING ALL)")
    began = time.perf_counter()
    with connection, connection.cursor() as cursor:
        for table, columns in TABLES.items():
            cursor.copy_expert(f"COPY {prefix}{table} ({columns}) FROM STDIN", io.StringIO(rows[table]))
    took = time.perf_counter() - began
    connection.close()
    return took


def _report(
    options: argparse.Namespace, phases: list[dict[str, float]], same: list[float], bare: list[float]
) -> None:
    totals = [sum(took.values()) for took in phases]
    print(f"import of {options.keys:,} keys, {options.rounds} rounds, {os.cpu_count()} cores, {_server()}")
    for label, times in (
        ("import through the services", totals),
        ("COPY into the same tables", same),
        ("COPY into bare tables", bare),
    ):
        middle = statistics.median(times)
        print(
            f"  {label:28} median {middle:6.2f} s  ({min(times):.2f} to {max(times):.2f})"
            f"  {options.keys / middle:9,.0f} keys/s"
        )
    for phase in phases[0]:
        print(f"    of which {phase:9} median {statistics.median(took[phase] for took in phases):6.2f} s")
    ratio = statistics.median(totals) / statistics.median(same)
    verdict = "met" if ratio <= GOAL else "MISSED"
    print(f"  ratio to COPY into the same tables: {ratio:.2f} (goal {GOAL:.1f} or less: {verdict})")
    print(f"  ratio to COPY into bare tables:     {statistics.median(totals) / statistics.median(bare):.2f}")


def _server() -> str:
    from tests.databases import owner_connection

    with owner_connection("postgres") as connection, connection.cursor() as cursor:
        cursor.execute("SELECT current_setting('server_version'), current_setting('fsync')")
        version, fsync = cursor.fetchone()
    return f"Postgres {version}, fsync {fsync}"


if __name__ == "__main__":
    sys.exit(main())
