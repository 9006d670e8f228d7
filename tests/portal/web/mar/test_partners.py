"""Applications and partners in the MAR's wing."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.tenancy import mar_scope
from partners.models import Application, Partner
from tests.factories import make_member, make_partner
from tests.partners.samples import make_application, make_reviewed_application
from tests.web import sign_in

pytestmark = pytest.mark.django_db
APPROVAL = {"credit_limit": "2500", "monthly_quantity": "240", "families": ["commercial"]}


def _as(role: str, **fields) -> Client:
    return sign_in(Client(), make_member(role, **fields))


def _stored(application) -> Application:
    with mar_scope():
        return Application.objects.get(pk=application.pk)


def _path(application, act: str = "") -> str:
    return f"/mar/applications/{application.pk}/{act}"


@pytest.mark.parametrize("path", ["/mar/", "/mar/applications/", "/mar/partners/"])
def test_the_wing_is_the_mars(path):
    assert Client().get(path)["Location"].startswith("/accounts/login/")
    assert _as("tpr_owner", partner=make_partner()).get(path).status_code == 404
    assert _as("mar_finance").get(path).status_code == 200


def test_compliance_reads_applications_and_partners_but_has_another_home():
    application = make_application()
    reader = _as("auditor")
    assert reader.get(_path(application)).status_code == 200
    assert reader.get("/mar/partners/").status_code == 200
    assert reader.get("/mar/").status_code == 404
    assert reader.post(_path(application, "claim/")).status_code == 404


@pytest.mark.parametrize(
    ("path", "make"), [("/mar/applications/", make_reviewed_application), ("/mar/partners/", make_partner)]
)
def test_a_list_asks_the_same_number_of_questions_for_one_and_three(path, make):
    client = _as("mar_admin")
    counts = []
    for missing in (1, 2):
        for _ in range(missing):
            make()
        client.get(path)
        with CaptureQueriesContext(connection) as captured:
            client.get(path)
        counts.append(len(captured))
    assert counts[0] == counts[1]


def test_a_partner_is_suspended_and_lifted_with_a_reason():
    partner = make_partner(name="Kreislauf PC")
    client = _as("mar_admin")
    path = f"/mar/partners/{partner.pk}/"
    assert "Kreislauf PC" in client.get(path).text
    assert client.get(f"{path}suspend/").status_code == 200
    assert client.post(f"{path}suspend/", {"reason": ""}).status_code == 422
    assert (
        client.post(f"{path}suspend/", {"reason": "Late.", "extent": "all"})["Location"] == f"{path}standing/"
    )
    assert "Late." in client.get(path).text
    assert client.post(f"{path}suspend/", {"reason": "Late.", "extent": "all"}).status_code == 409
    assert client.post(f"{path}lift/", {"reason": "Done."})["Location"] == f"{path}standing/"
    with mar_scope():
        assert Partner.objects.get().state == "active"


def test_only_who_manages_partners_may_suspend():
    partner = make_partner()
    path = f"/mar/partners/{partner.pk}/suspend/"
    assert _as("mar_approver").post(path, {"reason": "x"}).status_code == 403
    assert _as("auditor").post(path, {"reason": "x"}).status_code == 403
    assert _as("tpr_owner", partner=partner).post(path, {"reason": "x"}).status_code == 404
    assert "suspend/" not in _as("mar_approver").get(f"/mar/partners/{partner.pk}/").text
    assert _as("mar_admin").get(f"/mar/partners/{uuid4()}/").status_code == 404


def test_the_partners_page_shows_blocks_credit_and_missing_terms():
    partner = make_partner(accepts_terms=False, credit="321.00")
    page = _as("mar_admin").get(f"/mar/partners/{partner.pk}/").text
    assert "321.00" in page
    assert "Terms 2026-1 are not accepted" in page


@pytest.mark.parametrize(
    ("role", "labels"),
    [
        ("mar_admin", ["1 application to review"]),
        ("mar_approver", ["1 application to review", "1 application to decide"]),
        ("mar_finance", []),
    ],
)
def test_home_shows_what_waits_for_the_role(role, labels):
    make_application()
    make_reviewed_application()
    page = _as(role).get("/mar/")
    assert [task["label"] for task in page.context["tasks"]] == labels
    assert ("Nothing waits for you" in page.text) is (labels == [])
