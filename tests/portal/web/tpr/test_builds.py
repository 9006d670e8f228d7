"""The page of a build: who may complete its details."""

import pytest
from django.test import Client

from core.tenancy import mar_scope
from licensing.models.build import Build, BuildState
from tests.factories import make_member
from tests.factories.exchange import make_builds
from tests.web import sign_in

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(("role", "status"), [("tpr_readonly", 403), ("tpr_technician", 422)])
def test_details_are_completed_by_those_who_report(role: str, status: int) -> None:
    (build,) = make_builds(1)
    with mar_scope():
        Build.objects.filter(pk=build.pk).update(state=BuildState.NEEDS_DETAILS)
    reader = sign_in(Client(), make_member(role, partner=build.partner))
    assert reader.post(f"/tpr/builds/{build.pk}/", {}).status_code == status
