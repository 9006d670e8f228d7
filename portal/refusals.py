"""What was refused in a request: shown to the person, and audited after the rollback."""

from django.http import HttpRequest
from django.utils import timezone

from core import audit
from core.errors import DomainError
from core.queue import enqueue
from licensing.rules.alarms import ALARMING, VELOCITY_TASK
from portal.actors import actor_of
from portal.logs import scrub
from portal.scoping import own_scope


def note_refusal(request: HttpRequest, error: DomainError) -> None:
    """Remember a refusal until the request's transaction has ended."""
    request.refused.append(error)  # type: ignore[attr-defined]


def audit_refusals(request: HttpRequest) -> None:
    """Write one audit row a refusal, in a transaction of their own."""
    refused: list[DomainError] = request.refused  # type: ignore[attr-defined]
    if not refused:
        return
    actor = actor_of(request)
    with own_scope(actor.partner_id, is_known=actor.id != ""):
        for error in refused:
            for refusal in error.refusals:
                if refusal.code in ALARMING and actor.partner_id is not None:
                    enqueue(
                        VELOCITY_TASK,
                        at=timezone.now(),
                        of_partner=actor.partner_id,
                        code=refusal.code,
                        rule=refusal.rule,
                    )
                audit.record(
                    "portal.request.refused",
                    by=actor,
                    at=timezone.now(),
                    partner_id=actor.partner_id,
                    facts={"code": refusal.code, "rule": refusal.rule, "path": scrub(request.path)},
                )
    refused.clear()
