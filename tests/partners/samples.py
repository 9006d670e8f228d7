"""Applications and actors for the tests of partners."""

from dataclasses import replace
from typing import Any

from core.actor import Actor, ActorKind
from core.tenancy import mar_scope
from partners.models import Application
from partners.rules.applications import ApplicationFacts
from partners.services.applications import review_application, submit_application
from tests.factories import AT, actor_for, make_mar, make_member

VISITOR = Actor(ActorKind.USER, "", "visitor", ip="127.0.0.1")
FACTS = ApplicationFacts(
    company="Kreislauf PC GmbH",
    vat_id="DE123456789",
    country="DE",
    contact_name="Eva Brandt",
    contact_email="eva@kreislauf.example",
    wiping_standard="NIST SP 800-88 Rev. 2",
    expected_volume=120,
)


def make_application(**changes: Any) -> Application:
    """Return a submitted application."""
    make_mar()
    return submit_application(replace(FACTS, **changes), by=VISITOR, at=AT)


def make_reviewed_application(**changes: Any) -> Application:
    """Return an application reviewed by a MAR administrator."""
    application = make_application(**changes)
    reviewer = make_member("mar_admin", name="Reviewer")
    with mar_scope():
        return review_application(application.pk, note="Register checked.", by=actor_for(reviewer), at=AT)


def audited(action: str) -> int:
    """Return how many audit rows an action has."""
    from core.models import AuditEvent

    with mar_scope():
        return AuditEvent.objects.filter(action=action).count()


def queued(task: str) -> list[dict[str, Any]]:
    """Return the arguments of the work waiting under a task's name."""
    from core.models import OutboxItem

    with mar_scope():
        return list(
            OutboxItem.objects.filter(task=task).order_by("created_at").values_list("arguments", flat=True)
        )
