"""Taking a case from the queue and putting it back."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction

from core.actor import Actor
from core.errors import NotFound
from core.tenancy import guest_scope, mar_scope
from partners.models import Application
from partners.rules.applications import ANSWER_DAYS
from partners.services.applications import (
    AppealNeedsFreshEyes,
    ApplicationCannotMove,
    ClaimedByAnother,
    claim_application,
    let_go,
    reject_application,
)
from tests.factories import AT, actor_for, make_member
from tests.partners.samples import (
    audited,
    make_application,
    make_claimed_application,
    make_reviewed_application,
)

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=1)


def _stored(application) -> Application:
    with mar_scope():
        return Application.objects.get(pk=application.pk)


def _claim(application, user, at=LATER):
    with mar_scope():
        return claim_application(application.pk, by=actor_for(user), at=at)


def make_appealed_application(reviewer, decider) -> Application:
    """Return an application that was refused and appealed."""
    application = make_reviewed_application(reviewer, recommendation="reject")
    with mar_scope():
        reject_application(application.pk, reason_code="facts_not_confirmed", by=actor_for(decider), at=LATER)
    with guest_scope(application.pk):
        Application.objects.filter(pk=application.pk).update(
            state="appealed", appealed_at=LATER, appeal_text="The register is wrong."
        )
    return _stored(application)


def test_a_submitted_application_has_the_day_we_promise_an_answer_by():
    assert _stored(make_application()).due_at == AT + timedelta(days=ANSWER_DAYS)


def test_claiming_names_the_person_and_the_time():
    application, marta = make_application(), make_member("mar_admin")
    _claim(application, marta)
    stored = _stored(application)
    assert (stored.state, stored.claimed_by_id, stored.claimed_at) == ("in_review", marta.pk, LATER)
    assert audited("partners.application.claimed") == 1


def test_claiming_again_changes_nothing():
    application, marta = make_application(), make_member("mar_admin")
    _claim(application, marta)
    _claim(application, marta, at=LATER + timedelta(hours=1))
    assert _stored(application).claimed_at == LATER
    assert audited("partners.application.claimed") == 1


def test_the_second_to_claim_is_told_who_was_first_and_when():
    application = make_claimed_application(make_member("mar_admin", name="Marta"))
    with pytest.raises(ClaimedByAnother) as caught:
        _claim(application, make_member("mar_admin"))
    facts = caught.value.refusals[0].facts
    assert (facts["Claimed by"], facts["Since"]) == ("Marta", AT)
    assert _stored(application).claimed_by_id == application.claimed_by_id


@pytest.mark.parametrize("state", ["draft", "withdrawn"])
def test_what_was_not_sent_is_not_claimed(state):
    application = make_application()
    with mar_scope():
        row = Application.objects.create(
            reference="A-DRAFT1", country="DE", contact_email="x@example.test", state=state,
            started_at=AT, saved_at=AT,
        )  # fmt: skip
    with pytest.raises(ApplicationCannotMove):
        _claim(row, make_member("mar_admin"))
    assert (_stored(row).state, _stored(application).state) == (state, "submitted")


def test_a_reviewed_case_is_not_claimed():
    application = make_reviewed_application(make_member("mar_admin", name="Marta"))
    with pytest.raises(ApplicationCannotMove) as caught:
        _claim(application, make_member("mar_admin"))
    assert caught.value.refusals[0].facts["By"] == "Marta"
    assert _stored(application).state == "recommended"


def test_an_unknown_application_is_not_found():
    with mar_scope(), pytest.raises(NotFound):
        claim_application(uuid4(), by=actor_for(make_member("mar_admin")), at=AT)


def test_a_machine_claims_nothing():
    application = make_application()
    with mar_scope(), pytest.raises(ApplicationCannotMove) as caught:
        claim_application(application.pk, by=Actor.system("robot"), at=AT)
    assert caught.value.code == "needs_a_person"
    assert _stored(application).state == "submitted"


def test_letting_go_puts_the_case_back():
    marta = make_member("mar_admin")
    application = make_claimed_application(marta)
    with mar_scope():
        let_go(application.pk, by=actor_for(marta), at=LATER)
    stored = _stored(application)
    assert (stored.state, stored.claimed_by, stored.claimed_at) == ("submitted", None, None)
    assert _claim(application, make_member("mar_admin")).state == "in_review"


def test_a_colleagues_case_is_not_let_go():
    application = make_claimed_application()
    with mar_scope(), pytest.raises(ClaimedByAnother):
        let_go(application.pk, by=actor_for(make_member("mar_admin")), at=LATER)
    assert _stored(application).state == "in_review"


def test_an_appeal_is_claimed_by_somebody_new_and_goes_back_as_an_appeal():
    marta, jonas, nina = (make_member(role) for role in ("mar_admin", "mar_approver", "mar_approver"))
    application = make_appealed_application(marta, jonas)
    assert application.due_at == LATER + timedelta(days=ANSWER_DAYS)
    for earlier in (marta, jonas):
        with pytest.raises(AppealNeedsFreshEyes):
            _claim(application, earlier)
    assert _stored(application).state == "appealed"
    _claim(application, nina)
    stored = _stored(application)
    assert (stored.state, stored.reviewed_by, stored.decided_by) == ("in_review", None, None)
    with mar_scope():
        let_go(application.pk, by=actor_for(nina), at=LATER)
    assert _stored(application).state == "appealed"


def test_the_database_keeps_an_appeal_from_the_first_reviewer():
    marta, jonas = make_member("mar_admin"), make_member("mar_approver")
    application = make_appealed_application(marta, jonas)
    for earlier in (marta, jonas):
        with mar_scope(), pytest.raises(IntegrityError, match="somebody new"), transaction.atomic():
            Application.objects.filter(pk=application.pk).update(state="in_review", claimed_by=earlier)


def test_the_database_lets_a_refusal_be_appealed_once():
    marta, jonas = make_member("mar_admin"), make_member("mar_approver")
    application = make_appealed_application(marta, jonas)
    with mar_scope(), pytest.raises(IntegrityError, match="appealed once"), transaction.atomic():
        Application.objects.filter(pk=application.pk).update(appealed_at=None)
