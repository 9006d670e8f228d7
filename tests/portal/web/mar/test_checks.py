"""Checks on an application's page, and the sanctions lists."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.template.loader import render_to_string
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.tenancy import mar_scope
from partners.models import Application, CheckResult, SanctionsList
from partners.rules.permissions import permissions_of
from partners.services.checks import request_checks, run_check
from partners.services.sanctions import load_list, receive_list
from portal.web.mar.check_views import checks_context
from tests.factories import AT, actor_for, make_member, make_partner
from tests.partners.checks.lists import entity, eu_list
from tests.partners.samples import audited, make_application
from tests.web import sign_in

pytestmark = pytest.mark.django_db


def _as(role: str, **fields: Any) -> Client:
    return sign_in(Client(), make_member(role, **fields))


def checked(**changes: str) -> Application:
    """Return an application whose checks are answered."""
    application = make_application()
    with mar_scope():
        Application.objects.filter(pk=application.pk).update(**changes)
        for check in request_checks(application.pk, at=AT):
            run_check(check.pk, at=AT)
    return application


def shown(application: Application, role: str = "mar_admin") -> str:
    request = RequestFactory().get("/")
    request.permissions = permissions_of(role)
    with mar_scope():
        return render_to_string(
            "mar/application_checks.html", checks_context(request, application.pk), request=request
        )


def load(published: str = "2026-11-10", name: str = "Xaver Quendelfink") -> SanctionsList:
    with mar_scope():
        new = receive_list(
            eu_list(entity(1, name), published=published), source="eu_xml", file_name="list.xml",
            by=actor_for(make_member("compliance", name="Carla")), at=AT,
        )  # fmt: skip
        return load_list(new.pk, at=AT)


def repeat_path(application: Application, kind: str = "vat") -> str:
    with mar_scope():
        check = CheckResult.objects.filter(application=application, kind=kind).latest("requested_at")
    return f"/mar/applications/{application.pk}/checks/{check.pk}/repeat/"


def rows(application: Application) -> int:
    with mar_scope():
        return CheckResult.objects.filter(application=application).count()


def test_each_check_shows_word_sentence_source_and_time():
    page = shown(checked(vat_id="DE123456789"))
    for text in ("VAT number", "E-mail domain", "Company known already", "Sanctions lists", "Web site"):
        assert f"<h3>{text}</h3>" in page
    assert "python-stdnum · <time" in page
    assert "Not in order" in page  # the sample's check digit is wrong
    assert "No sanctions list is loaded, so nothing was compared." in page


def test_a_company_that_is_alike_is_linked_with_its_score_and_reasons():
    partner = make_partner(name="Kreislauf PC AG")
    page = shown(checked())
    assert f'<a href="/mar/partners/{partner.pk}/">{partner.code} Kreislauf PC AG</a>' in page
    assert '<span class="check-score">100 %</span>' in page
    assert "Same or alike: name 100 %" in page


def test_a_name_on_a_list_is_shown_with_list_and_score():
    load(name="Kreislauf PC")
    page = shown(checked())
    assert "<strong>Kreislauf PC</strong>" in page
    assert "EU.1.1 · INV · ZZ" in page
    assert "EU consolidated list of 10 Nov 2026, 1 entry" in page


def test_what_a_source_says_is_escaped():
    application = checked()
    with mar_scope():
        CheckResult.objects.filter(application=application, kind="vat").update(
            summary="<script>a</script>", raw_answer="<script>b</script>", provider="<script>c</script>"
        )
    assert "<script>" not in shown(application)


@pytest.mark.parametrize(("role", "count"), [("mar_admin", 5), ("mar_finance", 0), ("auditor", 0)])
def test_asking_again_is_offered_to_reviewers(role, count):
    assert shown(checked(), role).count("Ask again") == count


def test_a_running_check_offers_no_second_run():
    application = make_application()
    with mar_scope():
        request_checks(application.pk, at=AT)
    page = shown(application)
    assert (page.count("Running"), page.count("Ask again")) == (5, 0)


def test_before_the_first_run_a_reviewer_may_begin_it():
    application = make_application()
    assert "Run the checks" in shown(application)
    assert "Run the checks" not in shown(application, "auditor")
    answer = _as("mar_admin").post(f"/mar/applications/{application.pk}/checks/")
    assert answer["Location"] == f"/mar/applications/{application.pk}/#checks"
    assert rows(application) == 5
    _as("mar_admin").post(f"/mar/applications/{application.pk}/checks/")
    assert rows(application) == 5


def test_a_reviewer_asks_again():
    application = checked()
    answer = _as("mar_admin").post(repeat_path(application))
    assert answer["Location"] == f"/mar/applications/{application.pk}/#checks"
    assert (rows(application), audited("partners.check.repeated")) == (6, 1)
    assert "run 2" in shown(application)


def test_a_check_that_is_running_is_not_asked_again_and_the_page_says_so():
    application, reviewer = checked(), _as("mar_admin")
    reviewer.post(repeat_path(application))
    answer = reviewer.post(repeat_path(application), follow=True)
    assert "This check waits for its answer already." in answer.content.decode()
    assert rows(application) == 6


@pytest.mark.parametrize(("role", "status"), [("mar_stock", 403), ("mar_finance", 403), ("compliance", 404)])
def test_nobody_else_asks_again(role, status):
    application = checked()
    assert _as(role).post(repeat_path(application)).status_code == status
    assert _as(role).post(f"/mar/applications/{application.pk}/checks/").status_code == status
    assert rows(application) == 5


def test_what_is_not_there_is_not_found():
    application, other = checked(), make_application()
    admin = _as("mar_admin")
    foreign = repeat_path(application).replace(str(application.pk), str(other.pk))
    assert admin.post(foreign).status_code == 404
    assert admin.post(f"/mar/applications/{uuid4()}/checks/").status_code == 404
    assert rows(other) == 0


def test_the_checks_cost_the_same_for_one_and_for_three_runs():
    application = checked()
    counts = []
    for _round in range(2):
        with CaptureQueriesContext(connection) as queries:
            shown(application)
        counts.append(len(queries))
        with mar_scope():
            for kind in ("vat", "sanctions"):
                CheckResult.objects.create(
                    application=application,
                    kind=kind,
                    provider="x",
                    outcome="clear",
                    requested_at=AT,
                    answered_at=AT,
                )
    assert counts[0] == counts[1]


# -- sanctions lists -------------------------------------------------------------------------------------


def test_without_a_list_the_page_says_that_nobody_is_compared():
    page = _as("mar_admin").get("/mar/sanctions/").content.decode()
    assert "No list is in force" in page
    assert "/mar/sanctions/new/" not in page
    assert "/mar/sanctions/new/" in _as("compliance").get("/mar/sanctions/").content.decode()


@pytest.mark.parametrize(("days", "is_warned"), [(0, False), (14, False), (15, True)])
def test_a_list_older_than_two_weeks_is_warned_of(days, is_warned):
    load(published=str(timezone.localdate() - timedelta(days=days)))
    page = _as("mar_admin").get("/mar/sanctions/").content.decode()
    assert ("Load the newest one." in page) == is_warned
    assert (f"{days} day old" if days == 1 else f"{days} days old") in page


def test_the_compliance_officer_loads_a_list():
    content = SimpleUploadedFile("list.xml", eu_list(entity(1, "Xaver Quendelfink")))
    answer = _as("compliance", name="Carla").post(
        "/mar/sanctions/new/", {"source": "eu_xml", "file": content}
    )
    with mar_scope():
        stored = SanctionsList.objects.get()
    assert answer["Location"] == f"/mar/sanctions/{stored.pk}/"
    assert (stored.state, stored.file_name, str(stored.uploaded_by)) == ("waiting", "list.xml", "Carla")


def test_the_same_list_twice_is_refused_with_the_rule():
    load()
    content = SimpleUploadedFile("again.xml", eu_list(entity(1, "Xaver Quendelfink")))
    answer = _as("compliance").post("/mar/sanctions/new/", {"source": "eu_xml", "file": content})
    assert answer.status_code == 409
    assert "P-CHK-3" in answer.content.decode()
    with mar_scope():
        assert SanctionsList.objects.count() == 1


@pytest.mark.parametrize("fields", [{}, {"source": "eu_xml"}, {"source": "other"}])
def test_a_form_without_list_or_file_is_shown_again(fields):
    assert _as("compliance").post("/mar/sanctions/new/", fields).status_code == 422
    with mar_scope():
        assert SanctionsList.objects.count() == 0


@pytest.mark.parametrize(("role", "status"), [("mar_admin", 404), ("auditor", 403), ("mar_approver", 404)])
def test_nobody_else_loads_a_list(role, status):
    assert _as(role).get("/mar/sanctions/new/").status_code == status


def test_the_page_of_a_refused_list_names_each_wrong_entry():
    with mar_scope():
        new = receive_list(
            eu_list(entity(1, "Gut"), entity(2, "")), source="eu_xml", file_name="list.xml",
            by=actor_for(make_member("compliance")), at=AT,
        )  # fmt: skip
        load_list(new.pk, at=AT)
    page = _as("auditor").get(f"/mar/sanctions/{new.pk}/").content.decode()
    assert "The entry has no name." in page
    assert "Nothing of this file was taken" in page


def test_a_list_that_is_not_there_is_not_found():
    assert _as("auditor").get(f"/mar/sanctions/{uuid4()}/").status_code == 404


def test_the_list_of_lists_costs_the_same_for_one_and_for_three():
    reader, counts = _as("auditor"), []
    reader.get("/mar/sanctions/")  # the first request of a session writes it
    for round_ in range(2):
        for number in range(1 + round_):
            load(published="2026-11-10", name=f"Name {round_} {number}")
        with CaptureQueriesContext(connection) as queries:
            reader.get("/mar/sanctions/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
