"""Eight people issue the same labels: one does, and each guard is shown to matter."""

import threading
from typing import Any

import pytest
from django.db import IntegrityError

from core.tenancy import mar_scope
from licensing.models import LabelDelivery, LabelIssue
from licensing.services import labels
from licensing.services.labels import LabelRefused, issue_labels, receive_labels
from partners.models import Partner
from tests.databases import owner_connection
from tests.factories import AT, make_mar, make_partner
from tests.factories.labels import BY
from tests.race.server import all_at_once

PEOPLE = 8


def _issue(partner: Partner) -> str:
    try:
        with mar_scope():
            issue_labels(partner.pk, first="R100", last="R149", by=BY, at=AT)
    except LabelRefused as error:
        return "stopped by the database" if isinstance(error.__cause__, IntegrityError) else error.code
    return "issued"


def _race() -> dict[str, int]:
    partners = [make_partner() for _ in range(PEOPLE)]
    ended = [str(each) for each in all_at_once([lambda p=each: _issue(p) for each in partners])]
    return {outcome: ended.count(outcome) for outcome in ended}


def _rows() -> int:
    with mar_scope():
        return LabelIssue.objects.count()


@pytest.fixture
def roll(cloned_db: str) -> str:
    make_mar()
    with mar_scope():
        receive_labels(first="R1", last="R999", reference="", by=BY, at=AT)
    return cloned_db


def _without_the_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the lock out, and insert only when everybody has looked."""
    all_have_looked = threading.Barrier(PEOPLE)
    insert = labels._insert

    def look(first: int, last: int) -> LabelDelivery | None:
        return LabelDelivery.objects.filter(first_position__lte=first, last_position__gte=last).first()

    def wait_and_insert(*args: Any) -> None:
        all_have_looked.wait(timeout=60)
        insert(*args)

    monkeypatch.setattr(labels, "lock_label_delivery", look)
    monkeypatch.setattr(labels, "_insert", wait_and_insert)


def test_same_range_is_issued_once(roll: str) -> None:
    assert _race() == {"issued": 1, "labels_overlap": PEOPLE - 1}
    assert _rows() == 1


def test_without_the_lock_the_database_alone_keeps_it_once(
    roll: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _without_the_lock(monkeypatch)
    assert _race() == {"issued": 1, "stopped by the database": PEOPLE - 1}
    assert _rows() == 1


def test_without_lock_and_constraint_it_is_issued_many_times(
    roll: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with owner_connection(roll) as owner, owner.cursor() as cursor:
        cursor.execute("ALTER TABLE licensing_labelissue DROP CONSTRAINT label_issues_apart")
    _without_the_lock(monkeypatch)
    assert _race() == {"issued": PEOPLE}
    assert _rows() == PEOPLE
