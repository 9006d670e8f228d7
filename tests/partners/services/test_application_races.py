"""Two people press a button at once: all guards, lock out, lock and constraints out."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection

from core.tenancy import mar_scope
from partners import locks
from partners.models import Application, Invitation, Partner
from partners.services.applications import (
    ApplicationCannotMove,
    ClaimedByAnother,
    approve_application,
    claim_application,
)
from tests import databases
from tests.factories import AT, actor_for, make_member
from tests.partners.samples import make_application, make_reviewed_application

LATER = AT + timedelta(hours=1)


def _race(application: Application, approvers: list) -> list[str]:
    """Approve at once from two connections; return how each attempt ended."""
    together = threading.Barrier(len(approvers))
    outcomes: list[str] = []

    def approve(user) -> None:
        try:
            together.wait(timeout=20)
            with mar_scope():
                approve_application(
                    application.pk, credit_limit=Decimal("100"), currency="EUR", by=actor_for(user), at=LATER
                )
            outcomes.append("approved")
        except ApplicationCannotMove as error:
            outcomes.append(f"refused by {error.refusals[0].facts['By']}")
        except IntegrityError:
            outcomes.append("constraint")
        finally:
            connection.close()

    threads = [threading.Thread(target=approve, args=(user,)) for user in approvers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(outcomes)


def _race_to_claim(application: Application, reviewers: list) -> list[str]:
    """Claim at once from two connections; return how each attempt ended."""
    together = threading.Barrier(len(reviewers))
    outcomes: list[str] = []

    def claim(user) -> None:
        try:
            together.wait(timeout=20)
            with mar_scope():
                claim_application(application.pk, by=actor_for(user), at=LATER)
            outcomes.append("claimed")
        except ClaimedByAnother as error:
            outcomes.append(f"refused by {error.refusals[0].facts['Claimed by']}")
        finally:
            connection.close()

    threads = [threading.Thread(target=claim, args=(user,)) for user in reviewers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return sorted(outcomes)


def _approvers() -> list:
    return [make_member("mar_approver", name=name) for name in ("Jonas Weber", "Ana Horn")]


def _without_lock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Read without locking, and go on only when both have read."""
    both_have_read = threading.Barrier(2)

    def read(application_id):
        found = Application.objects.filter(pk=application_id).first()
        both_have_read.wait(timeout=20)
        return found

    monkeypatch.setattr(locks, "lock_application", read)


def test_two_approvals_at_once_one_wins_and_the_other_sees_who(cloned_db):
    application, approvers = make_reviewed_application(), _approvers()
    outcomes = _race(application, approvers)
    with mar_scope():
        winner = Application.objects.select_related("decided_by").get().decided_by
        assert outcomes == ["approved", f"refused by {winner.name}"]
        assert (Partner.objects.count(), Invitation.objects.count()) == (1, 1)


def test_without_the_lock_the_database_refuses_the_second(cloned_db, monkeypatch):
    application, approvers = make_reviewed_application(), _approvers()
    _without_lock(monkeypatch)
    assert _race(application, approvers) == ["approved", "constraint"]
    with mar_scope():
        assert (Partner.objects.count(), Invitation.objects.count()) == (1, 1)


def test_without_lock_and_constraints_there_are_two_partners(cloned_db, monkeypatch):
    application, approvers = make_reviewed_application(), _approvers()
    _without_lock(monkeypatch)
    with databases.owner_connection(cloned_db) as owner, owner.cursor() as cursor:
        cursor.execute("ALTER TABLE partners_applicationdecision DISABLE TRIGGER application_decision_holds")
        cursor.execute("DROP INDEX decided_once_a_round")
        cursor.execute("ALTER TABLE partners_partner DROP CONSTRAINT partners_partner_pkey CASCADE")
        cursor.execute(
            "ALTER TABLE partners_creditposition DROP CONSTRAINT partners_creditposition_pkey CASCADE"
        )
    assert _race(application, approvers) == ["approved", "approved"]
    with mar_scope():
        assert (Partner.objects.count(), Invitation.objects.count()) == (2, 2)


def test_two_claims_at_once_one_wins_and_the_other_sees_who(cloned_db):
    application, reviewers = make_application(), _approvers()
    outcomes = _race_to_claim(application, reviewers)
    with mar_scope():
        winner = Application.objects.select_related("claimed_by").get().claimed_by
    assert outcomes == ["claimed", f"refused by {winner.name}"]


def test_without_the_lock_both_believe_the_case_is_theirs(cloned_db, monkeypatch):
    application, reviewers = make_application(), _approvers()
    _without_lock(monkeypatch)
    assert _race_to_claim(application, reviewers) == ["claimed", "claimed"]
