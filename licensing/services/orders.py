"""Place an order: every gate, then all keys in one transaction, or a place where it waits, or nothing at all."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit, idempotency
from core.actor import Actor
from core.errors import DomainError, Invalid
from core.queue import enqueue
from licensing.locks import lock_credit, lock_queue
from licensing.models import Lane, Order, OrderState, QuotaDraw
from licensing.rules.order_decision import Decision, Outcome, Wish, decide, expected_on
from licensing.rules.order_facts import Gate, OrderFacts
from licensing.rules.order_money import lane_of, lane_reason, out_of_stock, recommended_lane
from licensing.rules.order_terms import reserved_until, waits_for
from licensing.rules.ordering import check_gates, check_quantity, check_reserve_minutes, refusals_of
from licensing.rules.quota import draws
from licensing.selectors.order_facts import order_facts
from licensing.services.custody import Step, record_assignment
from licensing.services.order_rows import NewOrder, claim_keys, insert_order, reserve_keys
from partners.selectors.mar import mar_zone

PLACE_ORDER = "order.place"
# First without counting the stock, then counted; a stock that others take faster than it is counted is none.
LAST_ATTEMPT = 2


class OrderRefused(DomainError):
    """A gate stands against the order; each refusal names its rule and the way out."""


class _Short(Exception):
    """The stock turned out too small; the order is decided again with the stock counted."""


@dataclass(frozen=True, slots=True)
class OrderRequest:
    """What a buyer asks for, and what he lets happen when it cannot pass at once.

    An empty ``lane`` takes the recommended one; ``wish`` tells the approver why. ``reserve_minutes`` keeps
    the keys so long for a confirmation, instead of assigning them. ``details`` is what the product asks for
    by its JSON Schema.
    """

    product_id: int
    quantity: int
    reference: str = ""
    channel: str = "browser"
    recipient_id: UUID | None = None
    lane: str = ""
    wish: str = ""
    may_wait: bool = True
    may_queue: bool = False
    may_split: bool = False
    reserve_minutes: int = 0
    details: Mapping[str, Any] = field(default_factory=dict)

    @property
    def allowed(self) -> Wish:
        """Return what may happen; a reservation is all or nothing."""
        if self.reserve_minutes:
            return Wish(may_wait=False)
        return Wish(self.may_wait, self.may_queue or self.may_split, self.may_split)

    def wish_for(self, facts: OrderFacts) -> Wish:
        """Return what may happen. What an exception bears is written for the whole line, so it stays whole."""
        if facts.citizenship is not None and draws(facts.citizenship.quota, self.quantity):
            return Wish(self.allowed.may_wait, self.allowed.may_queue)
        return self.allowed


@dataclass(frozen=True, slots=True)
class PlacedOrder:
    """The order, and whether this very request made it (False: it is a repeat)."""

    order_id: UUID
    is_new: bool
    state: OrderState = OrderState.ALLOCATED


@dataclass(frozen=True, slots=True)
class Preflight:
    """What would happen to an order right now."""

    facts: OrderFacts
    decision: Decision
    today: date
    request: OrderRequest

    @property
    def state(self) -> OrderState | None:
        """Return the state in which the order would begin, None where it would be refused."""
        return _state_of(self.request, self.decision)

    @property
    def gates(self) -> Sequence[Gate]:
        """Return every gate with its outcome."""
        return self.decision.gates

    @property
    def may_pass(self) -> bool:
        """Return whether every gate is open."""
        return not self.decision.closed

    @property
    def is_accepted(self) -> bool:
        """Return whether the order would be taken, even if it has to wait."""
        return self.decision.outcome != Outcome.REFUSED

    @property
    def position(self) -> int:
        """Return the place in the queue that a waiting part would get."""
        return self.facts.queued_orders + 1

    @property
    def expected_on(self) -> date | None:
        """Return by when the keys can be there at the pace of past deliveries, None when nobody can say."""
        return expected_on(self.facts, self.decision.later or self.facts.quantity, self.today)

    @property
    def recommended_lane(self) -> str:
        """Return the lane the portal recommends."""
        return recommended_lane(self.facts)

    @property
    def lane_reason(self) -> str:
        """Say why it recommends it."""
        return lane_reason(self.facts)


def preflight(*, partner_id: UUID, request: OrderRequest, at: datetime) -> Preflight:
    """Return every gate with its outcome and what would become of this very order; nothing is changed."""
    zone = mar_zone()
    facts = _facts(partner_id, request, at, zone, with_stock=True)
    return Preflight(facts, decide(facts, request.wish_for(facts)), at.astimezone(zone).date(), request)


def place_order(
    *, partner_id: UUID, request: OrderRequest, idempotency_key: str, by: Actor, at: datetime
) -> PlacedOrder:
    """Place an order: it gets all its keys in this transaction, or waits as its gates say, or is refused.

    A repeat with the same key returns the first order. The partner's credit row is locked first, so
    two orders of one partner cannot pass a limit together; stock is claimed last, so the keys are
    locked for the shortest time. Only when the claim finds too few keys is the stock counted, under the
    lock of the product's queue.

    :raises Invalid: for no licence at all.
    :raises OrderRefused: with every gate that stands against it, stock included; nothing is changed then.
    :raises idempotency.KeyReused: when the key came before with another request.
    """
    for attempt in range(LAST_ATTEMPT):
        try:
            return _place(partner_id, request, idempotency_key, by, at, attempt=attempt)
        except _Short:
            continue
    return _place(partner_id, request, idempotency_key, by, at, attempt=LAST_ATTEMPT)


@transaction.atomic
def _place(
    partner_id: UUID, request: OrderRequest, key: str, by: Actor, at: datetime, *, attempt: int
) -> PlacedOrder:
    claimed = idempotency.claim(
        partner_id=partner_id, operation=PLACE_ORDER, key=key, request=_fingerprint(request), at=at
    )
    if not claimed.is_first:
        return _repeat_of(claimed)
    lock_credit(partner_id)
    zone = mar_zone()
    facts = _facts(partner_id, request, at, zone, with_stock=False)
    _require_possible(request, facts)
    wish = request.wish_for(facts)
    decision = decide(facts, wish)
    if attempt or decision.outcome != Outcome.PLACED or facts.queued or facts.is_rationed:
        lock_queue(request.product_id)
        facts = _facts(partner_id, request, at, zone, with_stock=True)
        if attempt == LAST_ATTEMPT:
            facts = replace(facts, free_stock=0)
        decision = decide(facts, wish)
    if decision.state is None:
        raise OrderRefused(*decision.refusals)
    order_id = _write(partner_id, request, facts, decision, by, at)
    idempotency.remember(claimed, object_id=order_id)
    return PlacedOrder(order_id, is_new=True, state=_state_of(request, decision) or decision.state)


def _facts(
    partner_id: UUID, request: OrderRequest, at: datetime, zone: ZoneInfo, *, with_stock: bool
) -> OrderFacts:
    facts = order_facts(
        partner_id=partner_id,
        product_id=request.product_id,
        quantity=request.quantity,
        at=at,
        zone=zone,
        with_stock=with_stock,
        recipient_id=request.recipient_id,
        lane=request.lane,
        details=request.details,
    )
    return replace(facts, reserve_minutes=request.reserve_minutes) if request.reserve_minutes else facts


def _require_possible(request: OrderRequest, facts: OrderFacts) -> None:
    """Refuse what is no order at all; what a rule in force forbids is a gate."""
    problem = check_quantity(request.quantity, facts.rules) if request.quantity < 1 else None
    if request.reserve_minutes < 0:
        problem = check_reserve_minutes(request.reserve_minutes, facts.rules)
    if problem:
        raise Invalid(problem)


def _repeat_of(claimed: idempotency.Claim) -> PlacedOrder:
    if claimed.object_id is None:
        raise RuntimeError("an idempotency row without its object was committed")
    return PlacedOrder(claimed.object_id, is_new=False)


def _fingerprint(request: OrderRequest) -> dict[str, Any]:
    asked = {"product": request.product_id, "quantity": request.quantity, "reference": request.reference}
    # Left out where nothing is asked for, so that a repeat of an older order still matches.
    more = {
        "recipient": str(request.recipient_id) if request.recipient_id else "",
        "lane": request.lane,
        "wish": request.wish,
        "refuse": not request.may_wait,
        "queue": request.may_queue,
        "split": request.may_split,
        "reserve": request.reserve_minutes,
        "details": dict(request.details),
    }
    return asked | {name: value for name, value in more.items() if value}


def _state_of(request: OrderRequest, decision: Decision) -> OrderState | None:
    """Return the state in which an order begins: one whose keys are only kept is a draft."""
    return OrderState.DRAFT if request.reserve_minutes and decision.state else decision.state


def _write(
    partner_id: UUID, request: OrderRequest, facts: OrderFacts, decision: Decision, by: Actor, at: datetime
) -> UUID:
    """Write what was decided and return the order; of a split order the part that is taken now."""
    new = _new_order(partner_id, request, facts, decision, by, at)
    order_id, line_id = insert_order(new, by=by, at=at)
    if facts.citizenship is not None:
        _draw_exceptions(partner_id, line_id, draws(facts.citizenship.quota, request.quantity))
    if new.state == OrderState.ALLOCATED:
        _assign(new, line_id, by, at)
    elif new.state in (OrderState.DRAFT, OrderState.NEEDS_APPROVAL):
        _reserve(new, line_id, facts, by, at)
    _note_placed(new, order_id, facts, by, at)
    if decision.outcome == Outcome.SPLIT:
        _queue_rest(new, order_id, decision.later, facts, by, at)
    return order_id


def _new_order(
    partner_id: UUID, request: OrderRequest, facts: OrderFacts, decision: Decision, by: Actor, at: datetime
) -> NewOrder:
    state = _state_of(request, decision)
    assert facts.unit_price is not None  # noqa: S101  (the product's gate was open)
    assert state is not None  # noqa: S101  (a refused order is not written)
    return NewOrder(
        partner_id=partner_id,
        product_id=request.product_id,
        quantity=decision.now if decision.outcome == Outcome.SPLIT else request.quantity,
        unit_price=facts.unit_price,
        currency=facts.currency,
        state=state,
        placed_by=by,
        placed_at=at,
        channel=request.channel,
        reference=request.reference,
        recipient_id=request.recipient_id if facts.citizenship is not None else None,
        lane=lane_of(facts),
        lane_note=_lane_note(request, facts),
        wish=request.wish,
        allows_backorder=request.may_queue or request.may_split,
        allows_split=request.may_split,
        holds=refusals_of(check_gates(_as_placed(facts))) if state != OrderState.ALLOCATED else (),
        expires_at=_expiry(state, request, facts, at),
        price_id=facts.price_id,
        deviation_id=facts.deviation_id,
        details=request.details,
        version_id=facts.version.id if facts.version else None,
    )


def _as_placed(facts: OrderFacts) -> OrderFacts:
    """Return the facts of an order that was taken: what it waits for names no way to order something else."""
    return replace(facts, was_placed=True)


def _lane_note(request: OrderRequest, facts: OrderFacts) -> str:
    """Say how the lane came about; a lane that was chosen is on record."""
    if request.lane and request.lane != recommended_lane(facts):
        if request.lane == Lane.SPECIAL:
            return _("The buyer asked for a person’s decision; the portal recommended none.")
        return _("The buyer chose to order without a person’s decision.")
    return "" if lane_of(facts) == "standard" else lane_reason(facts)


def _expiry(state: OrderState, request: OrderRequest, facts: OrderFacts, at: datetime) -> datetime | None:
    if state == OrderState.ALLOCATED:
        return None
    if state == OrderState.DRAFT:
        return at + timedelta(minutes=request.reserve_minutes)
    return at + waits_for(state, facts.rules)


def _assign(new: NewOrder, line_id: UUID, by: Actor, at: datetime) -> None:
    key_ids = claim_keys(line_id, at=at)
    if len(key_ids) != new.quantity:
        raise _Short
    record_assignment(
        key_ids,
        product_id=new.product_id,
        partner_id=new.partner_id,
        step=Step("order.placed", line_id, by, at),
    )


def _reserve(new: NewOrder, line_id: UUID, facts: OrderFacts, by: Actor, at: datetime) -> None:
    """Keep the keys for an order that waits for a yes, as far as nobody waits for them."""
    is_draft = new.state == OrderState.DRAFT
    if new.expires_at is None or (not is_draft and facts.available < new.quantity):
        return
    until = new.expires_at if is_draft else reserved_until(facts.rules, at)
    kept = reserve_keys(
        line_id, product_id=new.product_id, partner_id=new.partner_id, quantity=new.quantity, until=until, by=by,
        at=at,
    )  # fmt: skip
    if not kept and is_draft:
        raise _Short


def _note_placed(new: NewOrder, order_id: UUID, facts: OrderFacts, by: Actor, at: datetime) -> None:
    noted = {
        "product": new.product_id,
        "quantity": new.quantity,
        "amount": str(new.unit_price * new.quantity),
    }
    if new.state != OrderState.ALLOCATED:
        noted["state"] = new.state.value
    audit.record(
        "licensing.order.placed",
        by=by,
        at=at,
        object_type="order",
        object_id=order_id,
        partner_id=new.partner_id,
        facts=noted,
    )
    task = (
        "licensing.tell_order_allocated"
        if new.state == OrderState.ALLOCATED
        else "licensing.tell_order_waits"
    )
    if new.state != OrderState.DRAFT:
        enqueue(task, at=at, partner_id=new.partner_id, order_id=order_id)


def _queue_rest(
    new: NewOrder, first_id: UUID, later: int, facts: OrderFacts, by: Actor, at: datetime
) -> None:
    """Put what the stock did not give into the queue, as an order of its own: the sums stay equal."""
    rest = replace(
        new,
        quantity=later,
        state=OrderState.BACKORDERED,
        holds=[out_of_stock(_as_placed(facts))],
        expires_at=at + waits_for(OrderState.BACKORDERED, facts.rules),
        like=Order.objects.get(pk=first_id),
    )
    rest_id, _line_id = insert_order(rest, by=by, at=at)
    _note_placed(rest, rest_id, facts, by, at)


def _draw_exceptions(partner_id: UUID, line_id: UUID, drawn: Sequence[tuple[UUID, int]]) -> None:
    """Write down what an exception bears of a line, so that it bears no more than Microsoft allowed."""
    QuotaDraw.objects.bulk_create(
        QuotaDraw(partner_id=partner_id, exception_id=exception_id, order_line_id=line_id, quantity=quantity)
        for exception_id, quantity in drawn
    )
