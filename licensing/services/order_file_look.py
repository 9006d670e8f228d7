"""A look at a file of orders before it is ordered: every gate of every row, and what the rows take together."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from licensing.models import OrderFileLine
from licensing.rules.order_decision import Decision, decide
from licensing.rules.order_facts import OrderFacts
from licensing.rules.order_together import Taken, after, with_stock_of
from licensing.selectors.order_facts import order_facts
from licensing.services.order_files import groups_of, request_of
from partners.selectors.mar import mar_zone


@dataclass(frozen=True, slots=True)
class LookedAt:
    """A row with its decision: what would become of it after the rows before it."""

    line: OrderFileLine
    facts: OrderFacts
    decision: Decision

    @property
    def is_accepted(self) -> bool:
        """Return whether it would be taken, even if it has to wait."""
        return self.decision.state is not None


@dataclass(frozen=True, slots=True)
class LookedAtOrder:
    """The rows of one reference. They are placed together or not at all."""

    reference: str
    rows: Sequence[LookedAt]

    @property
    def is_accepted(self) -> bool:
        """Return whether every row would be taken."""
        return all(row.is_accepted for row in self.rows)

    @property
    def quantity(self) -> int:
        """Return how many licences it asks for."""
        return sum(row.line.quantity for row in self.rows)

    @property
    def amount(self) -> Decimal:
        """Return what it costs, net."""
        return sum((row.facts.amount for row in self.rows), Decimal(0))


@dataclass(frozen=True, slots=True)
class Look:
    """All orders of a file that are not placed yet."""

    orders: Sequence[LookedAtOrder]

    @property
    def is_accepted(self) -> bool:
        """Return whether all of them would be taken."""
        return all(order.is_accepted for order in self.orders)

    @property
    def accepted(self) -> list[LookedAtOrder]:
        """Return those that would be taken."""
        return [order for order in self.orders if order.is_accepted]

    @property
    def refused_count(self) -> int:
        """Return how many would be refused."""
        return len(self.orders) - len(self.accepted)

    @property
    def total(self) -> Decimal:
        """Return what those that would be taken cost, net."""
        return sum((order.amount for order in self.accepted), Decimal(0))

    @property
    def currency(self) -> str:
        """Return the partner's currency."""
        return self.orders[0].rows[0].facts.currency if self.orders else ""


def look_at(partner_id: UUID, lines: Sequence[OrderFileLine], *, at: datetime) -> Look:
    """Return what would become of rows without an order, one after the other; nothing is changed."""
    facts_of = _reader(partner_id, at)
    taken: list[Taken] = []
    orders = []
    for group in groups_of([line for line in lines if line.order_id is None]):
        rows: list[LookedAt] = []
        within: list[Taken] = []
        for line in group:
            row = _look_at_row(line, facts_of(line), [*taken, *within])
            rows.append(row)
            if row.is_accepted:
                within.append(_taken(row))
        orders.append(LookedAtOrder(group[0].group, rows))
        if orders[-1].is_accepted:
            taken += within
    return Look(orders)


def _reader(partner_id: UUID, at: datetime) -> Callable[[OrderFileLine], OrderFacts]:
    """Return what reads a row's facts: the stock once a product, the rest once a quantity and recipient."""
    zone = mar_zone()
    stock: dict[int, OrderFacts] = {}
    known: dict[tuple[int, int, UUID | None], OrderFacts] = {}

    def read(line: OrderFileLine) -> OrderFacts:
        counted = stock.get(line.product_id)
        facts = order_facts(
            partner_id=partner_id, product_id=line.product_id, quantity=line.quantity, at=at, zone=zone,
            with_stock=counted is None, recipient_id=line.recipient_id,
        )  # fmt: skip
        if counted is None:
            return stock.setdefault(line.product_id, facts)
        return with_stock_of(facts, counted)

    def facts_of(line: OrderFileLine) -> OrderFacts:
        asked = line.product_id, line.quantity, line.recipient_id
        if asked not in known:
            known[asked] = read(line)
        return replace(known[asked], lane=line.lane, details=line.details or {})

    return facts_of


def _look_at_row(line: OrderFileLine, facts: OrderFacts, taken: Sequence[Taken]) -> LookedAt:
    facts = after(facts, line.product_id, taken)
    return LookedAt(line, facts, decide(facts, request_of(line).wish_for(facts)))


def _taken(row: LookedAt) -> Taken:
    decision, facts = row.decision, row.facts
    return Taken(
        row.line.product_id,
        row.line.quantity,
        decision.now,
        decision.later,
        facts.amount,
        str(decision.state),
        facts.citizenship.quota.kind if facts.citizenship else "",
        row.line.product.code,
    )
