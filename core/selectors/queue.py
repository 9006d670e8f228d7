"""How the queue of background work stands."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Min, Q

from core.models import OutboxItem

STUCK_ATTEMPTS = 3


@dataclass(frozen=True, slots=True)
class QueueState:
    """One queue: work that is due, the age of the oldest in seconds, and what failed three times or more."""

    queue: str
    waiting: int
    oldest_seconds: float
    stuck: int


def queue_states(at: datetime) -> list[QueueState]:
    """Return each queue that has work due, by name. In the MAR's scope."""
    due = OutboxItem.objects.filter(done_at__isnull=True, due_at__lte=at).order_by()
    rows = due.values("queue").annotate(
        waiting=Count("pk"), oldest=Min("due_at"), stuck=Count("pk", filter=Q(attempts__gte=STUCK_ATTEMPTS))
    )
    return [
        QueueState(row["queue"], row["waiting"], (at - row["oldest"]).total_seconds(), row["stuck"])
        for row in rows.order_by("queue")
    ]
