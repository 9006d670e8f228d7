"""Each invariant holds on honest data, and fires when the data is broken behind the portal's back."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.storage import default_storage
from django.core.management import call_command
from django.db import ProgrammingError, connection, transaction

from core.actor import Actor
from core.periods import Period
from core.queue import enqueue
from core.tenancy import mar_scope
from licensing.models import ProductKey
from reporting.models import ReportFile
from reporting.services.building import begin_report, build_usage_report
from reporting.services.invariants import check_all
from tests.databases import owner_connection
from tests.factories import make_mar, make_partner, make_product, make_stock
from tests.reporting import world

DAY = datetime(2026, 10, 12, 9, 0, tzinfo=UTC)
CLOSED = datetime(2026, 11, 1, 0, 30, tzinfo=UTC)
BY = Actor.system("test")


@pytest.fixture
def keys(cloned_db: str) -> list[ProductKey]:
    """Return four keys of an honest month: enabled, denied, handed over, returned from stock."""
    make_mar()
    product = make_product()
    keys = make_stock(product, 6, at=DAY - timedelta(days=40))
    world.order(make_partner(), keys[:3], DAY)
    world.enable(keys[0], handed_at=DAY, sent_at=DAY, answered_at=DAY + timedelta(hours=2))
    world.enable(keys[1], handed_at=DAY, sent_at=DAY, answered_at=DAY + timedelta(hours=2), code="05")
    world.hand_over(keys[2], DAY)
    world.give_back(keys[4], sent_at=DAY, answered_at=DAY + timedelta(days=1))
    return keys


def _broken() -> dict[str, tuple[str, ...]]:
    return {outcome.code: outcome.examples for outcome in check_all(at=CLOSED) if not outcome.holds}


@contextmanager
def _owner(*tables: str) -> Iterator[Any]:
    """Act as the owner with the triggers of these tables off."""
    database = connection.settings_dict["NAME"]
    connection.close()
    with owner_connection(database) as owner, owner.cursor() as cursor:
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} DISABLE TRIGGER USER")
        yield cursor


def test_honest_data_breaks_no_invariant(keys: list[ProductKey]) -> None:
    assert _broken() == {}
    assert [outcome.code for outcome in check_all(at=CLOSED)] == [f"I{number}" for number in range(1, 11)]


def test_i1_fires_for_a_key_that_no_delivery_brought(keys: list[ProductKey]) -> None:
    with _owner() as cursor:
        cursor.execute("UPDATE licensing_fulfilment SET quantity = 5")
    assert _broken()["I1"][0].endswith("5 delivered, 6 keys, 6 began in the ledger")


def test_i1_and_i3_fire_for_a_state_changed_by_hand(keys: list[ProductKey]) -> None:
    with _owner("licensing_productkey") as cursor:
        cursor.execute("UPDATE licensing_productkey SET state = 10 WHERE id = %s", [keys[0].pk])
    broken = _broken()
    assert set(broken) == {"I1", "I3"}
    assert broken["I3"] == (f"key {keys[0].product_key_id} is in state 10, its ledger ends in 9",)


def test_i2_fires_for_a_second_active_assignment(keys: list[ProductKey]) -> None:
    with _owner() as cursor:
        cursor.execute("DROP INDEX key_assigned_once")
        cursor.execute(
            """INSERT INTO licensing_keyassignment (key_id, order_line_id, partner_id, unit_price, currency,
              assigned_at) SELECT key_id, order_line_id, partner_id, unit_price, currency, assigned_at
            FROM licensing_keyassignment WHERE key_id = %s""",
            [keys[0].pk],
        )
    broken = _broken()
    assert broken["I2"] == (f"key {keys[0].product_key_id} has 2 active assignments",)
    assert "I4" in broken


def test_i2_fires_for_a_holder_the_assignment_does_not_name(keys: list[ProductKey]) -> None:
    stranger = make_partner()
    with _owner("licensing_productkey") as cursor:
        cursor.execute(
            "UPDATE licensing_productkey SET partner_id = %s WHERE id = %s", [stranger.pk, keys[2].pk]
        )
    assert _broken()["I2"] == (f"key {keys[2].product_key_id} and its assignment name different holders",)


def test_i2_fires_for_a_key_held_without_an_assignment(keys: list[ProductKey]) -> None:
    with _owner() as cursor:
        cursor.execute("UPDATE licensing_keyassignment SET ended_at = now() WHERE key_id = %s", [keys[2].pk])
    assert _broken() == {"I2": (f"key {keys[2].product_key_id} is held without an active assignment",)}


def test_i3_fires_for_a_missing_step_and_names_the_row(keys: list[ProductKey]) -> None:
    with _owner("licensing_ledgerentry") as cursor:
        cursor.execute(
            "DELETE FROM licensing_ledgerentry WHERE key_id = %s AND to_state = 12 RETURNING id", [keys[0].pk]
        )
    problem = next(line for line in _broken()["I3"] if "row before" in line)
    assert f"of key {keys[0].product_key_id}: from 12, but the row before led to 11" in problem


def test_i3_fires_for_a_step_the_table_does_not_know(keys: list[ProductKey]) -> None:
    with _owner("licensing_ledgerentry", "licensing_productkey") as cursor:
        cursor.execute(
            "UPDATE licensing_ledgerentry SET to_state = 9 WHERE key_id = %s AND to_state = 12", [keys[2].pk]
        )
        cursor.execute("UPDATE licensing_productkey SET state = 9 WHERE id = %s", [keys[2].pk])
    assert any("11 to 9 is no legal step" in line for line in _broken()["I3"])


def test_i4_fires_for_an_order_with_fewer_keys_than_ordered(keys: list[ProductKey]) -> None:
    with _owner() as cursor:
        cursor.execute(
            "DELETE FROM licensing_keyassignment WHERE id = (SELECT min(id) FROM licensing_keyassignment)"
        )
    assert _broken()["I4"][0].endswith("3 ordered, 2 assigned")


def test_i5_fires_for_an_answered_request_whose_order_is_gone(keys: list[ProductKey]) -> None:
    partner = make_partner()
    with _owner() as cursor:
        cursor.execute(
            """INSERT INTO core_idempotencykey (id, partner_id, operation, key, request_hash, object_id, created_at)
            VALUES (%s, %s, 'order.place', 'k-1', '\\x00', %s, now())""",
            [str(uuid4()), str(partner.pk), str(uuid4())],
        )
    assert _broken() == {"I5": ("request order.place k-1 was answered, but what it made is not there",)}


def test_i6_fires_for_an_opened_key_without_an_audit_row(keys: list[ProductKey]) -> None:
    with _owner("core_auditevent") as cursor:
        cursor.execute("DELETE FROM core_auditevent WHERE object_id = %s", [keys[2].product_key_id])
    assert len(_broken()["I6"]) == 2


def test_i6_fires_when_the_audit_row_came_after_the_key(keys: list[ProductKey]) -> None:
    with _owner("core_auditevent") as cursor:
        cursor.execute("UPDATE core_auditevent SET at = at + interval '1 second' WHERE object_type = 'key'")
    assert len(_broken()["I6"]) == 3


def test_i7_fires_for_one_hardware_hash_in_two_active_builds(keys: list[ProductKey]) -> None:
    with _owner() as cursor:
        cursor.execute("DROP INDEX build_hash_once")
        cursor.execute("UPDATE licensing_build SET hardware_hash_sha256 = repeat('a', 64)")
    assert _broken() == {"I7": ("hardware hash aaaaaaaaaaaa… stands in 2 active builds",)}


def test_i8_fires_for_a_reported_key_built_by_another_partner(keys: list[ProductKey]) -> None:
    stranger = make_partner()
    with _owner() as cursor:
        cursor.execute(
            "UPDATE licensing_build SET partner_id = %s WHERE key_id = %s", [stranger.pk, keys[0].pk]
        )
    assert _broken() == {
        "I8": (f"key {keys[0].product_key_id} was reported, but not built by the partner who holds it",)
    }


def _built() -> None:
    with mar_scope():
        report_id = begin_report(Period(2026, 10), by=BY, at=CLOSED)
    assert report_id is not None
    build_usage_report(report_id=report_id, by=BY, at=CLOSED)


def test_i9_fires_for_an_edited_frozen_line_and_for_a_changed_file(keys: list[ProductKey]) -> None:
    _built()
    with _owner("core_outboxitem") as cursor:
        cursor.execute("UPDATE core_outboxitem SET done_at = now(), attempts = 1")
    assert _broken() == {}
    with _owner("reporting_reportdeviceline") as cursor:
        cursor.execute("UPDATE reporting_reportdeviceline SET device_serial = 'other' WHERE position = 1")
    assert _broken() == {"I9": ("UR-2026-10: the frozen lines no longer give UR-2026-10-DRAFT-devices.csv",)}
    with mar_scope():
        path = ReportFile.objects.get(kind="summary").path
    default_storage.delete(path)
    assert "UR-2026-10: the stored file UR-2026-10-DRAFT-summary.csv is gone or changed" in _broken()["I9"]


def test_i9_fires_for_a_deleted_frozen_line(keys: list[ProductKey]) -> None:
    _built()
    with _owner("reporting_reportdeviceline") as cursor:
        cursor.execute("DELETE FROM reporting_reportdeviceline WHERE position = 2")
    assert "UR-2026-10: 2 device lines were frozen, 1 are there" in _broken()["I9"]


def test_i10_fires_for_work_done_without_a_try_and_for_a_report_nobody_builds(keys: list[ProductKey]) -> None:
    with mar_scope():
        begin_report(Period(2026, 10), by=BY, at=CLOSED - timedelta(hours=1))
        enqueue("core.relay_outbox", at=CLOSED)
    assert "I10" not in _broken()
    with _owner() as cursor:
        cursor.execute("UPDATE core_outboxitem SET done_at = created_at")
    broken = _broken()["I10"]
    assert "report UR-2026-10 waits in state building, but no work for it is open" in broken
    assert len(broken) == 3


def test_i10_warns_of_work_that_stays_open(keys: list[ProductKey]) -> None:
    with mar_scope():
        enqueue("core.relay_outbox", at=CLOSED - timedelta(hours=1))
    outcome = next(outcome for outcome in check_all(at=CLOSED) if outcome.code == "I10")
    assert outcome.holds
    assert outcome.warning == "1 pieces of work have been open for more than 15 minutes"


def test_command_prints_a_line_each_and_exits_1_on_a_difference(keys: list[ProductKey], capsys: Any) -> None:
    call_command("check_invariants")
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [f"I{number}" for number in range(1, 11)]
    with _owner() as cursor:
        cursor.execute("UPDATE licensing_fulfilment SET quantity = 5")
    with pytest.raises(SystemExit) as stopped:
        call_command("check_invariants")
    assert stopped.value.code == 1
    assert "BROKEN 1 times" in capsys.readouterr().out


def test_application_role_cannot_break_the_data_this_way(keys: list[ProductKey]) -> None:
    with (
        mar_scope(),
        pytest.raises(ProgrammingError, match="must be owner"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("ALTER TABLE licensing_ledgerentry DISABLE TRIGGER USER")
