"""The background work of standing orders."""

from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from django.utils import timezone

from core.outbox import WorkTask
from core.tenancy import mar_scope, partner_scope
from licensing.models import StandingRun
from licensing.selectors.standing_orders import due_standing_orders
from licensing.services.standing_letters import about_run
from licensing.services.standing_runs import run_standing_order
from partners.models.membership import Role
from partners.selectors.people import people_of
from partners.services.mails import send_letter

log = structlog.get_logger(__name__)


class _OwnScope(WorkTask):
    scope = "own"


class _PartnerScope(WorkTask):
    scope = "partner"


@shared_task(name="licensing.run_standing_orders", base=_OwnScope)  # type: ignore[untyped-decorator]
def run_standing_orders(**_kwargs: Any) -> int:
    """Order what is due, each in a transaction of its own; one that fails holds up no other."""
    now, ran = timezone.now(), 0
    with mar_scope():
        due = due_standing_orders(now)
    for standing_order_id, partner_id in due:
        try:
            with partner_scope(partner_id):
                ran += run_standing_order(standing_order_id, at=now) is not None
        except Exception as error:  # the next beat tries it again
            log.exception("standing_order.failed", id=str(standing_order_id), error=type(error).__name__)
    return ran


@shared_task(name="licensing.tell_standing_run", base=_PartnerScope)  # type: ignore[untyped-decorator]
def tell_standing_run(partner_id: str, run_id: str) -> int:
    """Tell the owner of a standing order what became of a day; without one, the owners of the account."""
    run = StandingRun.objects.select_related("standing_order__owner").get(pk=UUID(run_id))
    owner = run.standing_order.owner
    if owner is not None and owner.is_active and run.outcome != StandingRun.Outcome.STOPPED:
        told = [(owner.name, owner.email)]
    else:
        members = people_of(UUID(partner_id)).filter(role=Role.TPR_OWNER)
        told = [(member.user.name, member.user.email) for member in members]
    identity = f"standing.{run.pk}.{run.outcome}"
    return sum(
        send_letter(about_run(run, name), to=[email], identity=f"{identity}.{place}")
        for place, (name, email) in enumerate(told)
    )
