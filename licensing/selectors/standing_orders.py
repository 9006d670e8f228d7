"""A partner's standing orders, whether their owner may order, and what is ahead."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet, Sum

from core.actor import Actor, ActorKind
from licensing.models import StandingOrder, StandingOrderLine, StandingRun, StandingState
from licensing.rules.standing_orders import shown_days
from licensing.rules.standing_schedule import Schedule
from licensing.selectors.prices import price_for
from partners.rules.permissions import permissions_of
from partners.selectors.people import membership_of

AHEAD = 3
CONFIRMED_AT_CREATION = "standing_order"


@dataclass(frozen=True, slots=True)
class NextTime:
    """A day ahead, and what the lines cost then by today's and the announced prices; None without a price."""

    day: date
    at: datetime
    amount: Decimal | None
    currency: str


def standing_orders_of(partner_id: UUID) -> QuerySet[StandingOrder]:
    """Return a partner's standing orders with their number of licences, the newest first."""
    found = StandingOrder.objects.filter(partner_id=partner_id).select_related("owner", "owner_key")
    return found.annotate(quantity=Sum("lines__quantity"))


def standing_order_of(partner_id: UUID, standing_order_id: UUID) -> StandingOrder | None:
    """Return one standing order of a partner, None when it is not his."""
    return standing_orders_of(partner_id).filter(pk=standing_order_id).first()


def refused_and_waiting(partner_id: UUID) -> int:
    """Return how many are paused over a day that was refused, and wait for somebody to resume them."""
    waits = (StandingRun.Outcome.HELD, StandingRun.Outcome.STOPPED)
    paused = StandingOrder.objects.filter(partner_id=partner_id, state=StandingState.PAUSED)
    return paused.filter(runs__outcome__in=waits).distinct().count()


def lines_of(order: StandingOrder) -> list[StandingOrderLine]:
    """Return its lines with their products."""
    return list(order.lines.select_related("product", "recipient"))


def runs_of(order: StandingOrder) -> list[StandingRun]:
    """Return what became of its days, the newest first."""
    return list(order.runs.prefetch_related("orders__order"))


def due_standing_orders(at: datetime) -> list[tuple[UUID, UUID]]:
    """Return (standing order, partner) of all whose time has come, the longest waiting first. MAR's scope."""
    due = StandingOrder.objects.filter(state=StandingState.ACTIVE, next_at__lte=at).order_by("next_at")
    return list(due.values_list("pk", "partner_id"))


def schedule_of(order: StandingOrder) -> Schedule:
    """Return when it orders."""
    return Schedule(
        order.cadence,
        order.starts_on,
        order.time_of_day,
        ZoneInfo(order.time_zone),
        order.weekday,
        order.month_day,
        order.ends_on,
    )


def times_left(order: StandingOrder) -> int | None:
    """Return how many times it still orders, None without a number."""
    return None if order.times is None else max(order.times - order.runs_made, 0)


def owner_of(order: StandingOrder, *, at: datetime) -> Actor | None:
    """Return its owner as the one who acts, None when he may not place orders now."""
    if order.owner_key is not None:
        key = order.owner_key
        is_alive = key.revoked_at is None and (key.expires_at is None or key.expires_at > at)
        if not is_alive or "orders:write" not in key.scopes:
            return None
        return Actor(
            ActorKind.API_KEY, str(key.pk), key.name, partner_id=order.partner_id,
            auth_strength=CONFIRMED_AT_CREATION,
        )  # fmt: skip
    owner = order.owner
    membership = membership_of(owner, at=at) if owner is not None and owner.is_active else None
    if owner is None or membership is None or membership.partner_id != order.partner_id:
        return None
    if "order.place" not in permissions_of(membership.role):
        return None
    return Actor(
        ActorKind.USER, str(owner.pk), str(owner), partner_id=order.partner_id, user_id=owner.pk,
        auth_strength=CONFIRMED_AT_CREATION,
    )  # fmt: skip


def next_times(order: StandingOrder, lines: list[StandingOrderLine]) -> list[NextTime]:
    """Return the next three times with what they would cost; none while it is not active."""
    if order.next_on is None:
        return []
    schedule = schedule_of(order)
    days = [order.next_on, *schedule.days_after(order.next_on, AHEAD - 1)]
    return [_priced(order, lines, schedule, day) for day in shown_days(days, times_left(order))]


def _priced(order: StandingOrder, lines: list[StandingOrderLine], schedule: Schedule, day: date) -> NextTime:
    at = schedule.due_at(day)
    amount, currency = cost_at(order, lines, at)
    return NextTime(day, at, amount, currency)


def cost_at(order: StandingOrder, lines: list[StandingOrderLine], at: datetime) -> tuple[Decimal | None, str]:
    """Return what one time costs by the prices of an instant, None where a line has no price; and the currency."""
    found = [(line, price_for(order.partner_id, line.product_id, line.quantity, at)) for line in lines]
    amounts = [price.amount * line.quantity for line, price in found if price is not None]
    currency = next((price.currency for _line, price in found if price is not None), "")
    return (sum(amounts, Decimal(0)) if len(amounts) == len(found) else None), currency
