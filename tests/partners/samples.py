"""Applications and actors for the tests of partners."""

from types import SimpleNamespace
from typing import Any

from core.models import User
from core.tenancy import mar_scope
from partners.models import Application
from partners.services.applications import claim_application, recommend
from tests.factories import AT, actor_for, make_member
from tests.factories.applications import VISITOR, make_application

__all__ = ["FACTS", "VISITOR", "make_application"]

# What an applicant says of himself when a test says nothing else.
FACTS = SimpleNamespace(
    company="Kreislauf PC GmbH", contact_email="eva@kreislauf.example", vat_id="DE123456796"
)


def make_claimed_application(reviewer: User | None = None, **changes: Any) -> Application:
    """Return an application that a MAR administrator claimed."""
    application = make_application(**changes)
    reviewer = reviewer or make_member("mar_admin", name="Reviewer")
    with mar_scope():
        return claim_application(application.pk, by=actor_for(reviewer), at=AT)


def make_reviewed_application(
    reviewer: User | None = None,
    recommendation: str = "approve",
    note: str = "Register checked.",
    **changes: Any,
) -> Application:
    """Return an application reviewed by a MAR administrator, who proposes to approve it."""
    application = make_claimed_application(reviewer, **changes)
    with mar_scope():
        return recommend(
            application.pk,
            recommendation=recommendation,
            note=note,
            reason_code="facts_not_confirmed" if recommendation == "reject" else "",
            by=actor_for(application.claimed_by),
            at=AT,
        )


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
