"""Applications and partners in the MAR's wing."""

from uuid import uuid4

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.tenancy import mar_scope
from licensing.models import FamilyGrant, OrderLimit
from partners.models import Application, CreditPosition, Partner
from tests.factories import make_member, make_partner
from tests.partners.samples import audited, make_application, make_reviewed_application
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
    assert reader.post(_path(application, "review/"), {"note": "x"}).status_code == 404


@pytest.mark.parametrize(
    ("act", "role", "status"),
    [
        ("review/", "mar_stock", 403),
        ("review/", "mar_approver", 403),
        ("approve/", "mar_admin", 403),
        ("reject/", "mar_admin", 403),
    ],
)
def test_a_colleague_without_the_right_is_refused(act, role, status):
    application = make_reviewed_application()
    assert (
        _as(role).post(_path(application, act), APPROVAL | {"note": "x", "reason": "x"}).status_code == status
    )
    assert _stored(application).state == "recommended"


@pytest.mark.parametrize("act", ["", "review/", "approve/", "reject/"])
def test_an_unknown_application_is_not_found(act):
    path = f"/mar/applications/{uuid4()}/{act}"
    client = _as("mar_approver" if act in ("approve/", "reject/") else "mar_admin")
    response = client.get(path) if act == "" else client.post(path, APPROVAL | {"note": "x", "reason": "x"})
    assert response.status_code == 404


def test_two_people_make_a_partner():
    application = make_application()
    admin, approver = _as("mar_admin"), _as("mar_approver")
    assert admin.post(_path(application, "review/"), {"note": "Register checked."}).status_code == 302
    assert "Register checked." in approver.get(_path(application)).text
    assert approver.post(_path(application, "approve/"), APPROVAL)["Location"] == _path(application)
    with mar_scope():
        partner = Partner.objects.get()
        assert (partner.code, partner.state) == ("TPR-0001", "agreement_pending")
        assert CreditPosition.objects.get().limit == 2500
        assert OrderLimit.objects.get().monthly_quantity == 240
        assert list(FamilyGrant.objects.values_list("family", flat=True)) == ["commercial"]
    assert audited("licensing.account.opened") == 1
    assert "TPR-0001" in approver.get(_path(application)).text


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


def test_the_reviewer_is_told_that_another_decides():
    application = make_reviewed_application()
    with mar_scope():
        from partners.models import Membership

        Membership.objects.filter(user=application.reviewed_by).update(role="mar_approver")
    client = sign_in(Client(), application.reviewed_by)
    assert "somebody else decides" in client.get(_path(application)).text
    response = client.post(_path(application, "approve/"), APPROVAL)
    assert response.status_code == 409
    assert _stored(application).state == "recommended"


def test_a_refusal_needs_a_reason():
    application = make_reviewed_application()
    client = _as("mar_approver")
    assert client.get(_path(application, "reject/")).status_code == 200
    assert client.post(_path(application, "reject/"), {"reason": ""}).status_code == 422
    assert client.post(_path(application, "reject/"), {"reason": "No records."}).status_code == 302
    assert _stored(application).state == "rejected"
    assert client.post(_path(application, "reject/"), {"reason": "again"}).status_code == 409


def test_a_company_seen_before_is_pointed_out():
    partner = make_partner(vat_id="DE123456789")
    earlier = make_application()
    page = _as("mar_admin").get(_path(make_application(company="Another Name"))).text
    assert partner.code in page
    assert earlier.reference in page


def test_the_queue_shows_what_waits_longest_first_and_what_is_decided_last():
    decided, waiting = make_reviewed_application(company="Decided"), make_application(company="Waiting")
    client = _as("mar_approver")
    client.post(_path(decided, "reject/"), {"reason": "x"})
    page = client.get("/mar/applications/").text
    assert page.index("Waiting") < page.index("Decided")
    assert waiting.reference not in client.get("/mar/applications/?state=rejected").text


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
    assert client.post(f"{path}suspend/", {"reason": "Late."})["Location"] == path
    assert "Late." in client.get(path).text
    assert client.post(f"{path}suspend/", {"reason": "Late."}).status_code == 409
    assert client.post(f"{path}lift/", {"reason": "Done."})["Location"] == path
    with mar_scope():
        assert Partner.objects.get().state == "active"


def test_only_who_manages_partners_may_suspend():
    partner = make_partner()
    path = f"/mar/partners/{partner.pk}/suspend/"
    assert _as("mar_approver").post(path, {"reason": "x"}).status_code == 403
    assert _as("compliance").post(path, {"reason": "x"}).status_code == 404
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
        ("mar_approver", ["1 application to decide"]),
        ("mar_finance", []),
    ],
)
def test_home_shows_what_waits_for_the_role(role, labels):
    make_application()
    make_reviewed_application()
    page = _as(role).get("/mar/")
    assert [task["label"] for task in page.context["tasks"]] == labels
    assert ("Nothing waits for you" in page.text) is (labels == [])
