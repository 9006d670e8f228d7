"""Two approvers press the button at once: all guards, lock out, lock and constraints out."""

import threading
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, connection

from core.tenancy import mar_scope
from partners import locks
from partners.models import Application, Invitation, Partner
from partners.services.applications import ApplicationCannotMove, approve_application
from tests import databases
from tests.factories import AT, actor_for, make_member
from tests.partners.samples import make_reviewed_application

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
        cursor.execute("ALTER TABLE partners_partner DROP CONSTRAINT partners_partner_pkey CASCADE")
        cursor.execute(
            "ALTER TABLE partners_creditposition DROP CONSTRAINT partners_creditposition_pkey CASCADE"
        )
    assert _race(application, approvers) == ["approved", "approved"]
    with mar_scope():
        assert (Partner.objects.count(), Invitation.objects.count()) == (2, 2)
