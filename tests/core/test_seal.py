"""The chain: every kind of tampering is found and named; no committed row is skipped, none sealed twice."""

import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg2
import pytest
from django.core.management import call_command
from django.db import connection
from django.utils import timezone

from core import audit
from core.actor import Actor
from core.services.seal import Verdict, seal_stream, verify_stream
from core.streams import AUDIT_STREAM
from core.tenancy import mar_scope
from licensing.streams import CUSTODY_STREAM
from tests.databases import owner_connection
from tests.factories import make_product, make_stock

BY = Actor.system("test")
AT = datetime(2026, 11, 1, tzinfo=UTC)
TABLES = ("core_auditevent", "core_sealedrow", "core_sealblock", "licensing_ledgerentry")


def _record(count: int) -> None:
    for number in range(count):
        with mar_scope():
            audit.record("test.act", by=BY, at=AT, object_id=number, facts={"number": number})


def _seal() -> int:
    with mar_scope():
        return seal_stream(AUDIT_STREAM, at=AT)


def _seal_all(count: int) -> None:
    """Seal until this many rows are in: a transaction elsewhere on the server may make us wait a moment."""
    sealed, give_up_at = 0, time.monotonic() + 10
    while sealed < count and time.monotonic() < give_up_at:
        sealed += _seal()
    assert sealed == count


def _verify(**options: Any) -> Verdict:
    with mar_scope():
        return verify_stream(AUDIT_STREAM, at=timezone.now(), **options)


def _tamper(database: str, *statements: str) -> None:
    with owner_connection(database) as owner, owner.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        for statement in statements:
            cursor.execute(statement)


def _ids() -> list[int]:
    with mar_scope(), connection.cursor() as cursor:
        cursor.execute("SELECT id FROM core_auditevent ORDER BY id")
        return [row[0] for row in cursor.fetchall()]


@pytest.fixture
def chain(cloned_db: str) -> str:
    """Return a database with ten audit rows in two sealed blocks."""
    _record(6)
    _seal_all(6)
    _record(4)
    _seal_all(4)
    return cloned_db


def test_untouched_chain_is_sound(chain: str) -> None:
    verdict = _verify()
    assert verdict == Verdict("audit", links=10, blocks=2, unsealed_rows=0)
    assert verdict.is_sound


def test_sealing_with_nothing_new_adds_no_block(chain: str) -> None:
    assert _seal() == 0
    assert _verify().blocks == 2


@pytest.mark.parametrize(
    "change",
    [
        "facts = '{\"number\": 99}'",
        "actor_label = 'somebody else'",
        "at = at - interval '1 day'",
        "partner_id = gen_random_uuid()",
        "ip = '10.0.0.1'",
    ],
)
def test_edited_row_is_named(chain: str, change: str) -> None:
    third = _ids()[2]
    _tamper(chain, f"UPDATE core_auditevent SET {change} WHERE id = {third}")
    verdict = _verify()
    assert (verdict.row_id, verdict.problem) == (third, "the row was changed after it was sealed")


def test_first_of_several_bad_rows_is_named(chain: str) -> None:
    ids = _ids()
    _tamper(chain, f"UPDATE core_auditevent SET action = 'x' WHERE id IN ({ids[7]}, {ids[4]})")
    assert _verify().row_id == ids[4]


def test_deleted_row_is_named(chain: str) -> None:
    second = _ids()[1]
    _tamper(chain, f"DELETE FROM core_auditevent WHERE id = {second}")
    verdict = _verify()
    assert (verdict.row_id, verdict.problem) == (second, "the row was deleted")


def test_row_deleted_together_with_its_link_leaves_a_gap(chain: str) -> None:
    second = _ids()[1]
    _tamper(
        chain,
        f"DELETE FROM core_auditevent WHERE id = {second}",
        f"DELETE FROM core_sealedrow WHERE stream = 'audit' AND row_id = {second}",
    )
    assert _verify().problem == "link 2 of the chain is missing"


def test_two_rows_with_swapped_contents_are_found(chain: str) -> None:
    ids = _ids()
    _tamper(
        chain,
        f"""UPDATE core_auditevent e SET facts = o.facts, object_id = o.object_id FROM core_auditevent o
        WHERE (e.id, o.id) IN (({ids[3]}, {ids[5]}), ({ids[5]}, {ids[3]}))""",
    )
    assert _verify().row_id == ids[3]


def test_two_links_in_swapped_order_are_found(chain: str) -> None:
    ids = _ids()
    _tamper(
        chain,
        "UPDATE core_sealedrow SET sequence = -sequence WHERE stream = 'audit' AND sequence IN (4, 6)",
        "UPDATE core_sealedrow SET sequence = 10 + sequence WHERE stream = 'audit' AND sequence < 0",
    )
    assert _verify().row_id == ids[5]


def test_smuggled_row_with_an_old_time_stands_unsealed_and_is_found(chain: str) -> None:
    _tamper(
        chain,
        """INSERT INTO core_auditevent (at, action, actor_kind, actor_id, actor_label, object_type, object_id,
          facts, request_id, auth_strength, written_at, transaction)
        VALUES ('2026-01-01', 'x', 'user', '', '', '', '', '{}', '', '', '2026-01-01', 3)""",
    )
    assert _seal() == 0
    verdict = _verify()
    assert (verdict.row_id, verdict.unsealed_rows) == (_ids()[-1], 1)
    assert verdict.problem.startswith("not sealed for")


def test_cut_tail_of_rows_and_links_is_found_by_the_last_block(chain: str) -> None:
    last = _ids()[-1]
    _tamper(
        chain,
        f"DELETE FROM core_auditevent WHERE id = {last}",
        "DELETE FROM core_sealedrow WHERE stream = 'audit' AND sequence = 10",
    )
    assert _verify().problem == "block 2 does not end where the chain does"


def test_block_cut_off_leaves_links_behind_it(chain: str) -> None:
    _tamper(chain, "DELETE FROM core_sealblock WHERE stream = 'audit' AND number = 2")
    assert _verify().problem == "links stand behind the last block"


def test_forged_signature_is_found(chain: str) -> None:
    _tamper(chain, "UPDATE core_sealblock SET signature = decode(repeat('00', 32), 'hex') WHERE number = 1")
    assert _verify().problem == "the signature of block 1 is wrong"


def test_chain_recomputed_without_the_key_is_found(chain: str) -> None:
    """Somebody who edits a row and recomputes every link still lacks the key for the blocks."""
    third = _ids()[2]
    _tamper(chain, f"UPDATE core_auditevent SET action = 'x' WHERE id = {third}")
    _recompute_links(chain)
    assert _verify().problem == "block 1 does not end where the chain does"


def _recompute_links(database: str) -> None:
    import hashlib

    with owner_connection(database) as owner, owner.cursor() as cursor:
        cursor.execute(
            f"""SELECT s.sequence, {AUDIT_STREAM.digest} FROM core_sealedrow s
            JOIN core_auditevent r ON r.id = s.row_id WHERE s.stream = 'audit' ORDER BY s.sequence"""
        )
        head = bytes(32)
        for sequence, digest in cursor.fetchall():
            head = hashlib.sha256(head + bytes(digest)).digest()
            cursor.execute(
                "UPDATE core_sealedrow SET hash = %s WHERE stream = 'audit' AND sequence = %s",
                [head, sequence],
            )


def test_tail_may_wait_for_its_seal_but_not_for_ever(chain: str) -> None:
    _record(1)
    assert _verify().is_sound
    assert _verify().unsealed_rows == 1
    verdict = _verify(tail_may_be=timedelta(seconds=-1))
    assert verdict.row_id == _ids()[-1]


def test_rows_of_an_older_open_transaction_are_not_skipped(chain: str) -> None:
    """A row with a lower id that commits later must still get into the chain."""
    other = connection.copy()
    try:
        other.set_autocommit(False)
        with other.cursor() as cursor:
            cursor.execute("SET LOCAL ROLE portal_mar")
            cursor.execute(
                """INSERT INTO core_auditevent (at, action, actor_kind, actor_id, actor_label, object_type,
                  object_id, facts, request_id, auth_strength)
                VALUES (now(), 'test.slow', 'system', '', '', '', '', '{}', '', '')"""
            )
        _record(2)
        assert _seal() == 0  # the slow one is older: nothing behind it may be sealed yet
        other.commit()
    finally:
        other.close()
    _seal_all(3)
    assert (_verify().links, _verify().unsealed_rows) == (13, 0)


def test_two_sealers_at_once_seal_every_row_once(chain: str) -> None:
    _record(50)
    start, sealed = threading.Barrier(4), []

    def work() -> None:
        try:
            start.wait()
            for _ in range(20):
                sealed.append(_seal())
        finally:
            connection.close()

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(sealed) == 50
    assert (_verify().links, _verify().unsealed_rows, _verify().is_sound) == (60, 0, True)


def test_sealed_tables_refuse_change_even_by_the_owner(chain: str) -> None:
    with owner_connection(chain) as owner, owner.cursor() as cursor:
        for statement in (
            "UPDATE core_auditevent SET action = 'x'",
            "DELETE FROM core_sealedrow",
            "TRUNCATE core_sealblock",
        ):
            with pytest.raises(psycopg2.errors.InsufficientPrivilege, match="append-only"):
                cursor.execute(statement)


def test_custody_ledger_is_verified_by_the_same_rules(cloned_db: str) -> None:
    keys = make_stock(make_product(), 5)
    with mar_scope():
        assert seal_stream(CUSTODY_STREAM, at=AT) == 5
        assert verify_stream(CUSTODY_STREAM, at=timezone.now()).is_sound
    _tamper(cloned_db, f"UPDATE licensing_ledgerentry SET to_state = 11 WHERE key_id = {keys[3].pk}")
    with mar_scope():
        verdict = verify_stream(CUSTODY_STREAM, at=timezone.now())
    assert verdict.problem == "the row was changed after it was sealed"


def test_commands_exit_0_on_a_sound_chain_and_1_naming_the_bad_row(chain: str, capsys: Any) -> None:
    call_command("verify_audit")
    call_command("verify_ledger")
    assert capsys.readouterr().out.splitlines() == [
        "audit: sound. 10 links in 2 blocks, 0 rows not sealed yet.",
        "custody: sound. 0 links in 0 blocks, 0 rows not sealed yet.",
        "accounts: balanced. 0 accounts.",
    ]
    third = _ids()[2]
    _tamper(chain, f"UPDATE core_auditevent SET action = 'x' WHERE id = {third}")
    with pytest.raises(SystemExit) as stopped:
        call_command("verify_audit", "--tail-minutes", "5")
    assert stopped.value.code == 1
    assert capsys.readouterr().out.startswith(f"audit: BROKEN. row {third}: the row was changed")
