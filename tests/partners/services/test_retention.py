"""What is past its time is thrown away by two people: one saw the dry run, another confirms it."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

from core.models import OutboxItem, User
from core.tenancy import acting_as, mar_scope, no_scope
from partners.models import RetentionProposal
from partners.services.retention import (
    RetentionRefused,
    confirm_retention,
    drop_retention,
    kept_days,
    propose_retention,
)
from tests.factories import actor_for, make_member, make_partner
from tests.partners.samples import audited
from tests.web import sign_in

pytestmark = pytest.mark.django_db
PAGE = "/compliance/privacy/retention/"


@pytest.fixture
def two() -> tuple[User, User]:
    """Return two people who manage personal data, and a piece of work that is past its time."""
    _finished(days=31)
    return make_member("mar_admin", name="Marta"), make_member("compliance", name="Carla")


def _finished(*, days: float) -> None:
    with no_scope():
        done_at = timezone.now() - timedelta(days=days)
        OutboxItem.objects.create(task="t.retention", done_at=done_at)


def _left() -> int:
    with no_scope():
        return OutboxItem.objects.filter(task="t.retention").count()


def _proposal() -> RetentionProposal:
    with mar_scope():
        return RetentionProposal.objects.get()


def test_one_person_proposes_and_another_confirms_on_the_pages(two: tuple[User, User]) -> None:
    first, second = (sign_in(Client(), person) for person in two)
    assert "Propose to throw this away" in first.get(PAGE).text
    assert first.post(f"{PAGE}propose/").headers["Location"] == PAGE
    assert _left() == 1
    proposal = _proposal()
    own = first.get(f"{PAGE}{proposal.pk}/").text
    assert ("Take the proposal back?" in own, "Throw it away now" in own) == (True, False)
    assert "P-RETAIN-2" in first.post(f"{PAGE}{proposal.pk}/", {"confirm": "1"}).text
    assert (_left(), _proposal().state) == (1, "proposed")
    assert "Marta" in second.get(PAGE).text
    assert second.post(f"{PAGE}{proposal.pk}/", {"confirm": "1"}).headers["Location"] == PAGE
    done = _proposal()
    assert (done.state, done.outcome["finished_work"], done.decided_by_user_id) == ("done", 1, two[1].pk)
    assert _left() == 0
    assert "decided by Carla" in second.get(PAGE).text
    assert (audited("partners.retention.proposed"), audited("partners.retention.run")) == (1, 1)


def test_what_came_past_its_time_after_the_proposal_stays(two: tuple[User, User]) -> None:
    kept = kept_days()["finished_work"]
    _finished(days=kept - 1)
    now = timezone.now()
    with mar_scope():
        proposal = propose_retention(by=actor_for(two[0]), at=now)
        assert proposal.counts["finished_work"] == 1
        done = confirm_retention(proposal.pk, by=actor_for(two[1]), at=now + timedelta(days=2))
    assert done.outcome["finished_work"] == 1
    assert _left() == 1


def test_a_dropped_proposal_throws_nothing_away_and_stays_dropped(two: tuple[User, User]) -> None:
    with mar_scope():
        proposal = propose_retention(by=actor_for(two[0]), at=timezone.now())
        with pytest.raises(RetentionRefused):
            propose_retention(by=actor_for(two[1]), at=timezone.now())
        drop_retention(proposal.pk, by=actor_for(two[0]), at=timezone.now())
        with pytest.raises(RetentionRefused):
            confirm_retention(proposal.pk, by=actor_for(two[1]), at=timezone.now())
    assert (_left(), _proposal().state) == (1, "dropped")


def test_nothing_past_its_time_is_not_proposed() -> None:
    with mar_scope(), pytest.raises(RetentionRefused):
        propose_retention(by=actor_for(make_member("mar_admin")), at=timezone.now())
    with mar_scope():
        assert RetentionProposal.objects.count() == 0


def test_the_database_takes_two_people_who_act(two: tuple[User, User]) -> None:
    first, second = two
    with mar_scope():
        propose_retention(by=actor_for(first), at=timezone.now())

    def written(person: User | None, words: str, **columns: Any) -> None:
        with (
            mar_scope(),
            acting_as(person.pk if person else None),
            pytest.raises(IntegrityError, match=words),
            transaction.atomic(),
        ):
            RetentionProposal.objects.update(**columns)

    done = {"state": "done", "decided_at": timezone.now()}
    written(first, "retention_takes_two_people", decided_by_user=first, **done)
    written(first, "names somebody who is not acting", decided_by_user=second, **done)
    written(second, "names somebody who is not acting", proposed_by_user=make_member("mar_admin"))
    written(None, "retention_decision_has_a_person", **done)
    with mar_scope(), acting_as(first.pk), pytest.raises(IntegrityError, match="one_open"):
        RetentionProposal.objects.create(counts={}, proposed_by_user=first, proposed_at=timezone.now())
    assert _proposal().state == "proposed"


def test_a_partner_and_a_stock_keeper_see_nothing_of_it(two: tuple[User, User]) -> None:
    people = (make_member("tpr_owner", partner=make_partner()), make_member("mar_stock"))
    assert [sign_in(Client(), person).get(PAGE).status_code for person in people] == [404, 403]
