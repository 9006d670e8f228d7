"""Every pair of acts on one key, one standing still before its end while the other comes: both, or one is refused."""

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from itertools import count
from typing import Any
from uuid import uuid4

import pytest
from django.db import connection, transaction
from django.db.models import F

from core.errors import DomainError
from core.tenancy import mar_scope, partner_scope
from licensing.models import PartnerReturnLine, ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.selectors.ledger_accounts import read_books
from licensing.services.hand_over import reveal_key
from licensing.services.incidents import report_incident
from licensing.services.partner_returns import ReturnWish, request_return
from reporting.services.invariants import check_all
from tests.databases import owner_connection
from tests.factories import AT
from tests.licensing.machine.world import World

pytestmark = pytest.mark.slow
DUE = (AT + timedelta(days=14)).date()
_numbers = count(1)


@dataclass
class Scene:
    """One key of a shop, with the PC it is for and its report."""

    world: World
    key_id: int = 0
    name: str = ""
    order_id: Any = None
    pc: str = ""
    build_id: Any = None

    @property
    def shop(self) -> Any:
        return self.world.shops[0]


def _assigned(world: World) -> Scene:
    scene = Scene(world)
    (scene.key_id,) = world.deliver(1, AT)
    scene.order_id = world.order(scene.shop, 1, AT)
    world.deliver(1, AT)
    with mar_scope():
        key = ProductKey.objects.get(order_line__order_id=scene.order_id)
    scene.key_id, scene.name, scene.pc = key.pk, key.product_key_id, f"PC{next(_numbers)}X"
    return scene


def _handed(world: World) -> Scene:
    scene = _assigned(world)
    _reveal(scene)
    return scene


def _bound(world: World) -> Scene:
    scene = _handed(world)
    scene.build_id = world.report(scene.shop, scene.name, AT)
    return scene


def _reveal(scene: Scene) -> None:
    with partner_scope(scene.shop.partner.pk):
        reveal_key(
            partner_id=scene.shop.partner.pk, product_key_id=scene.name, reason="Station is down",
            device=DeviceIdentity("LENOVO", "T490", scene.pc), at=AT,
            # Somebody else each time: one person may not look at so many in an hour.
            by=replace(scene.shop.by, id=scene.pc),
        )  # fmt: skip


def _freeze(scene: Scene) -> None:
    with partner_scope(scene.shop.partner.pk):
        report_incident(
            [scene.name], partner_id=scene.shop.partner.pk, kind="stolen", facts="The van was broken into",
            due_on=DUE, by=scene.shop.by, at=AT,
        )  # fmt: skip


def _ask_back(scene: Scene) -> None:
    with partner_scope(scene.shop.partner.pk):
        request_return(
            partner_id=scene.shop.partner.pk, wish=ReturnWish((scene.name,), "ZOB", "Boards failed"),
            idempotency_key=uuid4().hex, by=scene.shop.by, at=AT,
        )  # fmt: skip


Act = Callable[[Scene], Any]
ACTS: dict[str, Act] = {
    "cancel": lambda scene: scene.world.cancel(scene.order_id, AT),
    "reveal": _reveal,
    "recall": lambda scene: scene.world.recall(scene.key_id, AT),
    "freeze": _freeze,
    "swap": lambda scene: scene.world.swap(scene.shop, scene.name, AT),
    "ask back": _ask_back,
    "report": lambda scene: scene.world.report(scene.shop, scene.name, AT),
    "revert": lambda scene: scene.world.revert(scene.shop, scene.build_id, AT),
    "send back": lambda scene: scene.world.send_back([scene.key_id], AT),
    "stop": lambda scene: scene.world.stop(scene.key_id, AT),
}
SCENES: dict[str, tuple[Callable[[World], Scene], tuple[str, ...]]] = {
    "assigned": (_assigned, ("cancel", "reveal", "freeze", "swap", "ask back", "stop")),
    "handed": (_handed, ("reveal", "recall", "freeze", "swap", "ask back", "report", "stop")),
    "bound": (_bound, ("revert", "freeze", "ask back", "send back", "stop")),
}


def _one_against_another(database: str, first: Act, second: Act, scene: Scene) -> list[Any]:
    """Let the first act stand still before its end until the second one waits or is done; return what came of both."""
    ended: list[Any] = [None, None]
    has_acted, may_end = threading.Event(), threading.Event()

    def stand_still() -> None:
        first(scene)
        has_acted.set()
        may_end.wait(timeout=60)

    def run(place: int, act: Callable[[], Any]) -> None:
        try:
            with transaction.atomic():
                act()
        except Exception as error:  # noqa: BLE001  (looked at by the test)
            ended[place] = error
        finally:
            has_acted.set()
            connection.close()

    threads = [
        threading.Thread(target=run, args=(place, act))
        for place, act in enumerate((stand_still, lambda: second(scene)))
    ]
    threads[0].start()
    assert has_acted.wait(timeout=60)
    threads[1].start()
    _until_it_waits(database, threads[1])
    may_end.set()
    for thread in threads:
        thread.join(timeout=60)
    return ended


def _until_it_waits(database: str, thread: threading.Thread) -> None:
    with owner_connection("postgres") as owner, owner.cursor() as cursor:
        for _ in range(600):
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = %s AND wait_event_type = 'Lock'",
                [database],
            )
            if cursor.fetchone()[0] or not thread.is_alive():
                return
            time.sleep(0.02)
    raise AssertionError("it neither waits nor ends")


@pytest.mark.parametrize("where", SCENES)
def test_two_acts_on_one_key_leave_the_books_whole_whoever_comes_first(cloned_db: str, where: str) -> None:
    make_scene, acts = SCENES[where]
    world = World()
    odd: dict[tuple[str, str], list[Any]] = {}
    for first in acts:
        for second in acts:
            scene = make_scene(world)
            ended = _one_against_another(cloned_db, ACTS[first], ACTS[second], scene)
            if ended[0] is not None or not isinstance(ended[1], DomainError | None):
                odd[first, second] = ended
    assert odd == {}
    with mar_scope():
        assert read_books().problems == ()
        lost = PartnerReturnLine.objects.filter(ended_at__isnull=True).exclude(
            partner_id=F("key__partner_id")
        )
        assert list(lost) == []
    broken = [outcome.code for outcome in check_all(at=AT) if not outcome.holds]
    assert [code for code in broken if code in ("I1", "I2", "I3", "I4", "I6", "I7", "I8")] == []


@pytest.mark.parametrize("is_locked", [True, False])
def test_without_the_lock_a_return_names_a_key_that_is_nobodys_any_more(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch, is_locked: bool
) -> None:
    if not is_locked:
        monkeypatch.setattr("licensing.services.partner_returns.lock_keys", lambda _ids: None)
    scene = _assigned(World())
    ended = _one_against_another(cloned_db, ACTS["cancel"], ACTS["ask back"], scene)
    with mar_scope():
        assert (ended[1] is None, PartnerReturnLine.objects.count()) == (not is_locked, not is_locked)
