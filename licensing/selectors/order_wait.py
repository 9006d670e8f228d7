"""Why an order waits and for how long: its gates now, its place in the queue, the partner's exposure."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from uuid import UUID

from django.db import connection
from django.db.models import Count, QuerySet, Sum

from licensing.models import BackOrder, KeyReservation, Order, OrderLine, OrderState
from licensing.models.order import WAITING_STATES
from licensing.rules.key_states import KeyState
from licensing.rules.order_decision import Decision, Wish, decide, expected_on
from licensing.rules.order_facts import OrderFacts
from licensing.selectors.order_facts import PlacedLine, order_facts
from licensing.selectors.orders import all_orders
from partners.selectors.mar import mar_zone

UNREPORTED = (KeyState.ASSIGNED.value, KeyState.RETRIEVED.value, KeyState.CONSUMED.value)


@dataclass(frozen=True, slots=True)
class QueuePlace:
    """Where a back-order stands: its position, the keys before it, by when it can be filled."""

    position: int
    ahead: int
    expected_on: date | None


@dataclass(frozen=True, slots=True)
class Exposure:
    """What a partner owes or has ordered, in parts, against his limit; net, in his currency."""

    committed: Decimal
    unreported: Decimal
    reported: Decimal
    unpaid: Decimal
    limit: Decimal
    currency: str

    @property
    def total(self) -> Decimal:
        """Return the sum of the parts."""
        return self.committed + self.unreported + self.reported + self.unpaid

    @property
    def left(self) -> Decimal:
        """Return what the limit still bears; negative when it is exceeded."""
        return self.limit - self.total


def placed_facts(order: Order, line: OrderLine, at: datetime, *, most: int | None = None) -> OrderFacts:
    """Return the facts of an order that waits, as they are now; ``most`` is its share of scarce stock."""
    entry = BackOrder.objects.filter(order_line=line).first()
    return order_facts(
        partner_id=order.partner_id,
        product_id=line.product_id,
        quantity=line.quantity,
        at=at,
        zone=mar_zone(),
        with_stock=True,
        recipient_id=order.recipient_id,
        lane=order.lane,
        placed=PlacedLine(
            order.pk,
            order.placed_at,
            line.unit_price,
            is_approved=order.decided_at is not None,
            queued_at=entry.queued_at if entry else None,
            place=entry.place if entry else None,
            kept=keys_kept(line),
            most=most,
        ),
    )


def keys_kept(line: OrderLine) -> int:
    """Return how many keys are reserved for a line."""
    return KeyReservation.objects.filter(order_line=line, ended_at__isnull=True).count()


def wish_of(order: Order, line: OrderLine, *, most: int | None = None) -> Wish:
    """Return what may become of an order that waits: parts by the buyer's choice or by the fair share's rule.

    What an exception to the quota bears is written for the whole line, so such a line stays whole.
    """
    may_split = (order.allows_split or most is not None) and not line.quota_draws.exists()
    return Wish(may_queue=True, may_split=may_split)


def decision_now(order: Order, at: datetime) -> Decision | None:
    """Return what would become of an order that waits, None of one that does not."""
    if order.state not in WAITING_STATES:
        return None
    line = order.lines.get()
    return decide(placed_facts(order, line, at), wish_of(order, line))


def queue_place(order: Order, at: datetime) -> QueuePlace | None:
    """Return an order's place in the queue, None when it is in none. It names nobody."""
    if order.state != OrderState.BACKORDERED:
        return None
    line = order.lines.get()
    facts = placed_facts(order, line, at)
    day = expected_on(facts, line.quantity, at.astimezone(mar_zone()).date())
    return QueuePlace(facts.queued_orders + 1, facts.queued, day)


def exposure_of(partner_id: UUID) -> Exposure:
    """Return a partner's exposure in parts: their sum is what the credit gate looks at."""
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT
              (SELECT coalesce(sum(l.quantity * l.unit_price), 0) FROM licensing_order o
               JOIN licensing_orderline l ON l.order_id = o.id
               WHERE o.partner_id = %(partner)s AND o.state IN ('draft', 'needs_approval', 'backordered')),
              coalesce(sum(a.unit_price) FILTER (WHERE k.state = ANY(%(unreported)s)), 0),
              coalesce(sum(a.unit_price) FILTER (WHERE k.state <> ALL(%(unreported)s)), 0),
              coalesce((SELECT c.unpaid FROM partners_creditposition c WHERE c.partner_id = %(partner)s), 0),
              coalesce((SELECT c.limit FROM partners_creditposition c WHERE c.partner_id = %(partner)s), 0),
              coalesce((SELECT c.currency FROM partners_creditposition c WHERE c.partner_id = %(partner)s),
                (SELECT m.currency FROM partners_mar m LIMIT 1), 'EUR')
            FROM licensing_keyassignment a JOIN licensing_productkey k ON k.id = a.key_id
            WHERE a.partner_id = %(partner)s AND a.ended_at IS NULL AND a.billed_at IS NULL""",
            {"partner": partner_id, "unreported": list(UNREPORTED)},
        )
        row = cursor.fetchone()
    assert row is not None  # noqa: S101  (an aggregate has one row)
    return Exposure(*row)


def waiting_orders() -> QuerySet[Order]:
    """Return all orders that wait, in the MAR's scope."""
    return all_orders().filter(state__in=WAITING_STATES)


def orders_by_state(partner_id: UUID, since: datetime) -> Mapping[str, tuple[int, int]]:
    """Return how many orders and licences a partner ordered since an instant, by state."""
    rows = (
        OrderLine.objects.filter(partner_id=partner_id, order__placed_at__gte=since)
        .values_list("order__state")
        .annotate(orders=Count("order", distinct=True), licences=Sum("quantity"))
        .order_by("order__state")
    )
    return {state: (orders, licences) for state, orders, licences in rows}
