"""Cases decided before the history was kept get their rows from what stands on the case, and no more."""

from datetime import timedelta
from decimal import Decimal
from importlib import import_module

import pytest

from core.tenancy import mar_scope
from partners.models import Application, ApplicationDecision
from partners.services.application_replies import appeal
from partners.services.applications import approve_application, reject_application
from tests import databases
from tests.factories import AT, actor_for, make_member
from tests.partners.samples import (
    VISITOR,
    make_claimed_application,
    make_reviewed_application,
)

FILL = import_module("partners.migrations.0025_history_of_old_cases").STATEMENTS
LATER = AT + timedelta(hours=1)
WORDS = " (Entered later, from the case as it stood.)"


def _run(name: str, *statements: str) -> None:
    with databases.owner_connection(name) as owner, owner.cursor() as cursor:
        owner.autocommit = False
        for statement in statements:
            cursor.execute(statement)
        owner.commit()


def _as_before(name: str) -> None:
    """Take the history away, as cases stood before it was kept."""
    _run(
        name,
        "ALTER TABLE partners_applicationdecision DISABLE TRIGGER USER",
        "DELETE FROM partners_applicationdecision",
        "ALTER TABLE partners_applicationdecision ENABLE TRIGGER USER",
    )


def _history(application: Application) -> list[tuple[object, ...]]:
    with mar_scope():
        rows = ApplicationDecision.objects.filter(application=application).order_by("at", "step")
        return list(
            rows.values_list("round", "step", "person__name", "at", "recommendation", "reason_code", "note")
        )


def test_old_cases_get_their_rows_once(cloned_db):
    jonas = actor_for(make_member("mar_approver", name="Jonas"))
    approved, refused, appealed = (
        make_reviewed_application(recommendation=proposal) for proposal in ("approve", "reject", "reject")
    )
    waiting = make_claimed_application()
    with mar_scope():
        approve_application(approved.pk, credit_limit=Decimal(100), currency="EUR", by=jonas, at=LATER)
        for case in (refused, appealed):
            reject_application(
                case.pk, reason_code="facts_not_confirmed", reason="No register.", by=jonas, at=LATER
            )
    appeal(appealed.pk, text="It is in the register.", by=VISITOR, at=LATER)
    kept = {case.pk: _history(case) for case in (approved, refused, appealed)}
    _as_before(cloned_db)
    assert _history(approved) == []
    _run(cloned_db, *FILL)
    for case in (approved, refused, appealed):
        before = [(*row[:5], row[5], row[6] + WORDS) for row in kept[case.pk]]
        assert _history(case) == before
    assert _history(waiting) == []
    _run(cloned_db, *FILL)
    assert [len(_history(case)) for case in (approved, refused, appealed)] == [2, 2, 2]
    # The guard holds again: nobody enters a decision by hand.
    with mar_scope(), pytest.raises(Exception, match="follows a recommendation"):
        ApplicationDecision.objects.create(
            application=waiting, round=1, step="approved", person_id=jonas.user_id, at=LATER,
            reviewer_id=waiting.claimed_by_id, recommendation="approve",
        )  # fmt: skip


def test_a_proposal_that_was_not_recorded_counts_as_a_yes(cloned_db):
    jonas = actor_for(make_member("mar_approver", name="Jonas"))
    unknown = make_reviewed_application()
    with mar_scope():
        reject_application(
            unknown.pk, reason_code="facts_not_confirmed", reason="No register.", by=jonas, at=LATER
        )
    _as_before(cloned_db)
    _run(
        cloned_db,
        "ALTER TABLE partners_application DISABLE TRIGGER USER",
        f"UPDATE partners_application SET recommendation = '' WHERE id = '{unknown.pk}'",
        "ALTER TABLE partners_application ENABLE TRIGGER USER",
        *FILL,
    )
    assert [(row[1], row[4], row[5]) for row in _history(unknown)] == [
        ("recommended", "approve", ""),
        ("rejected", "approve", "facts_not_confirmed"),
    ]
