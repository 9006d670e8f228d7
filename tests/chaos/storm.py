"""The storm: kill -9 of web workers, celery processes and database backends, and flushes of the broker."""

import os
import random
import signal
import time
from collections import Counter
from collections.abc import Callable, Mapping

import psycopg2

from tests import databases
from tests.chaos.portal import Portal

PLAN = {"web": 20, "celery": 20, "postgres": 20, "flush": 3}
SHORTEST_CALM, LONGEST_CALM = 0.3, 1.0  # seconds between two blows
ONE_PARENT_IN = 4  # of celery's kills
# Whoever works first, then whoever holds a connection.
BACKENDS = """SELECT pid FROM pg_stat_activity
WHERE usename = 'portal_app' AND application_name = 'portal' AND pid <> pg_backend_pid()
ORDER BY state IN ('active', 'idle in transaction') DESC, random() LIMIT 1"""


def order_of_blows(chance: random.Random) -> list[str]:
    """Return the plan's blows shuffled; the last one is a flush, after which nothing restarts by itself."""
    blows = [kind for kind, times in PLAN.items() for _ in range(times)]
    blows.remove("flush")
    chance.shuffle(blows)
    return [*blows, "flush"]


def rage(portal: Portal, *, seed: int, until: float, at_half: Callable[[], None]) -> Counter[str]:
    """Strike at random moments until the plan is done or the time is up; return the blows that hit."""
    chance = random.Random(seed)
    hits: Counter[str] = Counter()
    blows = order_of_blows(chance)
    strikes: Mapping[str, Callable[[], str]] = {
        "web": lambda: _kill(_any(portal.workers("gunicorn"), chance), "web"),
        "celery": lambda: _strike_celery(portal, chance),
        "postgres": lambda: _strike_postgres(portal),
        "flush": lambda: _flush(portal),
    }
    for number, kind in enumerate(blows):
        if number == len(blows) // 2:
            at_half()
        while time.monotonic() < until:
            time.sleep(chance.uniform(SHORTEST_CALM, LONGEST_CALM))
            if hit := strikes[kind]():
                hits[hit] += 1
                break
    return hits


def kills(hits: Counter[str]) -> dict[str, int]:
    """Return the blows that hit, counted as the plan does."""
    return {kind: sum(times for hit, times in hits.items() if hit.startswith(kind)) for kind in PLAN}


def _strike_celery(portal: Portal, chance: random.Random) -> str:
    pool = portal.workers("celery -A portal worker")
    if not pool:
        return ""  # it has just been killed and is not up again
    if chance.randrange(ONE_PARENT_IN) == 0:
        return _kill(_any(portal.parents("celery -A portal worker"), chance), "celery parent")
    return _kill(_any(pool, chance), "celery child")


def _strike_postgres(portal: Portal) -> str:
    try:
        with databases.owner_connection("portal") as connection, connection.cursor() as cursor:
            cursor.execute(BACKENDS)
            row = cursor.fetchone()
    except psycopg2.OperationalError:
        return ""  # still in recovery
    if row is None or not portal.is_database_process(row[0]):
        return ""
    return _kill(row[0], "postgres")


def _flush(portal: Portal) -> str:
    portal.flush_broker()
    return "flush"


def _any(pids: list[int], chance: random.Random) -> int | None:
    return chance.choice(pids) if pids else None


def _kill(pid: int | None, name: str) -> str:
    if pid is None:
        return ""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return ""
    return name
