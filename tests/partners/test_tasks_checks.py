"""The work behind the checks: begun once, however often it is delivered."""

from uuid import UUID

import pytest

from core.models import OutboxItem
from core.queue import enqueue
from core.tenancy import mar_scope
from partners.models import CheckResult, SanctionsList
from partners.services.sanctions import receive_list
from partners.tasks_checks import load_sanctions_list, recheck_sanctions, run_check, run_checks
from tests.factories import AT, actor_for, make_member
from tests.partners.checks.lists import entity, eu_list
from tests.partners.samples import make_application

pytestmark = pytest.mark.django_db


def deliver(task, item_id: UUID, times: int = 2):
    """Deliver a piece of work several times, as a broker may."""
    with mar_scope():
        arguments = OutboxItem.objects.get(pk=item_id).arguments
    return [task(item_id=str(item_id), **arguments) for _n in range(times)]


def item_of(task: str) -> UUID:
    with mar_scope():
        return OutboxItem.objects.filter(task=task).latest("created_at").pk


def rows() -> list[str]:
    with mar_scope():
        return list(CheckResult.objects.values_list("outcome", flat=True))


def test_an_application_that_was_sent_is_checked_from_beginning_to_end():
    application = make_application()
    item_id = enqueue("partners.run_checks", at=AT, application_id=application.pk)
    assert deliver(run_checks, item_id) == [5, None]
    with mar_scope():
        waiting = list(OutboxItem.objects.filter(task="partners.run_check").values_list("pk", flat=True))
    assert [deliver(run_check, each) for each in waiting] == [[True, None]] * 5
    assert len(rows()) == 5
    assert "pending" not in rows()


def test_a_list_is_loaded_and_the_cases_compared_once():
    application = make_application()
    run_checks(application_id=str(application.pk))
    with mar_scope():
        for check in CheckResult.objects.all():
            run_check(check_id=str(check.pk))
        receive_list(
            eu_list(entity(1, "Name")), source="eu_xml", file_name="list.xml",
            by=actor_for(make_member("compliance")), at=AT,
        )  # fmt: skip
    assert deliver(load_sanctions_list, item_of("partners.load_sanctions_list")) == [True, None]
    assert deliver(recheck_sanctions, item_of("partners.recheck_sanctions")) == [1, None]
    with mar_scope():
        assert SanctionsList.objects.get().state == "loaded"
    assert rows().count("pending") == 1
