"""Two rounds of rule CMP-11 at once: all guards, lock out, lock and constraint out."""

import threading

import pytest
from django.db import IntegrityError

from compliance.services.reporting_rule import apply_reporting_rule
from core.tenancy import mar_scope
from partners import locks
from partners.models import OrderBlock, Partner
from tests import databases
from tests.compliance.world import take_keys
from tests.factories import AT, make_partner
from tests.partners.samples import audited
from tests.race.server import all_at_once

ROUNDS = 2


def _round() -> int:
    with mar_scope():
        return apply_reporting_rule(at=AT)


def _blocks() -> int:
    with mar_scope():
        return OrderBlock.objects.filter(rule="CMP-11").count()


def _late_partner() -> None:
    take_keys(make_partner(), 3, days_ago=40)


def _without_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read the partner without locking him, and go on only when both have read."""
    both_have_read = threading.Barrier(ROUNDS)

    def read(partner_id):
        found = Partner.objects.filter(pk=partner_id).first()
        both_have_read.wait(timeout=20)
        return found

    monkeypatch.setattr(locks, "lock_partner", read)


def test_two_rounds_at_once_open_one_restriction(cloned_db):
    _late_partner()
    assert sorted(all_at_once([_round] * ROUNDS)) == [0, 1]
    assert (_blocks(), audited("partners.block.set")) == (1, 1)


def test_without_the_lock_the_constraint_refuses_the_second(cloned_db, monkeypatch):
    _late_partner()
    _without_lock(monkeypatch)
    outcomes = all_at_once([_round] * ROUNDS)
    assert [type(outcome) for outcome in outcomes if not isinstance(outcome, int)] == [IntegrityError]
    assert _blocks() == 1


def test_without_lock_and_constraint_there_are_two(cloned_db, monkeypatch):
    _late_partner()
    with databases.owner_connection(cloned_db) as connection, connection.cursor() as cursor:
        cursor.execute("DROP INDEX block_by_rule_once")
    _without_lock(monkeypatch)
    all_at_once([_round] * ROUNDS)
    assert _blocks() == 2
