"""The limits of a partner in the MAR's wing: who may, what is shown, how many queries a row costs."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from core.tenancy import mar_scope
from licensing.models import LimitChange
from licensing.services.limits import change_limit
from partners.models import CreditPosition, Partner
from tests.factories import AT, actor_for, make_mar, make_member, make_partner
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def partner() -> Partner:
    make_mar()
    return make_partner(credit="100.00", monthly_quantity=50)


def _client(role: str) -> Client:
    return sign_in(Client(), make_member(role))


def _limit(partner: Partner) -> Decimal:
    with mar_scope():
        return CreditPosition.objects.get(partner=partner).limit


def test_the_desk_proposes_and_an_approver_decides(partner: Partner) -> None:
    desk, approver, path = (
        _client("mar_finance"),
        _client("mar_approver"),
        f"/mar/partners/{partner.pk}/limits/",
    )
    sent = {"kind": "credit", "after": "250", "reason": "A tender was won."}
    assert desk.post(f"{path}change/", sent).status_code == 302
    assert _limit(partner) == 100
    with mar_scope():
        change = LimitChange.objects.get()
    page = desk.get(path).content.decode()
    assert "A tender was won." in page
    assert "Credit limit: from €100.00 to €250.00?" in page
    assert desk.post(f"{path}{change.pk}/approve/").status_code == 403
    home = approver.get("/mar/").content.decode()
    assert "1 higher limit to approve" in home
    assert f'href="{path}"' in approver.get("/mar/partners/limits/").content.decode()
    assert approver.post(f"{path}{change.pk}/approve/").status_code == 302
    assert _limit(partner) == 250
    assert approver.get(f"{path}change/").status_code == 403
    other = f"/mar/partners/{make_partner().pk}/limits/{change.pk}/approve/"
    assert approver.post(other).status_code == 404


@pytest.mark.parametrize(
    ("sent", "field"),
    [
        ({"kind": "credit", "reason": "No number"}, "after"),
        ({"kind": "country", "reason": "No country"}, "country"),
        ({"kind": "credit", "after": "1", "reason": ""}, "reason"),
        ({"kind": "credit", "after": "-1", "reason": "Too low"}, "after"),
    ],
)
def test_a_form_that_is_not_whole_says_where(partner: Partner, sent: dict[str, str], field: str) -> None:
    answer = _client("mar_admin").post(f"/mar/partners/{partner.pk}/limits/change/", sent)
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [field])
    assert _limit(partner) == 100


def test_a_country_is_agreed_and_ended_from_the_same_form(partner: Partner) -> None:
    admin, approver, path = (
        _client("mar_admin"),
        _client("mar_approver"),
        f"/mar/partners/{partner.pk}/limits/",
    )
    sent = {"kind": "country", "country": "FR", "reason": "Annex 3"}
    admin.post(f"{path}change/", sent)
    with mar_scope():
        change = LimitChange.objects.get()
    approver.post(f"{path}{change.pk}/approve/")
    assert "Germany, France" in admin.get(path).content.decode()
    admin.post(f"{path}change/", sent)
    assert "Germany, France" not in admin.get(path).content.decode()


def test_a_proposal_is_put_away(partner: Partner) -> None:
    admin, path = _client("mar_admin"), f"/mar/partners/{partner.pk}/limits/"
    admin.post(f"{path}change/", {"kind": "monthly", "after": "80", "reason": "A tender was won."})
    with mar_scope():
        change = LimitChange.objects.get()
    assert [admin.post(f"{path}{change.pk}/discard/").status_code for _ in range(2)] == [302, 409]


@pytest.mark.parametrize("path", ["partners/limits/", "partners/{}/limits/"])
def test_a_list_costs_as_many_queries_with_three_rows_as_with_one(partner: Partner, path: str) -> None:
    client, address = _client("compliance"), f"/mar/{path.format(partner.pk)}"

    def propose(**wanted: Any) -> None:
        with mar_scope():
            change_limit(
                partner.pk,
                reason="A tender was won.",
                by=actor_for(make_member("mar_admin")),
                at=AT,
                **wanted,
            )

    def queries() -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.get(address).status_code == 200
        return len(seen)

    propose(kind="credit", after=Decimal(500))
    client.get(address)
    one = queries()
    propose(kind="monthly", after=Decimal(500))
    propose(kind="country", after=Decimal(1), country="FR")
    assert queries() == one
