"""Kill -9 of everything that may die, again and again, while orders come in: nothing answered is lost.

The portal runs as `bin/portal` starts it, on a durable Postgres of its own. A killed backend takes all
others of its cluster down with it, so this never runs on a shared one.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import dj_database_url
import pytest
from django.db import connection

from core.services.seal import streams
from tests import databases
from tests.chaos import books, storm
from tests.chaos.buyers import Crowd
from tests.chaos.portal import Portal, running_portal, wait_for
from tests.factories import make_product, make_stock
from tests.race.shops import open_market

SEED = 20261115
BUYERS, PLENTY, SCARCE = 10, 8_000, 60
STORM_SECONDS, ANSWER_SECONDS, DRAIN_SECONDS, SEAL_SECONDS = 170, 60, 300, 60
ALL_SECONDS = 480
LOSSY_PLAN = {"postgres": 8}
DATABASE = "portal"

pytestmark = pytest.mark.slow


@dataclass(frozen=True)
class Aftermath:
    """What happened, and what is left when everything is calm again."""

    portal: Portal
    crowd: Crowd
    hits: Counter[str]
    recoveries: int
    storm_seconds: float
    open_at_end: int
    drain_seconds: float
    open_work: int
    unsealed: int

    def summary(self) -> str:
        """Return the run in one line."""
        blows = ", ".join(f"{times} {name}" for name, times in sorted(self.hits.items()))
        return (
            f"kill -9 storm of {self.storm_seconds:.0f} s: {blows} ({self.recoveries} crash recoveries); "
            f"{len(self.crowd.outcomes)} orders sent, {len(self.crowd.ordered)} placed, "
            f"{self.crowd.retries} retries, {self.crowd.repeats} found placed; "
            f"{self.open_at_end} pieces of work open at its end, drained in {self.drain_seconds:.0f} s"
        )


@pytest.fixture(scope="module")
def portal(django_db_blocker: Any) -> Iterator[Portal]:
    """Run a portal, and point this process's two identities at its database."""
    with (
        running_portal() as running,
        pytest.MonkeyPatch.context() as patch,
        django_db_blocker.unblock(),
    ):
        for name in ("DATABASE_URL", "DATABASE_OWNER_URL"):
            patch.setenv(name, running.env[name])
        connection.close()
        parsed = dj_database_url.parse(running.env["DATABASE_URL"])
        for name in ("HOST", "PORT", "USER", "PASSWORD", "NAME"):
            patch.setitem(connection.settings_dict, name, parsed[name])
        yield running
        connection.close()


@pytest.fixture(scope="module")
def aftermath(portal: Portal) -> Aftermath:
    """Let the storm pass once for all tests here, and wait until the portal has calmed down by itself."""
    shops, plenty = open_market(shops=BUYERS, stock=PLENTY)
    scarce = make_product(price="1.00")
    make_stock(scarce, SCARCE)
    connection.close()
    began = time.monotonic()
    until = began + STORM_SECONDS
    crowd = Crowd(portal.port, shops, plenty, scarce, SEED, until + ANSWER_SECONDS)
    hits = _storm(portal, crowd, storm.PLAN)
    storm_seconds = time.monotonic() - began
    assert wait_for(portal.is_ready, seconds=ANSWER_SECONDS)
    calm, open_at_end = time.monotonic(), _open_work()
    wait_for(lambda: _open_work() == 0, seconds=min(DRAIN_SECONDS, began + ALL_SECONDS - calm))
    drain_seconds = time.monotonic() - calm
    wait_for(lambda: _unsealed() == 0, seconds=SEAL_SECONDS)
    recoveries = portal.postgres_log.count("all server processes terminated; reinitializing")
    return Aftermath(
        portal, crowd, hits, recoveries, storm_seconds, open_at_end, drain_seconds, _open_work(), _unsealed()
    )


def test_the_storm_was_one(aftermath: Aftermath, capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\n{aftermath.summary()}")
    assert storm.kills(aftermath.hits) == storm.PLAN
    assert aftermath.hits["celery parent"] > 0
    assert aftermath.hits["celery child"] > 0
    assert aftermath.recoveries >= storm.PLAN["postgres"]
    assert aftermath.crowd.retries > 0


def test_every_order_was_answered_and_refused_only_for_want_of_stock(aftermath: Aftermath) -> None:
    met = Counter((outcome.status, outcome.code) for outcome in aftermath.crowd.outcomes)
    assert aftermath.crowd.given_up == []
    assert set(met) - {(200, "")} == {(201, ""), (409, "out_of_stock")}


def test_every_answered_order_stands_once_with_all_its_keys(aftermath: Aftermath) -> None:
    with databases.owner_connection(DATABASE) as owner, owner.cursor() as cursor:
        assert books.faults(cursor, aftermath.crowd.outcomes) == []


def test_scarce_stock_is_sold_to_the_last_key(aftermath: Aftermath) -> None:
    sold = [
        outcome.wish for outcome in aftermath.crowd.ordered if outcome.wish.product == aftermath.crowd.scarce
    ]
    assert sum(wish.quantity for wish in sold) == SCARCE


def test_all_work_is_done_within_five_minutes_by_itself(aftermath: Aftermath) -> None:
    assert (aftermath.open_work, aftermath.drain_seconds < DRAIN_SECONDS) == (0, True)


@pytest.mark.parametrize("command", ["check_invariants", "verify_ledger", "verify_audit"])
def test_books_and_chains_are_whole(aftermath: Aftermath, command: str) -> None:
    assert aftermath.unsealed == 0
    done = aftermath.portal.manage(command)
    assert done.returncode == 0, done.stdout + done.stderr


# Negative controls: the damage is done as the owner with the guards off, and rolled back.
DAMAGES = {
    "an assignment is lost": [
        "ALTER TABLE licensing_keyassignment DISABLE TRIGGER USER",
        "DELETE FROM licensing_keyassignment WHERE id = (SELECT min(id) FROM licensing_keyassignment)",
    ],
    "a key went back to the stock": [
        "ALTER TABLE licensing_productkey DISABLE TRIGGER USER",
        """UPDATE licensing_productkey SET state = 1, partner_id = NULL, order_line_id = NULL
        WHERE id = (SELECT min(id) FROM licensing_productkey WHERE state = 11)""",
    ],
    "a key was assigned twice": [
        "DROP INDEX key_assigned_once",
        """INSERT INTO licensing_keyassignment (key_id, order_line_id, partner_id, unit_price, currency, assigned_at)
        SELECT key_id, order_line_id, partner_id, unit_price, currency, assigned_at
        FROM licensing_keyassignment ORDER BY id LIMIT 1""",
    ],
    "an order changed hands": [
        "ALTER TABLE licensing_order DISABLE TRIGGER USER",
        """UPDATE licensing_order o
        SET partner_id = (SELECT p.id FROM partners_partner p WHERE p.id <> o.partner_id LIMIT 1)
        WHERE number = (SELECT min(number) FROM licensing_order)""",
    ],
    "one key made two orders": [
        "ALTER TABLE licensing_order DISABLE TRIGGER USER",
        """UPDATE licensing_order SET reference = (SELECT reference FROM licensing_order ORDER BY number LIMIT 1)
        WHERE number = (SELECT max(number) FROM licensing_order)""",
    ],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_control_the_checker_sees_damage(aftermath: Aftermath, damage: str) -> None:
    with databases.owner_connection(DATABASE) as owner, owner.cursor() as cursor:
        owner.autocommit = False
        for statement in DAMAGES[damage]:
            cursor.execute(statement)
        assert cursor.rowcount == 1
        assert books.faults(cursor, aftermath.crowd.outcomes) != []
        owner.rollback()


def test_control_without_durable_commits_answered_orders_are_lost(
    aftermath: Aftermath, capsys: pytest.CaptureFixture[str]
) -> None:
    """Comes last: it loses orders for good."""
    before = aftermath.crowd
    with databases.owner_connection(DATABASE) as owner, owner.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {DATABASE} SET synchronous_commit = off")
    until = time.monotonic() + STORM_SECONDS
    crowd = Crowd(before.port, before.shops, before.plenty, before.scarce, SEED + 1, until)
    assert storm.kills(_storm(aftermath.portal, crowd, LOSSY_PLAN))["postgres"] == LOSSY_PLAN["postgres"]
    with databases.owner_connection(DATABASE) as owner, owner.cursor() as cursor:
        found = books.faults(cursor, [*before.outcomes, *crowd.outcomes])
    lost = [fault for fault in found if "does not exist" in fault]
    with capsys.disabled():
        print(f"\ncontrol without durable commits: {len(lost)} of {len(crowd.ordered)} answered orders lost")
    assert lost != []


def _storm(portal: Portal, crowd: Crowd, plan: Mapping[str, int]) -> Counter[str]:
    crowd.begin()
    try:
        return storm.rage(
            portal, plan, seed=crowd.seed, until=crowd.until - ANSWER_SECONDS,
            served=lambda: len(crowd.outcomes), at_half=crowd.is_scarce.set,
        )  # fmt: skip
    finally:
        crowd.end()


def _open_work() -> int:
    return _count("SELECT count(*) FROM core_outboxitem WHERE done_at IS NULL")


def _unsealed() -> int:
    return sum(
        _count(
            f"""SELECT count(*) FROM {stream.table} r WHERE NOT EXISTS (
            SELECT 1 FROM core_sealedrow s WHERE s.stream = '{stream.name}' AND s.row_id = r.id)"""
        )
        for stream in streams()
    )


def _count(query: str) -> int:
    with databases.owner_connection(DATABASE) as owner, owner.cursor() as cursor:
        cursor.execute(query)
        return int(cursor.fetchone()[0])
