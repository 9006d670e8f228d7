"""The application in the browser: task list, pages, papers, sending, and the way back."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from core.tenancy import mar_scope
from partners.models import Application, ApplicationSection, Document
from partners.tasks import send_application_received, send_application_started
from portal.web.public.apply import throttle
from portal.web.public.paper_turns import throttle as paper_throttle
from tests.factories import make_mar, make_member, make_partner
from tests.factories.applications import ANSWERS, RIGHT_ANSWERS, make_full_draft
from tests.partners import papers
from tests.partners.samples import audited, queued
from tests.portal.web.public.applying import START, begin, fill_all, form_data
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def fresh_counter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count anew in each run: the cache outlives the tests."""
    monkeypatch.setattr(throttle, "name", f"apply-{uuid4()}")


def _count() -> int:
    with mar_scope():
        return Application.objects.count()


def _section(draft, name):
    with mar_scope():
        return ApplicationSection.objects.filter(application_id=draft.pk, name=name).first()


@pytest.mark.parametrize(
    ("kind", "branch", "country", "pages"),
    [
        ("itad", "new", "DE", 12),
        ("shop", "new", "NL", 12),
        ("shop", "transfer", "PL", 13),
        ("charity", "new", "FR", 12),
        ("broker", "former_rrp", "BE", 13),
        ("school", "new", "DE", 12),
    ],
)
def test_an_applicant_comes_from_the_start_to_the_end(
    client: Client, mailoutbox, kind, branch, country, pages
):
    make_mar()
    make_member("mar_admin", email="marta@mar.example")
    draft = begin(client, kind=kind, branch=branch, country=country)
    assert f"0 of {pages} pages are complete" in client.get("/apply/tasks/").text
    fill_all(client, draft)
    assert f"{pages} of {pages} pages are complete" in client.get("/apply/tasks/").text
    assert "Check your answers" in client.get("/apply/answers/").text
    response = client.post("/apply/answers/", follow=True)
    assert response.redirect_chain == [("/apply/status/", 302)]
    assert draft.reference in response.text
    with mar_scope():
        assert Application.objects.get(pk=draft.pk).state == "submitted"
    send_application_received(**queued("partners.send_application_received")[0])
    assert [message.to for message in mailoutbox] == [["eva@kreislauf.example"], ["marta@mar.example"]]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"kind": "bank"}, "not one of the available choices"),
        ({"country": "US"}, "not one of the available choices"),
        ({"contact_email": "eva"}, "valid email"),
        ({"branch": ""}, "This field is required"),
        ({"second_address": "https://spam.example"}, "A field that people cannot see was filled"),
    ],
)
def test_a_wrong_start_is_named_and_nothing_is_stored(client: Client, change, words):
    response = client.post("/apply/", START | change)
    assert response.status_code == 422
    assert words in response.text
    assert _count() == 0


def test_the_sixth_start_of_an_address_within_an_hour_waits(client: Client):
    statuses = [Client().post("/apply/", START).status_code for _ in range(6)]
    assert statuses == [302] * 5 + [429]
    assert _count() == 5
    assert client.post("/apply/", START)["Retry-After"] == "3600"
    assert client.post("/apply/", START, REMOTE_ADDR="10.1.2.3").status_code == 302


@pytest.mark.parametrize(
    "path",
    [
        "tasks",
        "pages/company",
        "knowledge",
        "statement",
        "answers",
        "status",
        "questions",
        "appeal",
        "withdraw",
    ],
)
def test_without_an_application_every_page_leads_to_the_start(client: Client, path):
    assert client.get(f"/apply/{path}/")["Location"] == "/apply/"


def test_a_partners_person_is_told_that_he_is_in(client: Client):
    sign_in(client, make_member("tpr_owner", partner=make_partner()))
    assert "You are in already" in client.get("/apply/").text
    assert "You are in already" in client.post("/apply/", START).text
    assert client.get("/apply/tasks/")["Location"] == "/apply/"
    assert _count() == 0


def test_what_is_right_of_a_page_is_kept_although_the_answer_is_an_error(client: Client):
    draft = begin(client)
    response = client.post(
        "/apply/pages/register/", {"register_number": "Hamburg HRB 12345", "vat_id": "DE 123"}
    )
    assert response.status_code == 422
    assert "A VAT number of this country (Germany) looks like DE123456796." in response.text
    assert 'value="DE 123"' in response.text
    kept = _section(draft, "register")
    assert (kept.answers["register_number"], kept.answers["vat_id"], kept.is_complete) == (
        "Hamburg HRB 12345", "", False,
    )  # fmt: skip


def test_a_mistyped_digit_is_told_from_a_wrong_form(client: Client):
    begin(client)
    page = client.post("/apply/pages/register/", {"vat_id": "DE123456789", "register_number": "x"}).text
    assert "The check digits of this VAT number do not agree" in page
    assert "looks like Hamburg HRB 12345 or Köln VR 1234" in page


def test_an_unfinished_page_is_kept_for_later(client: Client):
    draft = begin(client)
    response = client.post("/apply/pages/company/", {"company": "Kreislauf PC GmbH", "then": "later"})
    assert response["Location"] == "/apply/tasks/"
    assert _section(draft, "company").is_complete is False
    page = client.get("/apply/tasks/").text
    assert "In progress" in page
    assert 'value="Kreislauf PC GmbH"' in client.get("/apply/pages/company/").text


def test_continuing_names_what_lacks_and_leads_on_when_nothing_does(client: Client):
    begin(client)
    response = client.post("/apply/pages/sites/", {})
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["other_sites"])
    assert client.post("/apply/pages/sites/", {"is_one_site": "on"})["Location"] == "/apply/pages/practice/"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (papers.EXE, "not a PDF, JPEG, PNG or HEIC"),
        (papers.JPEG + bytes(30 * 1024 * 1024), "31 MB; the limit is 15 MB"),
        (papers.pdf_with_script(), "contains a script"),
    ],
    ids=["renamed exe", "30 MB scan", "script"],
)
def test_a_bad_paper_is_refused_at_its_field_and_the_rest_kept(client: Client, content, words):
    draft = begin(client)
    file = SimpleUploadedFile("extract.pdf", content)
    data = form_data(ANSWERS["register"]) | {"register_extract": file}
    response = client.post("/apply/pages/register/", data)
    assert (response.status_code, list(response.context["form"].errors)) == (422, ["register_extract"])
    assert words in response.text
    assert _section(draft, "register").answers["vat_id"] == "DE123456796"
    with mar_scope():
        assert Document.objects.count() == 0


def test_papers_of_one_network_are_bounded_within_an_hour(client: Client, monkeypatch):
    monkeypatch.setattr(paper_throttle, "name", f"papers-{uuid4()}")
    monkeypatch.setattr(paper_throttle, "limit", 1)
    draft = begin(client)
    for count in (1, 1):
        file = SimpleUploadedFile("extract.pdf", papers.make_pdf())
        answer = client.post("/apply/pages/register/", {"register_extract": file, "then": "later"})
        with mar_scope():
            assert Document.objects.filter(application_id=draft.pk).count() == count
    assert "Very many papers came from your network" in answer.text


def test_a_good_paper_beside_a_wrong_answer_is_kept(client: Client):
    begin(client)
    file = SimpleUploadedFile("extract.pdf", papers.make_pdf())
    response = client.post("/apply/pages/register/", {"vat_id": "DE1", "register_extract": file})
    assert response.status_code == 422
    with mar_scope():
        assert Document.objects.get().kind == "register_extract"
    assert "extract.pdf" in response.text


def test_certificates_come_one_by_one_with_their_end(client: Client):
    draft = begin(client)

    def send(title, ends, **more):
        file = SimpleUploadedFile(f"{title}.jpg", papers.JPEG)
        data = {"certificate": title, "expires_on": ends, "certificate_file": file} | more
        return client.post("/apply/pages/certificates/", data)

    assert send("r2v3", "", then="another").status_code == 422
    assert send("r2v3", "2027-05-01", then="another")["Location"] == "/apply/pages/certificates/"
    assert send("iso_9001", "2028-01-31").status_code == 302
    with mar_scope():
        kept = list(Document.objects.order_by("uploaded_at").values_list("title", "expires_on"))
    assert [(title, ends.isoformat()) for title, ends in kept] == [
        ("R2v3", "2027-05-01"),
        ("ISO 9001", "2028-01-31"),
    ]
    assert _section(draft, "certificates").is_complete is True


def test_a_paper_is_downloaded_by_its_applicant_only(client: Client):
    begin(client)
    data = {"register_extract": SimpleUploadedFile("Auszug.pdf", papers.make_pdf()), "then": "later"}
    client.post("/apply/pages/register/", data)
    with mar_scope():
        paper = Document.objects.get()
    response = client.get(f"/apply/papers/{paper.pk}/")
    assert response.content == papers.make_pdf()
    assert response["Content-Disposition"] == 'attachment; filename="Auszug.pdf"'
    assert response["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert audited("partners.document.downloaded") == 1
    stranger = Client()
    begin(stranger)
    assert stranger.get(f"/apply/papers/{paper.pk}/").status_code == 404
    assert stranger.post(f"/apply/papers/{paper.pk}/remove/").status_code == 404
    assert client.post(f"/apply/papers/{paper.pk}/remove/")["Location"] == "/apply/pages/register/"
    assert client.get(f"/apply/papers/{paper.pk}/").status_code == 404


def test_a_failed_test_says_why_and_may_be_taken_again(client: Client):
    begin(client)
    page = client.post("/apply/knowledge/", dict.fromkeys(RIGHT_ANSWERS, "no") | {"device": "yes"})
    assert page.status_code == 422  # not among the choices
    wrong = RIGHT_ANSWERS | {"keys": "give", "report": "year"}
    page = client.post("/apply/knowledge/", wrong).text
    assert "4 of 6 answers are right" in page
    assert "A key is never passed to another refurbisher" in page
    assert "One try so far" in client.get("/apply/knowledge/").text
    assert "Passed" in client.post("/apply/knowledge/", RIGHT_ANSWERS).text


def test_an_unfinished_application_is_not_sent_and_names_its_pages(client: Client):
    draft = begin(client)
    client.post("/apply/pages/sites/", {"is_one_site": "on"})
    response = client.post("/apply/answers/")
    assert response.status_code == 422
    assert response.text.count('class="refusal"') == 11
    assert "/apply/pages/company/" in response.text
    with mar_scope():
        assert Application.objects.get(pk=draft.pk).state == "draft"


def test_a_sent_application_leads_to_its_status_from_everywhere(client: Client):
    make_mar()
    draft = begin(client)
    fill_all(client, draft)
    client.post("/apply/answers/")
    for path in ("tasks", "pages/company", "knowledge", "statement", "answers"):
        assert client.get(f"/apply/{path}/")["Location"] == "/apply/status/"
    assert client.post("/apply/pages/company/", {"company": "Other"})["Location"] == "/apply/status/"
    assert _section(draft, "company").answers["company"] == "Kreislauf PC GmbH"


def test_the_mailed_link_opens_after_seven_days_in_another_browser(mailoutbox):
    draft = begin(Client())
    send_application_started(**queued("partners.send_application_started")[0])
    path = next(word for word in mailoutbox[0].body.split() if "/apply/open/" in word).split("localhost", 1)[
        1
    ]
    path = "/" + path.split("/", 1)[1]
    with mar_scope():
        link = draft.links.get()
    assert link.expires_at - link.created_at == timedelta(days=14)
    week = datetime.now(UTC) + timedelta(days=7)
    other = Client()
    with _clock(week):
        assert other.get(path).status_code == 200
        assert other.post(path, {"email": "someone@else.example"}).status_code == 409
        assert other.get("/apply/tasks/")["Location"] == "/apply/"
        assert other.post(path, {"email": "Eva@Kreislauf.example"})["Location"] == "/apply/tasks/"
        assert draft.reference in other.get("/apply/tasks/").text
    with _clock(datetime.now(UTC) + timedelta(days=15)):
        assert Client().post(path, {"email": "eva@kreislauf.example"}).status_code == 409


def test_a_held_application_is_let_go_after_twelve_hours_and_on_leaving(client: Client):
    begin(client)
    session = client.session
    session["applicant"] = session["applicant"] | {"until": session["applicant"]["until"] - 12 * 3600 - 1}
    session.save()
    assert client.get("/apply/tasks/")["Location"] == "/apply/"
    begin(client)
    assert client.post("/apply/leave/")["Location"] == "/apply/"
    assert client.get("/apply/tasks/")["Location"] == "/apply/"


def test_a_new_link_does_not_say_whether_an_address_is_known(client: Client):
    begin(Client())
    known = client.post("/apply/resume/", {"email": "eva@kreislauf.example"})
    unknown = client.post("/apply/resume/", {"email": "else@kreislauf.example"})
    assert (known.status_code, unknown.status_code) == (200, 200)
    assert known.text.replace("eva@", "else@") == unknown.text
    assert [job["email"] for job in queued("partners.send_resume_links")] == [
        "eva@kreislauf.example", "else@kreislauf.example",
    ]  # fmt: skip


def test_the_fourth_link_of_an_address_within_an_hour_is_silently_not_sent(client: Client):
    email = f"{uuid4().hex}@kreislauf.example"
    statuses = [client.post("/apply/resume/", {"email": email}).status_code for _ in range(4)]
    assert statuses == [200] * 4
    assert len(queued("partners.send_resume_links")) == 3


def test_the_start_form_hides_its_trap(client: Client):
    assert 'class="visually-hidden" aria-hidden="true"' in client.get("/apply/").text


def test_the_list_of_pages_costs_the_same_for_few_and_many_answers(
    client: Client, django_assert_max_num_queries
):
    make_mar()
    draft = make_full_draft()
    session = client.session
    session["applicant"] = {"id": str(draft.pk), "until": 9e12}
    session.save()
    with django_assert_max_num_queries(14):
        client.get("/apply/tasks/")


def _clock(at):
    from unittest import mock

    return mock.patch("django.utils.timezone.now", return_value=at)
