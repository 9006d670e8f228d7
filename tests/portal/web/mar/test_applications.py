"""The queue of applications and the case beside it, for each role."""

from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.tenancy import mar_scope
from licensing.models import FamilyGrant, OrderLimit
from partners.models import (
    Application,
    ApplicationDecision,
    ApplicationSection,
    CarryOverItem,
    CreditPosition,
    FieldQuestion,
    Membership,
    Partner,
)
from partners.services.applications import claim_application, recommend
from partners.services.checks import request_checks, run_check
from partners.services.documents import store_document
from tests.factories import AT, actor_for, make_member, make_partner
from tests.partners.papers import PNG
from tests.partners.samples import (
    VISITOR,
    audited,
    make_application,
    make_claimed_application,
    make_reviewed_application,
    queued,
)
from tests.web import sign_in

pytestmark = pytest.mark.django_db
APPROVAL = {"credit_limit": "2500", "monthly_quantity": "240", "families": ["commercial"]}
REFUSAL = {"reason_code": "facts_not_confirmed", "reason": "No records."}


def _as(role: str, **fields) -> Client:
    return sign_in(Client(), make_member(role, **fields))


def _stored(application) -> Application:
    with mar_scope():
        return Application.objects.get(pk=application.pk)


def _path(application, act: str = "") -> str:
    return f"/mar/applications/{application.pk}/{act}"


def _due(application, days: int) -> None:
    with mar_scope():
        moment = timezone.now() + timedelta(days=days)
        Application.objects.filter(pk=application.pk).update(due_at=moment)


# Who may do what


@pytest.mark.parametrize(
    ("act", "role"),
    [
        ("claim/", "mar_stock"), ("claim/", "mar_finance"), ("recommend/", "mar_stock"), ("ask/", "mar_finance"),
        ("approve/", "mar_admin"), ("reject/", "mar_admin"), ("send-back/", "mar_admin"),
    ],
)  # fmt: skip
def test_a_colleague_without_the_right_is_refused(act, role):
    application = make_reviewed_application()
    assert _as(role).post(_path(application, act), APPROVAL | REFUSAL | {"note": "x"}).status_code == 403
    assert _stored(application).state == "recommended"


@pytest.mark.parametrize(
    "act", ["", "claim/", "let-go/", "recommend/", "ask/", "approve/", "reject/", "send-back/"]
)
def test_an_unknown_application_is_not_found(act):
    path, client = f"/mar/applications/{uuid4()}/{act}", _as("mar_approver")
    response = client.get(path) if act == "" else client.post(path, APPROVAL | REFUSAL | {"note": "x"})
    assert response.status_code == 404


def test_questions_and_items_of_another_case_are_not_found():
    mine = make_claimed_application()
    other = make_claimed_application()
    with mar_scope():
        question = FieldQuestion.objects.create(
            application=other, section="company", field="vat_id", reason_code="unclear", text="?", due_on=AT,
            asked_by=other.claimed_by, asked_at=AT,
        )  # fmt: skip
        item = CarryOverItem.objects.create(application=other, kind="labels", stated="3")
    client = _as("mar_admin")
    assert client.post(_path(mine, f"questions/{question.pk}/close/")).status_code == 404
    assert client.post(_path(mine, f"carry-over/{item.pk}/"), {"note": "x"}).status_code == 404
    with mar_scope():
        assert FieldQuestion.objects.get().closed_at is None
        assert CarryOverItem.objects.get().settled_at is None


# The road of a case


def test_two_people_make_a_partner():
    application = make_application()
    admin, approver = _as("mar_admin", name="Marta"), _as("mar_approver")
    assert "Claim this case" in admin.get(_path(application)).text
    assert admin.post(_path(application, "claim/")).status_code == 302
    answer = {"note": "Register checked.", "recommendation": "approve"}
    assert admin.post(_path(application, "recommend/"), answer).status_code == 302
    page = approver.get(_path(application)).text
    assert "Register checked." in page
    assert "Marta</strong> proposes to approve" in page
    response = approver.post(_path(application, "approve/"), APPROVAL, follow=True)
    assert "TPR-0001" in response.text
    with mar_scope():
        partner = Partner.objects.get()
        assert (partner.code, partner.state) == ("TPR-0001", "agreement_pending")
        assert CreditPosition.objects.get().limit == 2500
        assert OrderLimit.objects.get().monthly_quantity == 240
        assert list(FamilyGrant.objects.values_list("family", flat=True)) == ["commercial"]
    assert audited("licensing.account.opened") == 1
    assert "Open partner TPR-0001" in approver.get(_path(application)).text


def test_the_second_to_claim_sees_who_was_first():
    application = make_claimed_application(make_member("mar_admin", name="Marta"))
    client = _as("mar_admin")
    assert "Marta works on it" in client.get(_path(application)).text
    response = client.post(_path(application, "claim/"))
    assert response.status_code == 409
    assert "Somebody else works on this application." in response.text
    assert _stored(application).claimed_by_id == application.claimed_by_id


def test_a_case_is_let_go():
    marta = make_member("mar_admin")
    application = make_claimed_application(marta)
    client = sign_in(Client(), marta)
    assert client.post(_path(application, "let-go/")).status_code == 302
    assert _stored(application).state == "submitted"
    assert client.post(_path(application, "let-go/")).status_code == 409


@pytest.mark.parametrize("answers", [{"note": ""}, {"note": "x", "recommendation": "reject"}])
def test_a_recommendation_says_what_was_checked_and_why_not(answers):
    marta = make_member("mar_admin")
    application = make_claimed_application(marta)
    response = sign_in(Client(), marta).post(
        _path(application, "recommend/"), {"recommendation": "approve"} | answers
    )
    assert response.status_code == 422
    assert _stored(application).state == "in_review"


@pytest.mark.parametrize("change", [{"credit_limit": "-1"}, {"monthly_quantity": ""}, {"families": []}])
def test_an_approval_with_a_wrong_answer_makes_no_partner(change):
    application = make_reviewed_application()
    response = _as("mar_approver").post(_path(application, "approve/"), APPROVAL | change)
    assert response.status_code == 422
    with mar_scope():
        assert Partner.objects.count() == 0


def test_who_comes_second_sees_who_was_first():
    application = make_reviewed_application()
    first, second = _as("mar_approver", name="Jonas Weber"), _as("mar_approver")
    first.post(_path(application, "approve/"), APPROVAL)
    response = second.post(_path(application, "approve/"), APPROVAL)
    assert response.status_code == 409
    assert "Somebody else was first" in response.text
    assert "Jonas Weber" in response.text
    assert audited("portal.request.refused") == 1


def test_the_reviewer_is_told_that_one_more_is_needed_and_not_he():
    reviewer = make_member("mar_approver")
    application = make_reviewed_application(reviewer)
    client = sign_in(Client(), reviewer)
    assert "Needs one more: not you" in client.get(_path(application)).text
    for act, answers in (("approve/", APPROVAL), ("reject/", REFUSAL), ("send-back/", {"reason": "x"})):
        assert client.post(_path(application, act), answers).status_code == 409
    assert _stored(application).state == "recommended"


def test_a_role_changed_in_between_does_not_open_the_second_chair():
    application = make_reviewed_application()
    with mar_scope():
        Membership.objects.filter(user=application.reviewed_by).update(role="mar_approver")
    client = sign_in(Client(), application.reviewed_by)
    assert client.post(_path(application, "approve/"), APPROVAL).status_code == 409
    assert _stored(application).state == "recommended"


def test_a_refusal_needs_a_reason_and_brings_its_words():
    application, client = make_reviewed_application(recommendation="reject"), _as("mar_approver")
    page = client.get(_path(application, "reject/"))
    assert page.context["form"].initial == {"reason_code": "facts_not_confirmed"}
    assert "could not be confirmed by the sources" in page.text
    assert client.post(_path(application, "reject/"), {"reason_code": ""}).status_code == 422
    assert (
        client.post(_path(application, "reject/"), {"reason_code": "other", "reason": ""}).status_code == 422
    )
    assert client.post(_path(application, "approve/"), APPROVAL).status_code == 409
    assert _stored(application).state == "recommended"
    assert client.post(_path(application, "reject/"), REFUSAL).status_code == 302
    assert _stored(application).decision_reason == "No records."
    assert client.post(_path(application, "reject/"), REFUSAL).status_code == 409


def test_a_case_goes_back_to_its_reviewer_with_a_reason():
    application, client = make_reviewed_application(), _as("mar_approver", name="Jonas")
    assert client.get(_path(application, "send-back/")).status_code == 200
    assert client.post(_path(application, "send-back/"), {"reason": ""}).status_code == 422
    assert (
        client.post(_path(application, "send-back/"), {"reason": "Ask for the extract."}).status_code == 302
    )
    page = sign_in(Client(), application.reviewed_by).get(_path(application)).text
    assert "Jonas</strong> sent it back" in page
    assert "Ask for the extract." in page


def test_after_a_decision_the_next_case_opens_and_then_the_queue_is_clear():
    first, second = make_reviewed_application(), make_reviewed_application()
    _due(first, 1)
    _due(second, 2)
    client = _as("mar_approver")
    response = client.post(_path(first, "reject/?queue=decide"), REFUSAL)
    assert response["Location"] == f"{_path(second)}?queue=decide"
    response = client.post(_path(second, "reject/?queue=decide"), REFUSAL, follow=True)
    assert response.redirect_chain == [("/mar/applications/?queue=decide", 302)]
    assert "Queue is clear" in response.text


# Asking back


def test_ticked_answers_are_asked_about_in_one_mail():
    marta = make_member("mar_admin")
    application, client = make_claimed_application(marta), sign_in(Client(), marta)
    assert 'name="field" value="register.vat_id"' in client.get(_path(application)).text
    path = _path(application, "ask/")
    page = client.get(path, {"field": ["register.vat_id", "register.street", "nobody.knows"]})
    assert [fact.key for fact, _form in page.context["asked"]] == ["register.vat_id"]
    day = (timezone.now() + timedelta(days=10)).date()
    answers = {
        "field": ["register.vat_id"],
        "register.vat_id-reason_code": "vat_not_confirmed",
        "register.vat_id-text": "",
        "register.vat_id-example": "",
        "register.vat_id-due_on": day.isoformat(),
    }
    assert client.post(path, answers).status_code == 302
    with mar_scope():
        question = FieldQuestion.objects.get()
    assert (question.field, question.due_on, question.value_before) == ("vat_id", day, "DE123456796")
    assert question.text.startswith("The VAT service does not confirm")
    assert _stored(application).state == "info_requested"
    assert queued("partners.send_application_questions") == [{"application_id": str(application.pk)}]
    assert "With the applicant" in client.get(_path(application)).text
    close = _path(application, f"questions/{question.pk}/close/")
    assert client.post(close).status_code == 302
    assert _stored(application).state == "in_review"


@pytest.mark.parametrize(
    "change", [{"due_on": "2020-01-01"}, {"reason_code": "no_such"}, {"reason_code": "other"}, {"due_on": ""}]
)
def test_a_question_that_lacks_something_is_not_sent(change):
    marta = make_member("mar_admin")
    application = make_claimed_application(marta)
    day = (timezone.now() + timedelta(days=10)).date().isoformat()
    answers = {"reason_code": "unclear", "text": "", "example": "", "due_on": day} | change
    posted = {f"register.vat_id-{name}": value for name, value in answers.items()}
    response = sign_in(Client(), marta).post(
        _path(application, "ask/"), {"field": "register.vat_id"} | posted
    )
    assert response.status_code == 422
    with mar_scope():
        assert FieldQuestion.objects.count() == 0
    assert _stored(application).state == "in_review"


def test_asking_without_a_tick_leads_back():
    marta = make_member("mar_admin")
    application = make_claimed_application(marta)
    response = sign_in(Client(), marta).get(_path(application, "ask/"), follow=True)
    assert "Tick the answers you want to ask about." in response.text


# Carried over from another MAR


def test_what_is_carried_over_is_ticked_off_before_the_approval():
    application = make_application()
    with mar_scope():
        Application.objects.filter(pk=application.pk).update(branch="transfer")
        ApplicationSection.objects.create(
            application=application, subject=application.subject, name="transfer", saved_at=AT,
            answers={"open_keys": 12, "unreported_builds": 0, "notice": "given", "notice_on": "2026-12-31"},
        )  # fmt: skip
        marta = make_member("mar_admin")
        claim_application(application.pk, by=actor_for(marta), at=AT)
        recommend(application.pk, recommendation="approve", note="x", by=actor_for(marta), at=AT)
        items = dict(CarryOverItem.objects.values_list("kind", "stated"))
    assert items == {
        "open_keys": "12", "labels": "Not stated", "notice": "Given, the contract ends on 2026-12-31",
        "proof": "Not stated",
    }  # fmt: skip
    client = _as("mar_approver")
    response = client.post(_path(application, "approve/"), APPROVAL)
    assert response.status_code == 409
    assert "Not everything the applicant brings along is ticked off." in response.text
    with mar_scope():
        places = list(CarryOverItem.objects.values_list("pk", flat=True))
    assert client.post(_path(application, f"carry-over/{places[0]}/"), {"note": " "}).status_code == 422
    for place in places:
        assert client.post(_path(application, f"carry-over/{place}/"), {"note": "Seen."}).status_code == 302
    assert client.post(_path(application, "approve/"), APPROVAL).status_code == 302
    assert _stored(application).state == "approved"


# What the page shows


def test_a_company_seen_before_is_pointed_out():
    partner = make_partner(vat_id="DE123456796")
    earlier = make_application()
    application = make_application(company="Another Name")
    with mar_scope():
        for check in request_checks(application.pk, at=AT):
            run_check(check.pk, at=AT)
    page = _as("mar_admin").get(_path(application)).text
    assert partner.code in page
    assert earlier.reference in page


def test_pages_of_the_task_list_show_their_answers_in_words():
    page = _as("auditor").get(_path(make_application())).text
    assert "Addresses of your web shops" in page
    assert "https://shop.kreislauf.example" in page
    assert "Own web shop" in page
    assert "Purge: cannot be recovered by any laboratory" in page
    assert "6 right, attempts: 1" in page
    assert "Eva Brandt, Owner" in page


def test_the_papers_of_a_case_are_handed_out_and_those_of_another_are_not():
    application, other = make_application(), make_application()
    with mar_scope():
        paper = store_document(
            PNG, name="extract.png", kind="register_extract", application_id=application.pk, by=VISITOR, at=AT
        )
    client = _as("compliance")
    page = client.get(_path(application)).text
    assert f"{_path(application)}papers/{paper.pk}/" in page
    response = client.get(_path(application, f"papers/{paper.pk}/"))
    assert (response.status_code, response.content) == (200, PNG)
    assert client.get(_path(other, f"papers/{paper.pk}/")).status_code == 404


@pytest.mark.parametrize(
    ("days", "words"),
    [(-2, "2 days overdue"), (-1, "1 day overdue"), (0, "Due today"), (1, "1 day left"), (5, "5 days left")],
)
def test_the_clock_is_told_in_words(days, words):
    application = make_application()
    _due(application, days)
    client = _as("mar_admin")
    assert words in client.get("/mar/applications/").text
    assert words in client.get(_path(application)).text


def test_each_queue_holds_its_cases():
    marta, approver = make_member("mar_admin"), make_member("mar_approver")
    waiting, mine = make_application(company="Waiting"), make_claimed_application(marta, company="Mine")
    reviewed = make_reviewed_application(company="Reviewed")
    own = make_reviewed_application(approver, company="Own review")
    closed = make_reviewed_application(company="Closed")
    client = sign_in(Client(), approver)
    client.post(_path(closed, "reject/"), REFUSAL)

    def held(person, queue):
        page = sign_in(Client(), person).get("/mar/applications/", {"queue": queue})
        return sorted(row.source.company for row in page.context["table"].rows)

    assert held(marta, "mine") == ["Mine"]
    assert held(marta, "review") == ["Waiting"]
    assert held(approver, "decide") == ["Reviewed"]
    assert held(marta, "decided") == ["Closed"]
    assert held(marta, "open") == ["Mine", "Own review", "Reviewed", "Waiting"]
    assert held(marta, "no-such-queue") == ["Mine", "Own review", "Reviewed", "Waiting"]
    assert {waiting.state, mine.state, reviewed.state, own.state} == {"submitted", "in_review", "recommended"}


def test_a_row_of_the_queue_leads_to_its_case_in_this_queue():
    application = make_application()
    page = _as("mar_admin").get("/mar/applications/?queue=review").text
    assert f'href="{_path(application)}?queue=review"' in page


def test_what_is_due_first_stands_on_top():
    late, early = make_application(company="Late"), make_application(company="Early")
    _due(late, 5)
    _due(early, 1)
    page = _as("mar_admin").get("/mar/applications/").text
    assert page.index("Early") < page.index("Late")


@pytest.mark.parametrize("asked", ["reference", "company", "vat_id"])
def test_the_queue_is_searched_by_reference_company_and_vat_number(asked):
    wanted = make_application(company="Sonnenschein PC", vat_id="DE111111125")
    other = make_application()
    page = _as("mar_admin").get("/mar/applications/", {"q": getattr(wanted, asked)}).text
    assert wanted.reference in page
    assert other.reference not in page


def test_the_lead_times_of_the_month_are_shown():
    application = make_reviewed_application()
    client = _as("mar_approver")
    assert "No case has been decided this month." in client.get("/mar/applications/").text
    client.post(_path(application, "reject/"), REFUSAL)
    page = client.get("/mar/applications/")
    assert page.context["decided_this_month"] == 1
    assert dict(page.context["lead_times"])["Submitted to claimed"] == "0 hours"


def test_the_case_asks_the_same_number_of_questions_with_one_and_three_of_everything():
    application, client = make_claimed_application(), _as("mar_admin")
    counts = []
    for number, (section, name) in enumerate(
        (("company", "city"), ("people", "contact_name"), ("practice", "tool")), start=1
    ):
        with mar_scope():
            FieldQuestion.objects.create(
                application=application, section=section, field=name, reason_code="unclear", text="?",
                due_on=AT, asked_by=make_member("mar_admin"), asked_at=AT,
            )  # fmt: skip
        make_application()
        if number == 2:
            continue
        client.get(_path(application))
        with CaptureQueriesContext(connection) as captured:
            client.get(_path(application))
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_the_history_names_both_rounds():
    application = make_reviewed_application()
    _as("mar_approver", name="Jonas").post(_path(application, "reject/"), REFUSAL)
    with mar_scope():
        assert ApplicationDecision.objects.count() == 2
    page = _as("auditor").get(_path(application)).text
    assert "Jonas</strong> refused: Facts not confirmed" in page
