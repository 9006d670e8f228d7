"""After sending: the asked field opens and no other, a refusal is appealed once, a case is withdrawn."""

from datetime import date, timedelta
from uuid import uuid4

import pytest
from django.db import ProgrammingError, transaction

from core.errors import NotFound
from core.tenancy import guest_scope, mar_scope
from partners.models import Application, ApplicationSection, FieldQuestion
from partners.rules.questions import Question
from partners.services.application_drafts import (
    ApplicationClosed,
    hand_in_paper,
    save_section,
    submit_application,
)
from partners.services.application_replies import (
    AnswerMissing,
    AppealedBefore,
    Reply,
    answer_questions,
    appeal,
    withdraw,
)
from partners.services.applications import ask_back, reject_application
from tests.factories import AT, actor_for, make_member
from tests.factories.applications import VISITOR, make_draft, make_full_draft
from tests.partners import papers
from tests.partners.samples import audited, make_claimed_application, make_reviewed_application, queued

pytestmark = pytest.mark.django_db
LATER = AT + timedelta(hours=2)


def _asked(*fields, **facts):
    """Return an application with a question about each field, like ``register.vat_id``."""
    application = make_claimed_application(**facts)
    pairs = [field.split(".") for field in fields]
    questions = [
        Question(section, name, "unclear", f"Please look at {name}.", "", (AT + timedelta(days=9)).date())
        for section, name in pairs
    ]
    with mar_scope():
        stored = ask_back(application.pk, questions=questions, by=actor_for(application.claimed_by), at=AT)
    return application, stored


def _stored(application):
    with mar_scope():
        return Application.objects.get(pk=application.pk)


def _answers(application, name):
    with mar_scope():
        return ApplicationSection.objects.get(application_id=application.pk, name=name).answers


def _rejected():
    application = make_reviewed_application(recommendation="reject")
    with mar_scope():
        return reject_application(
            application.pk,
            reason_code="facts_not_confirmed",
            by=actor_for(make_member("mar_approver")),
            at=AT,
        )


def test_the_asked_field_changes_its_column_and_nothing_else():
    application, (question,) = _asked("register.vat_id")
    before = _answers(application, "register")
    answer_questions(
        application.pk, {question.pk: Reply("DE 123 456 796", "Copied anew.")}, by=VISITOR, at=LATER
    )
    after = _answers(application, "register")
    assert after == before | {"vat_id": "DE123456796"}
    assert (_stored(application).state, _stored(application).vat_id) == ("in_review", "DE123456796")
    with mar_scope():
        kept = FieldQuestion.objects.get()
    assert (kept.answered_at, kept.answer_note, kept.closed_at) == (LATER, "Copied anew.", None)
    assert queued("partners.send_application_answered") == [{"application_id": str(application.pk)}]
    assert audited("partners.application.answered") == 1


def test_the_review_goes_on_when_the_last_question_is_answered():
    application, (first, second) = _asked("register.vat_id", "company.phone")
    answer_questions(application.pk, {first.pk: Reply("DE123456796")}, by=VISITOR, at=LATER)
    assert _stored(application).state == "info_requested"
    assert queued("partners.send_application_answered") == []
    answer_questions(application.pk, {second.pk: Reply("+49 40 999999")}, by=VISITOR, at=LATER)
    assert (_stored(application).state, _stored(application).phone) == ("in_review", "+49 40 999999")


@pytest.mark.parametrize("value", ["DE123456789", "", "DE12"])
def test_an_answer_that_cannot_be_right_is_refused_and_nothing_kept(value):
    application, (question,) = _asked("register.vat_id")
    before = _answers(application, "register")
    with pytest.raises(AnswerMissing):
        answer_questions(application.pk, {question.pk: Reply(value)}, by=VISITOR, at=LATER)
    assert (_answers(application, "register"), _stored(application).state) == (before, "info_requested")
    with mar_scope():
        assert FieldQuestion.objects.get().answered_at is None


def test_a_question_of_another_application_is_not_found():
    application, _questions = _asked("register.vat_id")
    _other, (foreign,) = _asked("register.vat_id")
    for question_id in (foreign.pk, uuid4()):
        with pytest.raises(NotFound):
            answer_questions(application.pk, {question_id: Reply("DE123456796")}, by=VISITOR, at=LATER)


def test_a_paper_is_answered_by_a_new_paper_only():
    application, (question,) = _asked("register.register_extract")
    with pytest.raises(AnswerMissing):
        answer_questions(application.pk, {question.pk: Reply()}, by=VISITOR, at=LATER)
    hand_in_paper(
        application.pk, "register", "register_extract", papers.JPEG, file_name="new.jpg", by=VISITOR, at=LATER
    )
    answer_questions(application.pk, {question.pk: Reply()}, by=VISITOR, at=LATER)
    assert _stored(application).state == "in_review"


def test_no_other_field_or_paper_opens_with_a_question():
    application, _questions = _asked("register.vat_id")
    with pytest.raises(ApplicationClosed):
        save_section(application.pk, "register", {"vat_id": "DE123456796"}, by=VISITOR, at=LATER)
    with pytest.raises(ApplicationClosed):
        hand_in_paper(
            application.pk,
            "register",
            "register_extract",
            papers.JPEG,
            file_name="x.jpg",
            by=VISITOR,
            at=LATER,
        )
    with pytest.raises(ApplicationClosed):
        submit_application(application.pk, by=VISITOR, at=LATER)


def test_the_database_closes_a_page_nobody_asked_about():
    application, _questions = _asked("register.vat_id")
    with pytest.raises(ProgrammingError, match="not open"), transaction.atomic(), guest_scope(application.pk):
        ApplicationSection.objects.filter(name="company").update(answers={})
    with guest_scope(application.pk):
        assert ApplicationSection.objects.filter(name="register").update(saved_at=LATER) == 1


def test_answers_are_closed_when_nothing_is_asked():
    application = make_claimed_application()
    with pytest.raises(ApplicationClosed):
        answer_questions(application.pk, {}, by=VISITOR, at=LATER)


def test_a_refusal_is_appealed_once():
    application = _rejected()
    appeal(application.pk, text="  The register was wrong.  ", by=VISITOR, at=LATER)
    kept = _stored(application)
    assert (kept.state, kept.appeal_text, kept.appealed_at) == ("appealed", "The register was wrong.", LATER)
    assert queued("partners.send_appeal_received") == [{"application_id": str(application.pk)}]
    with pytest.raises(ApplicationClosed):
        appeal(application.pk, text="Again.", by=VISITOR, at=LATER)


def test_a_second_refusal_is_the_last_word(monkeypatch):
    application = _rejected()
    with guest_scope(application.pk):
        row = Application.objects.get()
    row.appealed_at = AT
    monkeypatch.setattr("partners.services.application_replies.locked", lambda _id: row)
    with pytest.raises(AppealedBefore) as refused:
        appeal(application.pk, text="Again.", by=VISITOR, at=LATER)
    assert refused.value.refusals[0].next_step
    assert _stored(application).state == "rejected"


def test_an_appeal_says_why():
    application = _rejected()
    with pytest.raises(AnswerMissing):
        appeal(application.pk, text="   ", by=VISITOR, at=LATER)
    assert (_stored(application).state, _stored(application).appealed_at) == ("rejected", None)


@pytest.mark.parametrize(
    "make", [make_draft, make_full_draft, make_claimed_application], ids=["draft", "full", "in review"]
)
def test_a_case_nobody_recommended_is_withdrawn(make):
    application = make()
    withdraw(application.pk, by=VISITOR, at=LATER)
    assert _stored(application).state == "withdrawn"
    assert audited("partners.application.withdrawn") == 1
    with pytest.raises(ApplicationClosed):
        withdraw(application.pk, by=VISITOR, at=LATER)


def test_a_recommended_case_is_not_withdrawn_any_more():
    application = make_reviewed_application()
    with pytest.raises(ApplicationClosed):
        withdraw(application.pk, by=VISITOR, at=LATER)
    assert _stored(application).state == "recommended"


def test_a_question_names_its_day():
    _application, (question,) = _asked("register.vat_id")
    assert question.due_on == date(2026, 11, 24)
