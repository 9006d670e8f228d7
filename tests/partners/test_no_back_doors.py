"""No road but the two people's pages leads to a decision: no call of the API, no admin site."""

import pytest
from django.apps import apps
from django.test import Client
from django.urls import Resolver404, resolve

from core.tenancy import mar_scope
from partners.models import Application, Partner
from partners.rules.api_keys import MAR_SCOPES
from partners.services.api_keys import create_api_key
from tests.factories import AT, actor_for, make_member
from tests.partners.samples import make_reviewed_application
from tests.test_policy_of_every_route import CALLS, PAGES, ROUTES

DECIDING = {"mar:application-approve", "mar:application-reject", "mar:application-send-back"}


def test_no_call_of_the_api_is_about_applications() -> None:
    assert [route.address for route in CALLS if "application" in route.address + route.name] == []


def test_only_the_pages_of_the_second_person_decide() -> None:
    deciding = {
        route.name for route in PAGES if route.policy and route.policy.permission == "application.decide"
    }
    assert deciding == DECIDING


def test_there_is_no_admin_site() -> None:
    assert not apps.is_installed("django.contrib.admin")
    assert [route.address for route in ROUTES if route.address.startswith("admin")] == []
    with pytest.raises(Resolver404):
        resolve("/admin/partners/application/")


@pytest.mark.django_db
def test_a_credential_of_the_mar_with_every_right_decides_nothing() -> None:
    application = make_reviewed_application()
    with mar_scope():
        _key, secret = create_api_key(
            None, name="All", scopes=list(MAR_SCOPES), daily_claims=5,
            by=actor_for(make_member("mar_admin")), at=AT,
        )  # fmt: skip
    answers = []
    for path in (
        f"/api/v1/applications/{application.pk}:approve", f"/api/v1/applications/{application.pk}",
        f"/mar/applications/{application.pk}/approve/",
    ):  # fmt: skip
        for method in ("POST", "PUT", "PATCH"):
            answers.append(
                Client().generic(
                    method, path, data=b'{"state": "approved"}', content_type="application/json",
                    headers={"Authorization": f"Bearer {secret.reveal()}"},
                ).status_code
            )  # fmt: skip
    assert answers == [404] * 6 + [302] * 3  # the page knows sessions only, and leads to the sign-in
    with mar_scope():
        assert Application.objects.get(pk=application.pk).state == "recommended"
        assert Partner.objects.count() == 0
