"""Labels: what is in stock, what partners hold, and labels used against keys enabled."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db import connection
from django.db.models import Count, F, Q, QuerySet, Sum
from django.db.models.functions import Coalesce

from licensing.models import LabelDelivery, LabelIssue, LabelUse
from licensing.rules.key_states import KeyState
from licensing.rules.labels import LabelMonth, compare_months
from partners.selectors.mar import mar_zone

_QUANTITY = F("last_position") - F("first_position") + 1
# A month is told by what happened in it, so it never changes later: a label that is spoiled on its PC comes off in
# the month in which it was noted; a key that Microsoft takes back its word about counts less from that day.
_MONTHS = """
WITH begins AS (
  SELECT date_trunc('month', %(since)s::timestamptz AT TIME ZONE %(zone)s) AT TIME ZONE %(zone)s AS at
)
SELECT to_char(happened.at AT TIME ZONE %(zone)s, 'YYYY-MM') AS month, kind, partner_id, sum(n) FROM (
  SELECT u.noted_at AS at, 'used' AS kind, u.partner_id, 1 AS n FROM licensing_labeluse u
  WHERE u.device_id IS NOT NULL
  UNION ALL
  SELECT u.spoiled_at, 'used', u.partner_id, -1 FROM licensing_labeluse u
  WHERE u.device_id IS NOT NULL AND u.spoiled_at IS NOT NULL
  UNION ALL
  SELECT u.spoiled_at, 'spoiled', u.partner_id, 1 FROM licensing_labeluse u WHERE u.spoiled_at IS NOT NULL
  UNION ALL
  SELECT l.recorded_at, 'enabled', l.partner_id, CASE l.to_state WHEN %(enabled)s THEN 1 ELSE -1 END
  FROM licensing_ledgerentry l
  WHERE l.recorded_at >= (SELECT at FROM begins)
    AND (l.to_state = %(enabled)s AND l.from_state IN (%(reported)s, %(denied)s)
      OR l.from_state = %(enabled)s AND l.to_state = %(denied)s)
) happened WHERE happened.at >= (SELECT at FROM begins) AND partner_id = ANY(%(partners)s) GROUP BY 1, 2, 3
"""


@dataclass(frozen=True, slots=True)
class LabelStock:
    """The labels of one partner."""

    issued: int
    used: int
    spoiled: int

    @property
    def left(self) -> int:
        """Return how many the partner still has."""
        return self.issued - self.used - self.spoiled


def label_stock(partner_id: UUID) -> LabelStock:
    """Return how many labels a partner got, used, spoiled."""
    held = LabelIssue.objects.filter(partner_id=partner_id, returned_at__isnull=True)
    issued = held.aggregate(n=Coalesce(Sum(_QUANTITY), 0))["n"]
    counts = LabelUse.objects.filter(partner_id=partner_id).aggregate(
        used=Count("pk", filter=Q(kind=LabelUse.Kind.USED)),
        spoiled=Count("pk", filter=Q(kind=LabelUse.Kind.SPOILED)),
    )
    return LabelStock(int(issued), counts["used"], counts["spoiled"])


def label_months(partner_ids: list[UUID], since: datetime) -> dict[UUID, list[LabelMonth]]:
    """Return labels used against keys enabled, by partner and whole month of the MAR's zone. One statement.

    ``since`` stands for its whole month. Used is what went on PCs less what came off spoiled.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            _MONTHS,
            {
                "zone": str(mar_zone()),
                "since": since,
                "partners": partner_ids,
                "enabled": KeyState.ACTIVATION_ENABLED.value,
                "denied": KeyState.ACTIVATION_DENIED.value,
                "reported": KeyState.REPORTED_BOUND.value,
            },
        )
        rows = cursor.fetchall()
    counted: dict[UUID, dict[str, dict[str, int]]] = {}
    for month, kind, partner_id, count in rows:
        counted.setdefault(partner_id, {}).setdefault(kind, {})[month] = int(count)
    return {
        partner_id: compare_months(kinds.get("used", {}), kinds.get("spoiled", {}), kinds.get("enabled", {}))
        for partner_id, kinds in counted.items()
    }


def issues_of(partner_id: UUID) -> QuerySet[LabelIssue]:
    """Return the ranges a partner got, with what is gone of each."""
    return _with_gone(LabelIssue.objects.filter(partner_id=partner_id))


def all_issues() -> QuerySet[LabelIssue]:
    """Return every partner's ranges, in the MAR's scope."""
    return _with_gone(LabelIssue.objects.select_related("partner"))


def uses_of(partner_id: UUID) -> QuerySet[LabelUse]:
    """Return a partner's used and spoiled labels with their PCs."""
    return LabelUse.objects.filter(partner_id=partner_id).select_related("device")


def deliveries() -> QuerySet[LabelDelivery]:
    """Return what was received, with how much of it is issued."""
    running = Q(issues__returned_at__isnull=True)
    quantity = F("issues__last_position") - F("issues__first_position") + 1
    return LabelDelivery.objects.annotate(issued=Coalesce(Sum(quantity, filter=running), 0))


def issue_holding(position: int, partner_id: UUID) -> LabelIssue | None:
    """Return the partner's range that holds a label."""
    return LabelIssue.objects.filter(
        partner_id=partner_id, returned_at__isnull=True, first_position__lte=position,
        last_position__gte=position,
    ).first()  # fmt: skip


def partners_with_labels() -> list[UUID]:
    """Return whoever ever got labels."""
    return list(LabelIssue.objects.order_by().values_list("partner_id", flat=True).distinct())


def _with_gone(issues: QuerySet[LabelIssue]) -> QuerySet[LabelIssue]:
    return issues.annotate(
        used=Count("uses", filter=Q(uses__kind=LabelUse.Kind.USED)),
        spoiled=Count("uses", filter=Q(uses__kind=LabelUse.Kind.SPOILED)),
    ).order_by("-issued_at")
