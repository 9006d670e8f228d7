"""How long applications take from step to step."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db.models import Aggregate, Count, DurationField, ExpressionWrapper, F, Q

from partners.models import Application
from partners.models.application import ApplicationState


class Median(Aggregate):
    """The median of an expression, null without rows."""

    function = "PERCENTILE_CONT"
    template = "%(function)s(0.5) WITHIN GROUP (ORDER BY %(expressions)s)"
    output_field = DurationField()


@dataclass(frozen=True, slots=True)
class LeadTimes:
    """Medians of the cases decided since a moment; None where there is none. ``count``: how many cases."""

    count: int
    to_claim: timedelta | None
    to_review: timedelta | None
    to_decide: timedelta | None
    whole: timedelta | None


def lead_times(*, since: datetime) -> LeadTimes:
    """Return the medians of what was decided since a moment.

    An appeal counts from the appeal, like a case of its own.
    """
    decided = Application.objects.filter(
        state__in=(ApplicationState.APPROVED, ApplicationState.REJECTED), decided_at__gte=since
    ).order_by()
    first_look = Q(appealed_at__isnull=True)
    found = decided.aggregate(
        count=Count("pk"),
        to_claim=Median(_between("submitted_at", "claimed_at"), filter=first_look),
        to_review=Median(_between("claimed_at", "reviewed_at")),
        to_decide=Median(_between("reviewed_at", "decided_at")),
        whole=Median(_between("submitted_at", "decided_at"), filter=first_look),
    )
    return LeadTimes(**found)


def _between(earlier: str, later: str) -> "ExpressionWrapper[Any]":
    return ExpressionWrapper(F(later) - F(earlier), output_field=DurationField())
