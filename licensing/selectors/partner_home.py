"""What a partner must know today."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, Q, Sum
from django.db.models.functions import TruncMonth

from core.periods import Period
from licensing.models import Build, KeyAssignment, LedgerEntry, OrderLimit, OrderLine, ProductKey
from licensing.models.build import BuildState
from licensing.rules.key_states import KeyState
from licensing.selectors.unreported import unreported_hand_overs
from partners.models import CreditPosition

AGE_BINS = ((0, 7), (7, 30), (30, 60), (60, None))


@dataclass(frozen=True, slots=True)
class MonthCount:
    """Keys ordered and builds reported in one month."""

    month: str
    ordered: int
    reported: int


@dataclass(frozen=True, slots=True)
class PartnerHome:
    """The figures of a partner's home page; amounts are net in ``currency``."""

    by_state: dict[int, int]
    unreported_by_age: list[int]
    unreported: int
    needs_details: int
    denied: int
    months: list[MonthCount]
    ordered_this_month: int
    monthly_quantity: int
    credit_limit: Decimal
    credit_used: Decimal
    currency: str


def partner_home(partner_id: UUID, *, at: datetime, zone: ZoneInfo) -> PartnerHome:
    """Return the figures of a partner's home page, in his own scope."""
    by_state = dict(
        ProductKey.objects.filter(partner_id=partner_id)
        .values_list("state")
        .annotate(keys=Count("id"))
        .order_by("state")
    )
    credit = CreditPosition.objects.filter(partner_id=partner_id).first()
    unbilled = KeyAssignment.objects.filter(
        partner_id=partner_id, ended_at__isnull=True, billed_at__isnull=True
    ).aggregate(total=Sum("unit_price"))["total"] or Decimal(0)
    ages = unreported_by_age(partner_id, at)
    month = Period.containing(at, zone)
    return PartnerHome(
        by_state=by_state,
        unreported_by_age=ages,
        unreported=sum(ages),
        needs_details=Build.objects.filter(partner_id=partner_id, state=BuildState.NEEDS_DETAILS).count(),
        denied=by_state.get(KeyState.ACTIVATION_DENIED, 0),
        months=months_of(partner_id, month, zone),
        ordered_this_month=_ordered(partner_id, month, zone),
        monthly_quantity=order_limit(partner_id),
        credit_limit=credit.limit if credit else Decimal(0),
        credit_used=unbilled + (credit.unpaid if credit else Decimal(0)),
        currency=credit.currency if credit else "EUR",
    )


def order_limit(partner_id: UUID) -> int:
    """Return how many licences a partner may order in a month; none set is nought."""
    limits = OrderLimit.objects.filter(partner_id=partner_id)
    return limits.values_list("monthly_quantity", flat=True).first() or 0


def unreported_by_age(partner_id: UUID, at: datetime) -> list[int]:
    """Return the keys handed over and not reported, by age: under 7, 30, 60 days, and older."""
    open_ = unreported_hand_overs().filter(partner_id=partner_id)
    counts = {}
    for place, (youngest, oldest) in enumerate(AGE_BINS):
        since = Q(handed_at__lte=at - timedelta(days=youngest))
        until = Q(handed_at__gt=at - timedelta(days=oldest)) if oldest else Q()
        counts[f"bin{place}"] = Count("id", filter=since & until)
    found = open_.aggregate(**counts)
    return [found[f"bin{place}"] for place in range(len(AGE_BINS))]


def months_of(partner_id: UUID, last: Period, zone: ZoneInfo, *, count: int = 6) -> list[MonthCount]:
    """Return keys ordered and builds bound in each of the last months, oldest first."""
    months = [last]
    while len(months) < count:
        months.append(months[-1].previous())
    first = months[-1].starts_at(zone)
    ordered = _by_month(
        LedgerEntry.objects.filter(partner_id=partner_id, reason="order.placed", recorded_at__gte=first), zone
    )
    reported = _by_month(
        LedgerEntry.objects.filter(partner_id=partner_id, reason="build.reported", recorded_at__gte=first),
        zone,
    )
    return [
        MonthCount(str(month), ordered.get(str(month), 0), reported.get(str(month), 0))
        for month in months[::-1]
    ]


def _by_month(entries: "object", zone: ZoneInfo) -> dict[str, int]:
    rows = (
        entries.annotate(month=TruncMonth("recorded_at", tzinfo=zone))  # type: ignore[attr-defined]
        .values_list("month")
        .annotate(keys=Count("id"))
        .order_by("month")
    )
    return {f"{month:%Y-%m}": keys for month, keys in rows}


def _ordered(partner_id: UUID, month: Period, zone: ZoneInfo) -> int:
    lines = OrderLine.objects.filter(
        partner_id=partner_id,
        order__placed_at__gte=month.starts_at(zone),
        order__placed_at__lt=month.ends_before(zone),
    ).exclude(order__state__in=["cancelled", "expired"])
    return int(lines.aggregate(total=Sum("quantity"))["total"] or 0)
