"""The returns desk: the suggestion, the decisions, one bundle to Microsoft."""

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.tenancy import mar_scope, partner_scope
from licensing.models import PartnerReturn, ReturnRequest
from licensing.services.return_withdrawal import withdraw_return
from tests.factories import AT, actor_for, make_mar, make_member
from tests.factories.exchange import make_builds
from tests.factories.returns import ask_return, enable, make_return
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def admin() -> Client:
    make_mar()
    return sign_in(Client(), make_member("mar_admin"))


def _state(found: PartnerReturn) -> str:
    with mar_scope():
        return PartnerReturn.objects.get(pk=found.pk).state


def test_desk_suggests_and_a_person_decides(admin: Client) -> None:
    (build,) = make_builds(1)
    enable([build.key])
    found = ask_return([build.key], return_type="ZOA")
    url = f"/mar/returns/{found.pk}/"
    assert admin.get(url).context["advice"][0] == "danger"
    assert admin.post(f"{url}check/", {"note": ""}).status_code == 409
    assert admin.post(f"{url}check/", {"note": "It was never sold"}).status_code == 302
    assert admin.post(f"{url}approve/", {"note": ""}).status_code == 302
    assert _state(found) == "approved"
    assert admin.post(f"{url}close/", {}).status_code == 409
    assert admin.post(f"{url}refuse/", {"note": "Sold after all"}).status_code == 302
    assert _state(found) == "refused"


def test_approved_returns_go_as_one(admin: Client) -> None:
    returns = [make_return([build.key]) for build in make_builds(2)]
    (bundle, _label) = admin.get("/mar/returns/").context["bundles"][0]
    assert (bundle.return_type, bundle.returns, bundle.keys) == ("ZOB", 2, 2)
    done = admin.post("/mar/returns/send/", {"type": "ZOB", "without_credit": ""})
    with mar_scope():
        sent = ReturnRequest.objects.get()
        assert sent.lines.count() == 2
    assert done["Location"] == f"/mar/exchange/returns/{sent.pk}/"
    assert [_state(each) for each in returns] == ["sent", "sent"]
    assert admin.post("/mar/returns/send/", {"type": "ZOB"}).status_code == 409


def test_desk_costs_the_same_for_one_and_three(admin: Client) -> None:
    counts = []
    for quantity in (1, 2):
        for build in make_builds(quantity):
            ask_return([build.key])
        admin.get("/mar/returns/")
        with CaptureQueriesContext(connection) as queries:
            assert admin.get("/mar/returns/").status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_a_withdrawn_return_leaves_nothing_to_decide(admin: Client) -> None:
    (build,) = make_builds(1)
    found = ask_return([build.key])
    assert admin.get(f"/mar/returns/{found.pk}/").context["may_refuse"]
    buyer = make_member("tpr_buyer", partner=build.partner)
    with partner_scope(build.partner_id):
        withdraw_return(found.pk, partner_id=build.partner_id, by=actor_for(buyer), at=AT)
    page = admin.get(f"/mar/returns/{found.pk}/")
    assert (page.context["advice"], page.context["may_refuse"], page.context["forecasts"]) == (
        None,
        False,
        [],
    )
    assert [step["label"] for step in page.context["steps"]] == ["Asked for", "Withdrawn"]
    assert "The partner took this return back" in page.text
    assert admin.post(f"/mar/returns/{found.pk}/refuse/", {"note": "Sold already"}).status_code == 409
    assert _state(found) == "withdrawn"
    shown = admin.get("/mar/returns/?state=withdrawn").context["table"]
    assert [row.source.pk for row in shown.rows] == [found.pk]


def test_reader_sees_the_desk_and_decides_nothing(admin: Client) -> None:
    (build,) = make_builds(1)
    found = ask_return([build.key])
    finance = sign_in(Client(), make_member("mar_finance"))
    assert finance.get(f"/mar/returns/{found.pk}/").status_code == 200
    assert finance.post(f"/mar/returns/{found.pk}/approve/", {"note": ""}).status_code == 403
    assert _state(found) == "requested"
