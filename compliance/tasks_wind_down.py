"""The background work of a partner's way out."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.utils import timezone

from compliance.selectors.wind_down import ended_wind_downs
from compliance.services.exit_file import make_exit_file
from compliance.services.wind_down import end_access_of
from core.actor import Actor
from core.outbox import WorkTask


@shared_task(name="compliance.make_exit_file", base=WorkTask)  # type: ignore[untyped-decorator]
def make_file(partner_id: str) -> str:
    """Make a leaving partner's data file."""
    return make_exit_file(UUID(partner_id), at=timezone.now()).file_sha256


@shared_task(name="compliance.end_accesses", base=WorkTask)  # type: ignore[untyped-decorator]
def end_accesses(**_kwargs: Any) -> int:
    """Revoke what belongs to partners whose end date is here."""
    now = timezone.now()
    by = Actor.system("end of access")
    return sum(end_access_of(wind_down_id, by=by, at=now) for wind_down_id in ended_wind_downs(now))
