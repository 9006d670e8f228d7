"""Two approvers, or two answers, at once: the lock lets one through; without it both are written."""

import threading
from typing import Any

import pytest

from core.actor import Actor
from core.errors import DomainError
from core.tenancy import mar_scope
from licensing import locks as licensing_locks
from licensing.models import QuotaException
from licensing.services.quota import record_answer
from partners import locks
from partners.models import Recipient
from partners.services.recipient_review import approve_recipient
from tests.factories import AT, actor_for, make_mar, make_member
from tests.factories.quota import make_exception
from tests.factories.recipients import make_citizenship, make_giver, make_recipient, make_reviewed
from tests.partners.samples import audited
from tests.race.server import all_at_once


def _both(act: Any) -> list[str]:
    people = [actor_for(make_member("mar_approver")) for _ in range(2)]

    def attempt(by: Actor) -> str:
        try:
            with mar_scope():
                act(by)
        except DomainError as error:
            return error.code
        return "done"

    return sorted(str(each) for each in all_at_once([lambda by=by: attempt(by) for by in people]))


def _without(monkeypatch: pytest.MonkeyPatch, place: Any, name: str, model: Any) -> None:
    """Read without locking, and go on only when both have read."""
    both_have_read = threading.Barrier(2)

    def read(pk: Any) -> Any:
        found = model.objects.filter(pk=pk).first()
        both_have_read.wait(timeout=30)
        return found

    monkeypatch.setattr(place, name, read)


def test_of_two_approvals_at_once_one_stands(cloned_db: str) -> None:
    make_mar()
    recipient = make_reviewed(make_giver())
    assert _both(lambda by: approve_recipient(recipient.pk, by=by, at=AT)) == [
        "done",
        "recipient_cannot_move",
    ]
    assert audited("partners.recipient.approved") == 1


def test_without_the_lock_both_approve(cloned_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    make_mar()
    recipient = make_reviewed(make_giver())
    _without(monkeypatch, locks, "lock_recipient", Recipient)
    assert _both(lambda by: approve_recipient(recipient.pk, by=by, at=AT)) == ["done", "done"]
    assert audited("partners.recipient.approved") == 2


def _answer(exception: QuotaException) -> Any:
    return lambda by: record_answer(
        exception.pk, is_approved=True, microsoft_reference="MS-1", note="", by=by, at=AT
    )


def _asked() -> QuotaException:
    make_mar()
    giver = make_giver()
    return make_exception(giver, make_recipient(giver), make_citizenship(), state="asked")


def test_of_two_answers_at_once_one_stands(cloned_db: str) -> None:
    assert _both(_answer(_asked())) == ["done", "exception_cannot_move"]
    assert audited("licensing.quota_exception.approved") == 1


def test_without_the_lock_both_answers_are_written(cloned_db: str, monkeypatch: pytest.MonkeyPatch) -> None:
    exception = _asked()
    _without(monkeypatch, licensing_locks, "lock_quota_exception", QuotaException)
    assert _both(_answer(exception)) == ["done", "done"]
    assert audited("licensing.quota_exception.approved") == 2
