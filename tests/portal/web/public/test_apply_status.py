"""The applicant's page after sending: state, asked fields, refusal with reason and appeal, withdrawal."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.tenancy import mar_scope
from partners.models import Application, Document
from partners.rules.questions import Question
from partners.services.applications import ask_back, reject_application
from tests.factories import AT, actor_for, make_member
from tests.factories.applications import make_application
from tests.partners import papers
from tests.partners.samples import make_claimed_application, make_reviewed_application

pytestmark = pytest.mark.django_db


def _holding(application):
    client = Client()
    session = client.session
    session["applicant"] = {"id": str(application.pk), "until": 9e12}
    session.save()
    return client


def _state(application):
    with mar_scope():
        return Application.objects.get(pk=application.pk).state


def _asked(*fields):
    application = make_claimed_application()
    day = (AT + timedelta(days=9)).date()
    questions = [
        Question(*field.split("."), "unclear", f"What about {field}?", "like so", day) for field in fields
    ]
    with mar_scope():
        stored = ask_back(application.pk, questions=questions, by=actor_for(application.claimed_by), at=AT)
    return application, [question.pk for question in stored]


def _rejected():
    application = make_reviewed_application(recommendation="reject")
    approver = actor_for(make_member("mar_approver"))
    with mar_scope():
        return reject_application(
            application.pk,
            reason_code="facts_not_confirmed",
            reason="The register says no.",
            by=approver,
            at=AT,
        )


def test_a_sent_application_shows_reference_promise_and_answers():
    application = make_application()
    page = _holding(application).get("/apply/status/").text
    for words in (
        application.reference,
        "You get an answer or a question by",
        "Kreislauf PC GmbH",
        "Decided",
    ):
        assert words in page


def test_only_the_asked_fields_are_open_and_their_answers_close_them():
    application, (vat, phone) = _asked("register.vat_id", "company.phone")
    client = _holding(application)
    assert "What about register.vat_id?" in client.get("/apply/status/").text
    page = client.get("/apply/questions/")
    assert [form.question.field for form in page.context["forms"]] == ["vat_id", "phone"]
    assert 'value="DE123456796"' in page.text
    assert "iban" not in page.text
    data = {
        f"q{vat}-value": "DE123456796",
        f"q{phone}-value": "+49 40 777777",
        f"q{phone}-remark": "New line.",
    }
    assert client.post("/apply/questions/", data | {"iban": "x"})["Location"] == "/apply/status/"
    assert _state(application) == "in_review"
    assert "+49 40 777777" in client.get("/apply/status/").text


def test_a_wrong_or_empty_answer_is_said_at_its_field():
    application, (vat, phone) = _asked("register.vat_id", "company.phone")
    client = _holding(application)
    response = client.post("/apply/questions/", {f"q{vat}-value": "DE1", f"q{phone}-value": ""})
    assert response.status_code == 422
    assert [list(form.errors) for form in response.context["forms"]] == [["value"], ["value"]]
    assert "looks like DE123456796" in response.text
    assert _state(application) == "info_requested"


def test_an_asked_paper_is_handed_in_with_the_answer():
    application, (question,) = _asked("register.register_extract")
    client = _holding(application)
    assert client.post("/apply/questions/", {}).status_code == 422
    bad = SimpleUploadedFile("x.pdf", papers.EXE)
    assert client.post("/apply/questions/", {f"q{question}-value": bad}).status_code == 422
    good = SimpleUploadedFile("x.pdf", papers.make_pdf())
    assert client.post("/apply/questions/", {f"q{question}-value": good}).status_code == 302
    assert _state(application) == "in_review"
    with mar_scope():
        assert Document.objects.get(application_id=application.pk).kind == "register_extract"


def test_a_refusal_shows_its_reason_and_is_appealed_once():
    application = _rejected()
    client = _holding(application)
    page = client.get("/apply/status/").text
    assert "The register says no." in page
    assert 'href="/apply/appeal/"' in page
    assert client.post("/apply/appeal/", {"text": ""}).status_code == 422
    assert client.post("/apply/appeal/", {"text": "The extract is new."})["Location"] == "/apply/status/"
    assert _state(application) == "appealed"
    assert client.get("/apply/appeal/")["Location"] == "/apply/status/"


def test_a_withdrawal_asks_once_more_and_lets_go():
    application = make_application()
    client = _holding(application)
    assert "cannot be opened again" in client.get("/apply/withdraw/").text
    assert _state(application) == "submitted"
    assert client.post("/apply/withdraw/")["Location"] == "/apply/"
    assert _state(application) == "withdrawn"
    assert client.get("/apply/status/")["Location"] == "/apply/"


def test_a_recommended_case_offers_no_withdrawal():
    client = _holding(make_reviewed_application())
    assert "Withdraw" not in client.get("/apply/status/").text
    assert client.post("/apply/withdraw/")["Location"] == "/apply/tasks/"


def test_an_application_that_is_gone_is_let_go():
    application = make_application()
    client = _holding(application)
    session = client.session
    session["applicant"] = {"id": "00000000-0000-4000-8000-000000000000", "until": 9e12}
    session.save()
    assert client.get("/apply/status/")["Location"] == "/apply/"
    assert "applicant" not in client.session
