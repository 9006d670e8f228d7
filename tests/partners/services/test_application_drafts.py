"""The applicant's steps until he sends: kept page by page, sent only when complete, closed afterwards."""

from datetime import timedelta
from uuid import uuid4

import pytest

from core.errors import NotFound
from core.tenancy import guest_scope, mar_scope
from partners.models import Application, ApplicationSection, Document
from partners.models.application import ApplicationState
from partners.rules.applications import ANSWER_DAYS
from partners.rules.knowledge_test import QUESTIONS
from partners.selectors.drafts import pages_of
from partners.services.application_drafts import (
    ApplicationClosed,
    ApplicationIncomplete,
    CountryNotOpen,
    StatementChanged,
    agree_to_statement,
    hand_in_paper,
    save_section,
    start_application,
    submit_application,
    take_back_paper,
    take_knowledge_test,
)
from partners.services.application_pages import AnswersWrong
from partners.services.documents import DocumentRefused
from tests.factories import AT, make_mar
from tests.factories.applications import (
    ANSWERS,
    COUNTRIES,
    RIGHT_ANSWERS,
    VISITOR,
    make_draft,
    make_full_draft,
)
from tests.partners import papers
from tests.partners.samples import audited, queued

pytestmark = pytest.mark.django_db


def _states(draft):
    with guest_scope(draft.pk):
        return {page.section.name: page.state for page in pages_of(Application.objects.get(pk=draft.pk))}


def _again(draft):
    with mar_scope():
        return Application.objects.get(pk=draft.pk)


def _section(draft, name):
    with mar_scope():
        return ApplicationSection.objects.get(application_id=draft.pk, name=name)


def test_a_start_makes_a_draft_and_asks_for_the_mail_with_the_link():
    draft = start_application(
        kind="charity", branch="new", country="FR", contact_email=" Lea@Lilas.Example ",
        checker_answers={"activity": "charity"}, by=VISITOR, at=AT,
    )  # fmt: skip
    kept = _again(draft)
    assert (kept.state, kept.contact_email, kept.country) == ("draft", "lea@lilas.example", "FR")
    assert kept.checker_answers == {"activity": "charity"}
    assert queued("partners.send_application_started") == [{"application_id": str(draft.pk)}]
    assert audited("partners.application.started") == 1


def test_a_start_from_a_country_that_is_not_open_leaves_nothing():
    with pytest.raises(CountryNotOpen):
        start_application(
            kind="shop", branch="new", country="US", contact_email="a@b.example", by=VISITOR, at=AT
        )
    with mar_scope():
        assert Application.objects.count() == 0
    assert queued("partners.send_application_started") == []


def test_pages_are_kept_as_far_as_they_are_in_any_order():
    draft = make_draft()
    save_section(draft.pk, "sites", {"is_one_site": True}, by=VISITOR, at=AT)
    save_section(
        draft.pk, "company", {"company": "Kreislauf PC GmbH"}, by=VISITOR, at=AT + timedelta(hours=1)
    )
    states = _states(draft)
    assert (states["sites"], states["company"], states["people"]) == ("done", "doing", "todo")
    kept = _again(draft)
    assert (kept.company, kept.company_norm) == ("Kreislauf PC GmbH", "kreislauf pc")
    assert kept.saved_at == AT + timedelta(hours=1)


def test_the_columns_follow_the_pages():
    draft = make_full_draft()
    kept = _again(draft)
    found = {
        name: getattr(kept, name)
        for name in (
            "vat_id",
            "register_number",
            "contact_name",
            "iban",
            "postcode",
            "wiping_standard",
            "expected_volume",
        )
    }
    assert found == {
        "vat_id": "DE123456796", "register_number": "Hamburg HRB 12345", "contact_name": "Eva Brandt",
        "iban": "DE02120300000000202051", "postcode": "20457", "wiping_standard": "NIST SP 800-88 Rev. 2",
        "expected_volume": 120,
    }  # fmt: skip


def test_another_standard_stands_in_the_column_under_its_own_name():
    pages = {"practice": {"wiping_standard": "other", "other_standard": "CESG CPA 2.0"}}
    assert make_full_draft(pages=pages).wiping_standard == "CESG CPA 2.0"


def test_an_emptied_address_does_not_lock_the_applicant_out():
    draft = make_draft()
    save_section(draft.pk, "people", {"contact_name": "Eva", "contact_email": ""}, by=VISITOR, at=AT)
    assert _again(draft).contact_email == "eva@kreislauf.example"
    assert _states(draft)["people"] == "doing"


def test_a_wrong_answer_keeps_the_whole_page_as_it_was():
    draft = make_draft()
    save_section(draft.pk, "register", ANSWERS["register"], by=VISITOR, at=AT)
    with pytest.raises(AnswersWrong) as refused:
        save_section(
            draft.pk,
            "register",
            {"register_number": "Köln HRB 1", "vat_id": "DE123456789"},
            by=VISITOR,
            at=AT,
        )
    assert [refusal.facts["field"] for refusal in refused.value.refusals] == ["vat_id"]
    assert "DE123456796" in refused.value.refusals[0].what
    assert _again(draft).register_number == "Hamburg HRB 12345"


@pytest.mark.parametrize("name", ["transfer", "knowledge", "terms", "nonsense"])
def test_a_page_that_is_not_asked_this_way_does_not_exist(name):
    draft = make_draft()
    with pytest.raises(NotFound):
        save_section(draft.pk, name, {}, by=VISITOR, at=AT)
    with mar_scope():
        assert ApplicationSection.objects.count() == 0


def test_nothing_is_saved_for_an_application_that_does_not_exist():
    with pytest.raises(NotFound):
        save_section(uuid4(), "sites", {"is_one_site": True}, by=VISITOR, at=AT)


def test_a_paper_completes_its_page_and_its_return_opens_it_again():
    draft = make_draft(kind="charity", country="FR")
    answers = ANSWERS["register"] | COUNTRIES["FR"]["register"] | {"vat_id": ""}
    save_section(draft.pk, "register", answers, by=VISITOR, at=AT)
    assert _states(draft)["register"] == "doing"
    paper = hand_in_paper(
        draft.pk, "register", "charity_proof", papers.make_pdf(), file_name="statuts.pdf", by=VISITOR, at=AT
    )
    assert (_states(draft)["register"], paper.kind, paper.application_id) == (
        "done",
        "charity_proof",
        draft.pk,
    )
    take_back_paper(draft.pk, paper.pk, by=VISITOR, at=AT)
    assert _states(draft)["register"] == "doing"


def test_a_refused_paper_leaves_the_page_as_it_was():
    draft = make_draft()
    with pytest.raises(DocumentRefused):
        hand_in_paper(
            draft.pk, "certificates", "certificate_file", papers.pdf_with_script(), file_name="iso.pdf",
            by=VISITOR, at=AT,
        )  # fmt: skip
    with mar_scope():
        assert Document.objects.count() == 0
    assert _states(draft)["certificates"] == "todo"


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("company", "company"),
        ("register", "charity_proof"),
        ("register", "nothing"),
        ("nothing", "charity_proof"),
    ],
)
def test_a_paper_for_a_field_that_takes_none_is_refused(name, field):
    draft = make_draft()
    with pytest.raises(NotFound):
        hand_in_paper(draft.pk, name, field, papers.JPEG, file_name="x.jpg", by=VISITOR, at=AT)
    with mar_scope():
        assert Document.objects.count() == 0


def test_each_attempt_at_the_test_is_counted_and_five_of_six_pass():
    draft = make_draft()
    four = RIGHT_ANSWERS | {QUESTIONS[0].name: "ask", QUESTIONS[1].name: "give"}
    assert take_knowledge_test(draft.pk, four, by=VISITOR, at=AT).is_pass is False
    assert _states(draft)["knowledge"] == "doing"
    assert (
        take_knowledge_test(draft.pk, RIGHT_ANSWERS | {QUESTIONS[0].name: ""}, by=VISITOR, at=AT).is_pass
        is True
    )
    assert _states(draft)["knowledge"] == "done"
    take_knowledge_test(draft.pk, {}, by=VISITOR, at=AT + timedelta(days=1))
    answers = _section(draft, "knowledge").answers
    assert (answers["attempts"], answers["right"], answers["passed_at"]) == (3, 0, AT.isoformat())


def test_agreeing_to_another_text_is_refused():
    draft = make_draft()
    with pytest.raises(StatementChanged):
        agree_to_statement(draft.pk, name="Eva", role="Owner", text_sha256="0" * 64, by=VISITOR, at=AT)
    assert _states(draft)["terms"] == "todo"


@pytest.mark.parametrize(
    ("kind", "branch", "country", "pages"),
    [
        ("shop", "new", "DE", 12),
        ("shop", "new", "NL", 12),
        ("itad", "transfer", "PL", 13),
        ("charity", "new", "FR", 12),
        ("school", "new", "DE", 12),
        ("broker", "former_rrp", "BE", 13),
    ],
)
def test_every_kind_of_applicant_comes_to_the_end(kind, branch, country, pages):
    draft = make_full_draft(kind=kind, branch=branch, country=country)
    assert list(_states(draft).values()) == ["done"] * pages
    sent = submit_application(draft.pk, by=VISITOR, at=AT)
    assert (sent.state, sent.submitted_at) == (ApplicationState.SUBMITTED, AT)


def test_sending_promises_an_answer_and_asks_for_mails_and_checks():
    draft = make_full_draft()
    sent = submit_application(draft.pk, by=VISITOR, at=AT)
    assert sent.due_at == AT + timedelta(days=ANSWER_DAYS)
    assert queued("partners.send_application_received") == [{"application_id": str(draft.pk)}]
    assert queued("partners.run_checks") == [{"application_id": str(draft.pk)}]
    assert audited("partners.application.submitted") == 1


def test_sending_names_every_page_that_is_not_finished():
    draft = make_full_draft()
    save_section(draft.pk, "company", {"company": "Kreislauf"}, by=VISITOR, at=AT)
    save_section(draft.pk, "sites", {}, by=VISITOR, at=AT)
    with pytest.raises(ApplicationIncomplete) as refused:
        submit_application(draft.pk, by=VISITOR, at=AT)
    assert [refusal.fix_path for refusal in refused.value.refusals] == [
        "/apply/pages/company/",
        "/apply/pages/sites/",
    ]
    assert (_again(draft).state, _again(draft).due_at) == ("draft", None)
    assert queued("partners.send_application_received") == []


def test_a_sent_application_is_closed_to_every_step_of_a_draft():
    draft = make_full_draft()
    submit_application(draft.pk, by=VISITOR, at=AT)
    before = _again(draft).saved_at
    steps = (
        lambda: save_section(draft.pk, "sites", {}, by=VISITOR, at=AT + timedelta(hours=1)),
        lambda: take_knowledge_test(draft.pk, {}, by=VISITOR, at=AT),
        lambda: hand_in_paper(
            draft.pk, "certificates", "certificate_file", papers.JPEG, file_name="x.jpg", by=VISITOR, at=AT
        ),
        lambda: take_back_paper(draft.pk, uuid4(), by=VISITOR, at=AT),
        lambda: submit_application(draft.pk, by=VISITOR, at=AT),
    )
    for step in steps:
        with pytest.raises(ApplicationClosed):
            step()
    assert _again(draft).saved_at == before
    assert audited("partners.application.submitted") == 1


def test_one_guest_does_not_meet_another_ones_pages():
    make_mar()
    mine, other = make_draft(), make_draft()
    save_section(other.pk, "sites", {"is_one_site": True}, by=VISITOR, at=AT)
    with guest_scope(mine.pk):
        assert Application.objects.count() == 1
        assert ApplicationSection.objects.count() == 0
