"""The storm: kill -9 of web workers, celery processes and database backends, and flushes of the broker."""

import os
import random
import signal
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping

import psycopg2

from tests import databases
from tests.chaos.portal import WORKER, Portal

PLAN = {"web": 20, "celery": 20, "postgres": 20, "flush": 3}
SHORTEST_CALM, LONGEST_CALM = 0.3, 1.0  # seconds between two blows
SERVED_BETWEEN = 15  # orders answered between two deaths of the database, lest it be always in recovery
ONE_PARENT_IN = 4  # of celery's kills
# Whoever works first, then whoever holds a connection.
BACKENDS = """SELECT pid FROM pg_stat_activity
WHERE usename = 'portal_app' AND application_name = 'portal' AND pid <> pg_backend_pid()
ORDER BY state IN ('active', 'idle in transaction') DESC, random() LIMIT 1"""


def order_of_blows(plan: Mapping[str, int], chance: random.Random) -> deque[str]:
    """Return the plan's blows shuffled, a flush last: after it nothing restarts that would mend the queues."""
    blows = [kind for kind, times in plan.items() for _ in range(times)]
    chance.shuffle(blows)
    if "flush" in blows:
        blows.remove("flush")
        blows.append("flush")
    return deque(blows)


def rage(
    portal: Portal,
    plan: Mapping[str, int],
    *,
    seed: int,
    until: float,
    served: Callable[[], int],
    at_half: Callable[[], None],
) -> Counter[str]:
    """Strike at random moments until the plan is done or the time is up; return the blows that hit."""
    chance = random.Random(seed)
    hits: Counter[str] = Counter()
    next_crash = SERVED_BETWEEN
    blows = order_of_blows(plan, chance)
    half = len(blows) // 2
    while blows and time.monotonic() < until:
        time.sleep(chance.uniform(SHORTEST_CALM, LONGEST_CALM))
        kind = blows.popleft()
        is_too_soon = kind == "postgres" and served() < next_crash
        hit = "" if is_too_soon else _strike(kind, portal, chance)
        if hit:
            hits[hit] += 1
            next_crash = served() + SERVED_BETWEEN if kind == "postgres" else next_crash
        else:
            blows.insert(
                max(len(blows) - 1, 0), kind
            )  # its victim is not at work yet: later, before the last
        if hits.total() == half:
            at_half()
    return hits


def kills(hits: Counter[str]) -> dict[str, int]:
    """Return the blows that hit, counted as the plan does."""
    return {kind: sum(times for hit, times in hits.items() if hit.startswith(kind)) for kind in PLAN}


def _strike(kind: str, portal: Portal, chance: random.Random) -> str:
    """Strike once and return what was hit, empty when there was nobody to hit."""
    if kind == "web":
        return _kill(_any(portal.workers("gunicorn"), chance), "web")
    if kind == "celery":
        return _strike_celery(portal, chance)
    if kind == "postgres":
        return _strike_postgres(portal)
    portal.flush_broker()
    return "flush"


def _strike_celery(portal: Portal, chance: random.Random) -> str:
    if not portal.worker_is_up():
        return ""  # one that never came up again would have nothing to lose
    if chance.randrange(ONE_PARENT_IN) == 0:
        return _kill(_any(portal.parents(WORKER), chance), "celery parent")
    return _kill(_any(portal.workers(WORKER), chance), "celery child")


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
