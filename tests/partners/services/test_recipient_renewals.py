"""Newer evidence takes over without a gap: handed in before the end, reviewed by one, decided by another."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.core import mail
from django.db import DatabaseError, IntegrityError, transaction

from core.errors import DomainError
from core.tenancy import mar_scope, partner_scope
from partners.models import Partner, Recipient, RecipientEvidence, RecipientRenewal
from partners.services.recipient_renewals import (
    RenewalRefused,
    approve_renewal,
    refuse_renewal,
    renew_evidence,
    review_renewal,
)
from partners.services.recipient_review import expire_recipients
from partners.services.recipients import (
    RecipientCannotMove,
    change_recipient,
    remove_evidence,
    submit_recipient,
)
from partners.tasks import send_renewal
from tests.factories import actor_for, make_mar, make_member, make_partner
from tests.factories.recipients import BUYER, PAPER, make_recipient, make_submitted, recipient_facts
from tests.partners.samples import audited, queued

pytestmark = pytest.mark.django_db

# The old paper holds through 30 November in Berlin; December begins an hour before midnight UTC.
OLD, NEW = date(2026, 11, 30), date(2027, 11, 30)
DECEMBER = datetime(2026, 11, 30, 23, 0, tzinfo=UTC)
BEFORE = DECEMBER - timedelta(days=10)


@pytest.fixture
def school() -> Recipient:
    make_mar()
    return make_recipient(make_partner(), until=OLD)


@pytest.fixture
def reviewer():
    return actor_for(make_member("mar_admin", name="Marta"))


@pytest.fixture
def decider():
    return actor_for(make_member("mar_approver", name="Jonas"))


def _renew(school: Recipient, *, at: datetime = BEFORE, **changes: object) -> RecipientRenewal:
    given = {"kind": "school_status", "name": "new.png", "expires_on": NEW} | changes
    with partner_scope(school.partner_id):
        return renew_evidence(school.pk, PAPER, by=BUYER, at=at, **given)


def _stored(school: Recipient) -> tuple[str, date | None]:
    with mar_scope():
        fresh = Recipient.objects.get(pk=school.pk)
    return fresh.state, fresh.evidence_until


def test_newer_evidence_takes_over_without_a_gap(school, reviewer, decider):
    renewal = _renew(school)
    assert _stored(school) == ("approved", OLD)
    with mar_scope():
        review_renewal(school.pk, until=NEW, note="Register checked.", by=reviewer, at=BEFORE)
        assert _stored(school) == ("approved", OLD)
        with pytest.raises(RenewalRefused):
            approve_renewal(school.pk, by=reviewer, at=BEFORE)
        approve_renewal(school.pk, by=decider, at=DECEMBER - timedelta(seconds=1))
        assert expire_recipients(by=BUYER, at=DECEMBER) == 0
        assert _stored(school) == ("approved", NEW)
        assert queued("partners.send_renewal") == [{"renewal_id": str(renewal.pk)}]
        make_member(
            "tpr_buyer", partner=Partner.objects.get(pk=school.partner_id), email="buyer@firm.example"
        )
        send_renewal(renewal_id=str(renewal.pk))
    assert {message.subject for message in mail.outbox} == {f"The new evidence about {school.name} holds"}
    assert [message.to for message in mail.outbox].count(["buyer@firm.example"]) == 1
    assert audited("partners.recipient.renewal_approved") == 1


def test_a_decision_after_the_end_opens_from_that_moment(school, reviewer, decider):
    _renew(school)
    with mar_scope():
        review_renewal(school.pk, until=NEW, note="Fine.", by=reviewer, at=BEFORE)
        assert expire_recipients(by=BUYER, at=DECEMBER) == 1
    # What the MAR looks at stays as it is: nothing is changed, taken back or submitted a second time.
    with partner_scope(school.partner_id):
        paper = RecipientEvidence.objects.order_by("added_at").last()
        for act in (
            lambda: change_recipient(school.pk, recipient_facts(town="Kiel"), by=BUYER, at=DECEMBER),
            lambda: remove_evidence(paper.pk, by=BUYER, at=DECEMBER),
            lambda: submit_recipient(school.pk, by=BUYER, at=DECEMBER),
        ):
            with pytest.raises(RecipientCannotMove):
                act()
    with mar_scope():
        approve_renewal(school.pk, by=decider, at=DECEMBER + timedelta(days=2))
    assert _stored(school) == ("approved", NEW)


def test_a_refused_paper_changes_nothing_and_another_may_come(school, reviewer):
    renewal = _renew(school)
    with mar_scope():
        with pytest.raises(RenewalRefused):
            refuse_renewal(school.pk, reason=" ", by=reviewer, at=BEFORE)
        refuse_renewal(school.pk, reason="It is last year's paper.", by=reviewer, at=BEFORE)
        assert RecipientEvidence.objects.get(pk=renewal.evidence_id).removed_at == BEFORE
    assert _stored(school) == ("approved", OLD)
    assert _renew(school).state == "submitted"


@pytest.mark.parametrize(
    "changes",
    [{"kind": "charity_status"}, {"expires_on": BEFORE.date() - timedelta(days=1)}, {"at": "twice"}],
)
def test_what_cannot_take_over_is_refused_and_nothing_kept(school, changes):
    if changes.get("at"):
        _renew(school)
        changes = {}
    with mar_scope():
        before = (RecipientRenewal.objects.count(), RecipientEvidence.objects.count())
    with pytest.raises(DomainError) as refused:
        _renew(school, **changes)
    assert refused.value.refusals[0].rule == "P-REC-8"
    with mar_scope():
        assert (RecipientRenewal.objects.count(), RecipientEvidence.objects.count()) == before


def test_only_an_approved_recipient_is_renewed_and_a_day_ahead_reviewed(school, reviewer):
    with pytest.raises(RenewalRefused):
        _renew(make_submitted(make_partner(), name="Realschule Nord", register_id=""))
    _renew(school)
    with mar_scope(), pytest.raises(RenewalRefused):
        review_renewal(school.pk, until=BEFORE.date() - timedelta(days=1), note="x", by=reviewer, at=BEFORE)


def test_the_database_holds_the_two_people_and_the_steps(school, reviewer, decider):
    renewal = _renew(school)
    rows = RecipientRenewal.objects.filter(pk=renewal.pk)
    with partner_scope(school.partner_id):
        with pytest.raises(DatabaseError, match="permission denied"), transaction.atomic():
            rows.update(state="reviewed")
        with pytest.raises(DatabaseError, match="begins undecided"), transaction.atomic():
            RecipientRenewal.objects.create(
                partner_id=school.partner_id, recipient=school, evidence_id=renewal.evidence_id,
                state="approved", submitted_at=BEFORE,
            )  # fmt: skip
    with mar_scope():
        for change, message in (
            ({"state": "approved"}, "may not go from submitted to approved"),
            ({"state": "refused"}, "renewal_refused_says_why"),
            (
                {"evidence_id": RecipientEvidence.objects.exclude(pk=renewal.evidence_id).get().pk},
                "does not change",
            ),
        ):
            with pytest.raises(DatabaseError, match=message), transaction.atomic():
                rows.update(**change)
        review_renewal(school.pk, until=NEW, note="Fine.", by=reviewer, at=BEFORE)
        with pytest.raises(IntegrityError, match="renewal_takes_two"), transaction.atomic():
            rows.update(state="approved", decided_by_id=reviewer.user_id, decided_at=BEFORE)
        with pytest.raises(DatabaseError, match="stands before the decision"), transaction.atomic():
            rows.update(state="approved", reviewed_by_id=decider.user_id, decided_by_id=reviewer.user_id)
        assert expire_recipients(by=BUYER, at=DECEMBER) == 1
        with pytest.raises(DatabaseError, match="nobody approved newer evidence"), transaction.atomic():
            Recipient.objects.filter(pk=school.pk).update(state="approved", evidence_until=NEW)
        assert RecipientRenewal.objects.get().state == "reviewed"
