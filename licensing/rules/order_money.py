"""The gates of an order that count: the month's limit, the lane, the credit, the stock. Facts in, refusals out."""

from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _

from core.errors import Refusal, refuse
from licensing.models.order import Lane, OrderState
from licensing.rules.order_facts import Gate, OrderFacts


def limit_gate(facts: OrderFacts) -> Gate:
    """Return whether the month still bears the quantity; the special lane asks for an exception."""
    limit = facts.monthly_quantity or 0
    left = max(limit - facts.ordered_this_month, 0)
    shown = {_("Limit"): limit, _("Ordered this month"): facts.ordered_this_month, _("Left"): left}
    refusal = None
    if facts.quantity > left and lane_of(facts) != Lane.SPECIAL:
        refusal = refuse(
            "monthly_limit",
            _("This order is over your monthly limit."),
            rule="ORD-6",
            facts={**shown, _("Asked for"): facts.quantity},
            missing={_("Licences"): facts.quantity - left},
            next_step=_ways_within_the_month(facts, left),
            lifted_by=_("The MAR"),
            fix_path=facts.again(quantity=left) if left else facts.again(lane=Lane.SPECIAL.value),
            # What was placed counts in its own month, also when that is over.
            until=None if facts.was_placed else facts.month_ends_on,
        )
    return Gate("limit", _("Within the monthly limit"), refusal, shown)


def _ways_within_the_month(facts: OrderFacts, left: int) -> str:
    if facts.was_placed:
        return _("Wait until the MAR raises your limit, or cancel this order and order less.")
    ways = [_("Order up to %(left)s now.") % {"left": left}] if left else []
    ways.append(_("Wait for next month, or choose the special lane: the MAR then decides about this order."))
    return " ".join(ways)


def is_above_thresholds(facts: OrderFacts) -> bool:
    """Return whether an order is so large that a person looks at it."""
    quantity, amount = _thresholds(facts)
    return facts.quantity >= quantity or facts.amount >= amount


def _thresholds(facts: OrderFacts) -> tuple[int, Decimal]:
    return (
        facts.rules.number("order.special_lane", "quantity"),
        facts.rules.amount("order.special_lane", "amount"),
    )


def lane_of(facts: OrderFacts) -> str:
    """Return the lane an order takes: the asked one, else the recommended one."""
    return facts.lane or recommended_lane(facts)


def recommended_lane(facts: OrderFacts) -> str:
    """Return the lane the portal recommends. An exception is asked for by choosing the special lane."""
    return Lane.SPECIAL.value if is_above_thresholds(facts) else Lane.STANDARD.value


def lane_reason(facts: OrderFacts) -> str:
    """Say why the recommended lane is recommended."""
    if is_above_thresholds(facts):
        quantity, amount = _thresholds(facts)
        return _("From %(quantity)s licences or %(amount)s %(currency)s in one order a person decides.") % {
            "quantity": quantity, "amount": amount, "currency": facts.currency,
        }  # fmt: skip
    return _("Below all thresholds: no person is needed.")


def lane_gate(facts: OrderFacts) -> Gate:
    """Return whether the order may go without a person, or waits for one."""
    quantity, amount = _thresholds(facts)
    shown: dict[str, Any] = {
        _("Lane"): Lane(lane_of(facts)).label,
        _("A person decides from, licences"): quantity,
        _("A person decides from, amount"): f"{amount} {facts.currency}",
    }
    label = _("Lane chosen")
    if lane_of(facts) == Lane.STANDARD:
        if not is_above_thresholds(facts) or facts.was_placed:
            return Gate("lane", label, None, shown)
        refusal = refuse(
            "lane_not_allowed",
            _("An order of this size takes the special lane."),
            rule="ORD-12",
            rule_version=facts.rules.version("order.special_lane"),
            rule_since=facts.rules.since("order.special_lane"),
            facts={
                **shown,
                _("Asked for"): facts.quantity,
                _("This order"): f"{facts.amount} {facts.currency}",
            },
            missing={_("Lane"): Lane.SPECIAL.label},
            next_step=_("Choose the special lane, or order less at a time."),
            lifted_by=_("You, by choosing the special lane"),
            fix_path=facts.again(lane=Lane.SPECIAL.value),
        )
        return Gate("lane", label, refusal, shown)
    if facts.is_approved:
        return Gate("lane", label, None, shown)
    refusal = refuse(
        "needs_approval",
        _("A person of the MAR decides about this order."),
        rule="ORD-11",
        rule_version=facts.rules.version("order.special_lane"),
        rule_since=facts.rules.since("order.special_lane"),
        facts={**shown, _("Asked for"): facts.quantity, _("This order"): f"{facts.amount} {facts.currency}"},
        missing={_("Approval"): _("by a MAR approver")},
        next_step=_("Nothing: the MAR sees all facts on one page and decides. You get a mail."),
        lifted_by=_("A MAR approver"),
    )
    return Gate("lane", label, refusal, shown, OrderState.NEEDS_APPROVAL.value)


def credit_gate(facts: OrderFacts) -> Gate:
    """Return whether the credit limit bears the order beside all that is committed, not billed, not paid."""
    limit = facts.credit_limit or Decimal(0)
    left = max(limit - facts.exposure, Decimal(0))
    shown = {
        _("Credit limit"): f"{limit} {facts.currency}",
        _("Orders that wait"): f"{facts.committed} {facts.currency}",
        _("Keys not yet billed"): f"{facts.unbilled} {facts.currency}",
        _("Unpaid invoices"): f"{facts.unpaid} {facts.currency}",
        _("Left"): f"{left} {facts.currency}",
    }
    refusal = None
    if facts.amount > left:
        refusal = refuse(
            "credit_limit",
            _("This order is over your credit limit."),
            rule="ORD-7",
            facts={**shown, _("This order"): f"{facts.amount} {facts.currency}"},
            missing={
                _("Amount"): f"{facts.amount - max(limit - facts.exposure, Decimal(0))} {facts.currency}"
            },
            next_step=_ways_within_the_credit(facts, left),
            lifted_by=_("The MAR's finance desk"),
            fix_path=facts.again(quantity=_affordable(facts, left)),
        )
    return Gate("credit", _("Within the credit limit"), refusal, shown, OrderState.HELD_CREDIT.value)


def _affordable(facts: OrderFacts, left: Decimal) -> int:
    """Return how many licences the limit bears at this price, 0 where so few would not reach the price."""
    fewer = int(left // facts.unit_price) if facts.unit_price else 0
    return fewer if facts.year_quantity - facts.quantity + fewer >= facts.price_from else 0


def _ways_within_the_credit(facts: OrderFacts, left: Decimal) -> str:
    """Name the ways out that are open: what is not owed cannot be paid, and one licence may be too much."""
    ways = [_("Pay an open invoice.")] if facts.unpaid else []
    affordable = _affordable(facts, left)
    if affordable and not facts.was_placed:
        ways.append(_("Order up to %(left)s now.") % {"left": affordable})
    elif facts.unit_price and left >= facts.unit_price and not facts.was_placed:
        ways.append(_("Order fewer."))
    ways.append(_("Ask the MAR for a higher limit."))
    return " ".join(ways)


def stock_gate(facts: OrderFacts) -> Gate:
    """Return whether free keys are there that nobody waits for."""
    refusal = None
    if facts.available < facts.quantity:
        refusal = out_of_stock(facts)
    return Gate("stock", _("In stock"), refusal, waits_as=OrderState.BACKORDERED.value)


def out_of_stock(facts: OrderFacts) -> Refusal:
    """Return what stands against an order that the stock cannot fill as a whole."""
    free = facts.available
    shown: dict[str, Any] = {_("Asked for"): facts.quantity, _("In stock"): free}
    if facts.queued:
        shown[_("Waiting before you")] = facts.queued
    if facts.is_rationed:
        shown[_("Stock")] = _("shared out by the fair share")
    return refuse(
        "out_of_stock",
        _("There are not enough keys of %(product)s for this order.") % {"product": facts.product_name},
        rule="ORD-8",
        facts=shown,
        missing={_("Keys"): facts.quantity - free},
        next_step=_ways_to_stock(facts, free),
        lifted_by=_("The MAR's next delivery"),
        fix_path=facts.again(quantity=free),
    )


def _ways_to_stock(facts: OrderFacts, free: int) -> str:
    if facts.was_placed:
        return _("Nothing: it keeps its place in the queue and gets its keys from the next delivery.")
    if not free:
        return _("Let the order wait in the queue for the next delivery, or come back then.")
    words = _("Order up to %(free)s now, or let the order wait in the queue for the next delivery.")
    return words % {"free": free}
