"""Programme changes: what a partner is told, who has read it, and the stock they touch."""

from dataclasses import dataclass
from uuid import UUID

from django.db import connection
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery

from licensing.models import ChangeNotice, ChangeReading, ProgrammeChange
from licensing.rules.key_states import NOT_REPORTED, KeyState

# Keys in a PC that is built and not yet known to be sold.
_BUILT = (
    KeyState.BOUND.value,
    KeyState.NOTIFIED_BOUND.value,
    KeyState.REPORTED_BOUND.value,
    KeyState.ACTIVATION_ENABLED.value,
    KeyState.ACTIVATION_DENIED.value,
    KeyState.ACTIVATION_ENABLED_PENDING_UPDATE.value,
)
_TAKEN = tuple(state.value for state in NOT_REPORTED)

_STOCK = """
SELECT p.id, p.code, p.name,
  count(k.id) FILTER (WHERE k.state = %(assigned)s),
  count(k.id) FILTER (WHERE k.state = ANY(%(taken)s)),
  count(k.id) FILTER (WHERE k.state = ANY(%(built)s) AND d.sold_on IS NULL AND d.id IS NOT NULL)
FROM partners_partner p
LEFT JOIN licensing_productkey k ON k.partner_id = p.id AND k.product_id = %(product_id)s
LEFT JOIN licensing_keyhandover h ON h.key_id = k.id
LEFT JOIN licensing_device d ON d.id = h.device_id
WHERE p.state <> 'terminated' AND (%(partner_id)s IS NULL OR p.id = %(partner_id)s)
GROUP BY p.id, p.code, p.name
HAVING count(k.id) > 0 OR EXISTS (
  SELECT 1 FROM licensing_familygrant g JOIN licensing_product r ON r.family = g.family
  WHERE g.partner_id = p.id AND r.id = %(product_id)s)
ORDER BY p.name
"""


_UNREAD = """
SELECT (SELECT count(*) FROM licensing_changenotice n WHERE n.partner_id = %(partner_id)s AND NOT EXISTS (
    SELECT 1 FROM licensing_changereading r WHERE r.change_id = n.change_id AND r.user_id = %(user_id)s))
  + (SELECT count(*) FROM licensing_rulenotice n WHERE n.partner_id = %(partner_id)s AND NOT EXISTS (
    SELECT 1 FROM licensing_rulereading r WHERE r.version_id = n.version_id AND r.user_id = %(user_id)s))
"""


@dataclass(frozen=True, slots=True)
class StockAffected:
    """What one partner holds of a product: keys not taken, keys taken, PCs built and not sold."""

    partner_id: UUID
    code: str
    name: str
    keys_assigned: int
    keys_taken: int
    devices_unsold: int

    @property
    def total(self) -> int:
        """Return everything he has to use, report or sell."""
        return self.keys_assigned + self.keys_taken + self.devices_unsold


def stock_affected(product_id: int, *, partner_id: UUID | None = None) -> list[StockAffected]:
    """Return each partner who may order a product or holds some of it, with what he holds now."""
    with connection.cursor() as cursor:
        cursor.execute(
            _STOCK,
            {
                "product_id": product_id,
                "partner_id": partner_id,
                "assigned": KeyState.ASSIGNED.value,
                "taken": list(_TAKEN),
                "built": list(_BUILT),
            },
        )
        return [StockAffected(*row) for row in cursor.fetchall()]


def changes() -> QuerySet[ProgrammeChange]:
    """Return every change with how many partners were told and how many have read it, newest first."""
    told = ChangeNotice.objects.filter(change=OuterRef("pk")).values("change")
    read = ChangeReading.objects.filter(change=OuterRef("pk")).values("change")
    return (
        ProgrammeChange.objects.select_related("product", "written_by", "published_by")
        .annotate(
            told_count=Subquery(told.annotate(n=Count("partner")).values("n")),
            read_count=Subquery(read.annotate(n=Count("partner", distinct=True)).values("n")),
        )
        .order_by("-written_at")
    )


def change_by_id(change_id: UUID) -> ProgrammeChange | None:
    """Return one change with its counts, None when there is none."""
    return changes().filter(pk=change_id).first()


def notices_of_change(change_id: UUID) -> QuerySet[ChangeNotice]:
    """Return who was told of a change, with the first reading of each partner."""
    readings = ChangeReading.objects.filter(change=OuterRef("change"), partner=OuterRef("partner"))
    first = readings.order_by("read_at")
    return (
        ChangeNotice.objects.select_related("partner")
        .filter(change_id=change_id)
        .annotate(
            is_read=Exists(readings),
            read_at=Subquery(first.values("read_at")[:1]),
            read_by=Subquery(first.values("user__name")[:1]),
        )
    )


def inbox_of(partner_id: UUID, user_id: UUID) -> QuerySet[ChangeNotice]:
    """Return a partner's changes; what this person has not read stands first, then the newest."""
    read = ChangeReading.objects.filter(change=OuterRef("change"), user=user_id)
    return (
        ChangeNotice.objects.select_related("change__product")
        .filter(partner_id=partner_id)
        .annotate(is_read=Exists(read))
        .order_by("is_read", "-change__announced_at")
    )


def unread_count(partner_id: UUID, user_id: UUID) -> int:
    """Return how many changes and versions of rules wait for this person's eyes; one query for both."""
    with connection.cursor() as cursor:
        cursor.execute(_UNREAD, {"partner_id": partner_id, "user_id": user_id})
        row = cursor.fetchone()
    return int(row[0]) if row else 0


def notice_of(change_id: UUID, *, partner_id: UUID) -> ChangeNotice | None:
    """Return a partner's notice of a change, None when he was not told."""
    return (
        ChangeNotice.objects.select_related("change__product")
        .filter(change_id=change_id, partner_id=partner_id)
        .first()
    )
