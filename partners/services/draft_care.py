"""Drafts left alone: one reminder after two weeks, the end after ninety days. In the MAR's scope."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from core import audit
from core.actor import Actor
from core.queue import enqueue
from partners import locks
from partners.models import Application
from partners.models.application import ApplicationState
from partners.rules.promises import EXPIRY_DAYS, REMINDER_DAYS

PORTAL = Actor.system("drafts")


@transaction.atomic
def remind_of_drafts(*, at: datetime) -> int:
    """Have one mail sent for each draft that nobody has touched for fourteen days; return how many."""
    due = Application.objects.filter(
        state=ApplicationState.DRAFT,
        reminded_at__isnull=True,
        saved_at__lte=at - timedelta(days=REMINDER_DAYS),
        saved_at__gt=at - timedelta(days=EXPIRY_DAYS),
    )
    ids = list(due.order_by("pk").values_list("pk", flat=True))
    return sum(_remind(application_id, at) for application_id in ids)


@transaction.atomic
def expire_drafts(*, at: datetime) -> int:
    """Withdraw the drafts that nobody has touched for ninety days (P-DRAFT-9); return how many."""
    due = Application.objects.filter(
        state=ApplicationState.DRAFT, saved_at__lte=at - timedelta(days=EXPIRY_DAYS)
    )
    ids = list(due.order_by("pk").values_list("pk", flat=True))
    return sum(_expire(application_id, at) for application_id in ids)


def _remind(application_id: UUID, at: datetime) -> bool:
    application = _still_left_alone(application_id, at - timedelta(days=REMINDER_DAYS))
    if application is None or application.reminded_at is not None:
        return False
    application.reminded_at = at
    application.save(update_fields=["reminded_at"])
    enqueue("partners.send_draft_reminder", at=at, application_id=application.pk)
    return True


def _expire(application_id: UUID, at: datetime) -> bool:
    application = _still_left_alone(application_id, at - timedelta(days=EXPIRY_DAYS))
    if application is None:
        return False
    application.state = ApplicationState.WITHDRAWN
    application.save(update_fields=["state"])
    audit.record(
        "partners.application.expired", by=PORTAL, at=at, object_type="application", object_id=application.pk,
        facts={"reference": application.reference},
    )  # fmt: skip
    return True


def _still_left_alone(application_id: UUID, since: datetime) -> Application | None:
    """Lock a draft and look again: the applicant may have come back in between."""
    application = locks.lock_application(application_id)
    if application is None or application.state != ApplicationState.DRAFT or application.saved_at > since:
        return None
    return application
