"""Imports under races, kills and a search for keys in clear: in a database that really commits."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.db import connection

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import Fulfilment, KeyBatch, KeyBatchChunk, ProductKey, StagedKey
from licensing.rules.key_syntax import synthetic_key
from licensing.services import import_check
from licensing.services.import_check import validate_batch
from licensing.services.import_release import complete_release
from licensing.services.import_samples import sample_delivery
from licensing.services.import_staging import Overtaken, stage_rows
from licensing.services.imports import receive_upload, release_batch
from tests import databases
from tests.factories import AT, actor_for, make_mar, make_member, make_product
from tests.factories.decoys import without_decoys

ROOT = Path(__file__).resolve().parents[3]
SEED = "canary"
KEYS = 4500


@pytest.fixture(autouse=True)
def no_nudges(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep these tests' work out of the broker; they run it themselves."""
    monkeypatch.setattr("core.queue.nudge", lambda *_arguments: None)


def received(*, keys: int = KEYS, tail: bytes = b"", file_format: str = "csv") -> KeyBatch:
    make_mar()
    with mar_scope():
        from licensing.models import Product

        lpn = Product.objects.values_list("lpn", flat=True).first()
    content = sample_delivery(
        file_format,
        keys=keys,
        part_numbers=[lpn or make_product().lpn],
        sold_to_id="0000123456",
        seed=SEED,
        at=AT,
    )
    by = actor_for(make_member("mar_stock"))
    with mar_scope():
        return receive_upload([content + tail], file_name="delivery", by=by, at=AT)


def state_of(batch: KeyBatch) -> str:
    with mar_scope():
        return KeyBatch.objects.values_list("state", flat=True).get(id=batch.id)


def release(batch: KeyBatch, *, by: Actor) -> bool:
    with mar_scope():
        release_batch(batch.id, by=by, at=AT)
    with mar_scope():
        return complete_release(batch.id, at=AT)


def at_once(*acts: Callable[[], Any]) -> None:
    """Run the acts in threads that start together, each with its own connection."""
    start = threading.Barrier(len(acts))

    def run(act: Callable[[], Any]) -> None:
        start.wait()
        try:
            act()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_of_two_imports_checked_at_once_with_the_same_keys_exactly_one_is_ready(cloned_db: str) -> None:
    first, second = received(keys=300), received(keys=300, tail=b"\r\n")
    at_once(lambda: validate_batch(first.id, at=AT), lambda: validate_batch(second.id, at=AT))
    assert sorted([state_of(first), state_of(second)]) == ["ready", "refused"]


def test_of_two_ready_imports_released_at_once_with_the_same_keys_exactly_one_is_released(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The unique constraints are the last guard when the comparison of the check is out."""
    monkeypatch.setattr(import_check, "add_known_keys", lambda *_arguments: None)
    monkeypatch.setattr(import_check, "add_known_fulfilments", lambda *_arguments: None)
    batches = [received(keys=300), received(keys=300, tail=b"\r\n")]
    for batch in batches:
        validate_batch(batch.id, at=AT)
    assert [state_of(batch) for batch in batches] == ["ready", "ready"]
    approvers = [actor_for(make_member("mar_approver")) for _ in batches]
    at_once(*(lambda b=b, by=by: release(b, by=by) for b, by in zip(batches, approvers, strict=True)))  # type: ignore[misc]
    assert sorted(state_of(batch) for batch in batches) == ["refused", "released"]
    with mar_scope():
        assert without_decoys(ProductKey.objects.all()).count() == 300
        assert StagedKey.objects.count() == 0


def test_two_workers_on_one_import_stage_it_once(cloned_db: str) -> None:
    batch = received()
    at_once(*(lambda: validate_batch(batch.id, at=AT) for _ in range(3)))
    assert state_of(batch) == "ready"
    with mar_scope():
        assert StagedKey.objects.filter(batch=batch).count() == KEYS


_KILLED = """
import os, django
django.setup()
from uuid import UUID
from datetime import datetime, UTC
from licensing.services import import_check, import_release
batch, moment = UUID(os.environ["TEST_BATCH"]), os.environ["TEST_MOMENT"]
if moment in ("first block", "second block"):
    done, stage = [], import_check.stage_rows
    def stage_and_die(*arguments):
        stage(*arguments)
        done.append(moment)
        if len(done) == (2 if moment == "second block" else 1):
            os._exit(9)
    import_check.stage_rows = stage_and_die
elif moment == "comparison":
    import_check.contents_of = lambda *_: os._exit(9)
elif moment == "release":
    import_release._audit = lambda *_a, **_k: os._exit(9)
at = datetime(2026, 11, 15, 18, tzinfo=UTC)
if moment == "release":
    from core.tenancy import mar_scope
    with mar_scope():
        import_release.complete_release(batch, at=at)
else:
    import_check.validate_batch(batch, at=at)
"""


def killed(batch: KeyBatch, moment: str, database: str) -> None:
    """Run the work in a process that dies at the moment like by kill -9."""
    base, _, _ = os.environ["DATABASE_URL"].rpartition("/")
    environment = os.environ | {
        "DATABASE_URL": f"{base}/{database}",
        "DJANGO_SETTINGS_MODULE": "portal.settings.test",
        "TEST_BATCH": str(batch.id),
        "TEST_MOMENT": moment,
    }
    done = subprocess.run([sys.executable, "-c", _KILLED], cwd=ROOT, env=environment, check=False)
    assert done.returncode == 9


@pytest.mark.parametrize("moment", ["first block", "second block", "comparison"])
def test_a_check_killed_at_any_moment_starts_again_and_ends_the_same(
    cloned_db: str, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = received()
    killed(batch, moment, cloned_db)
    assert state_of(batch) == "validating"
    validate_batch(batch.id, at=AT)
    assert state_of(batch) == "validating", "a worker that may still live is not overtaken"
    monkeypatch.setattr(import_check, "STALE_AFTER", import_check.STALE_AFTER * 0)
    validate_batch(batch.id, at=AT)
    assert state_of(batch) == "ready"
    with mar_scope():
        assert StagedKey.objects.count() == KEYS
        assert KeyBatchChunk.objects.count() == 0
        assert KeyBatch.objects.get().contents[0]["keys"] == KEYS


def test_a_release_killed_before_its_end_leaves_nothing_and_is_done_again(cloned_db: str) -> None:
    batch = received()
    validate_batch(batch.id, at=AT)
    with mar_scope():
        release_batch(batch.id, by=actor_for(make_member("mar_approver")), at=AT)
    killed(batch, "release", cloned_db)
    assert state_of(batch) == "releasing"
    with mar_scope():
        assert ProductKey.objects.count() + Fulfilment.objects.count() == 0
        assert complete_release(batch.id, at=AT) is True
        assert without_decoys(ProductKey.objects.all()).count() == KEYS


def test_a_worker_that_was_overtaken_writes_nothing_more(
    cloned_db: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    batch = received()
    slow = import_check._claim(batch.id)
    monkeypatch.setattr(import_check, "STALE_AFTER", import_check.STALE_AFTER * 0)
    validate_batch(batch.id, at=AT)
    assert slow is not None
    with pytest.raises(Overtaken):
        stage_rows(slow, ["1\t1\tx\t3300000000001\tAAAAA\t\\\\x00\t\\\\x00\n"])
    with mar_scope():
        assert StagedKey.objects.count() == KEYS


def test_a_failed_check_gives_its_claim_back_at_once(cloned_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    batch = received(keys=10)

    def fail(*_arguments: Any) -> None:
        raise ConnectionError

    with monkeypatch.context() as patched:
        patched.setattr(import_check, "contents_of", fail)
        with pytest.raises(ConnectionError):
            validate_batch(batch.id, at=AT)
    assert state_of(batch) == "received"
    validate_batch(batch.id, at=AT)
    assert state_of(batch) == "ready"


def keys_in_clear(database: str) -> list[str]:
    """Return the places of the database, as its owner sees it, that hold a canary key."""
    canaries = [synthetic_key(seed=SEED, number=number) for number in (0, KEYS - 1)]
    wanted = [*canaries, *(text.replace("-", "") for text in canaries)]
    wanted += [text.encode().hex() for text in canaries]
    found = []
    with databases.owner_connection(database) as owner, owner.cursor() as cursor:
        cursor.execute(
            """SELECT table_name FROM information_schema.tables
            WHERE table_schema = 'public' AND table_type = 'BASE TABLE'"""
        )
        for (table,) in cursor.fetchall():
            for text in wanted:
                cursor.execute(
                    f'SELECT count(*) FROM "{table}" t WHERE position(%s IN upper(t::text)) > 0',
                    [text.upper()],
                )
                if cursor.fetchone()[0]:
                    found.append(f"{table}: {text[:5]}")
    return found


@pytest.mark.parametrize("file_format", ["csv", "xml"])
def test_no_key_lies_in_clear_in_any_table_or_file_at_any_step(
    cloned_db: str, file_format: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    batch = received(file_format=file_format)
    assert keys_in_clear(cloned_db) == []
    validate_batch(batch.id, at=AT)
    assert keys_in_clear(cloned_db) == []
    assert release(batch, by=actor_for(make_member("mar_approver")))
    assert keys_in_clear(cloned_db) == []
    twin = received(file_format=file_format, tail=b"\n")
    validate_batch(twin.id, at=AT)
    assert state_of(twin) == "refused"
    assert keys_in_clear(cloned_db) == []
    canary = synthetic_key(seed=SEED, number=0)
    stored = [path for path in tmp_path.rglob("*") if path.is_file() and canary.encode() in path.read_bytes()]
    said = capfd.readouterr()
    assert stored == []
    assert canary not in said.out + said.err


def test_the_search_for_keys_finds_one_that_lies_in_clear(cloned_db: str) -> None:
    """The canary test is only worth something if its search works."""
    batch = received(keys=1)
    with mar_scope():
        KeyBatch.objects.filter(id=batch.id).update(file_name=synthetic_key(seed=SEED, number=0))
    assert keys_in_clear(cloned_db) == ["licensing_keybatch: NNNNN"]
