"""How long an order waits, and how long keys are kept for it: read from the rules in force."""

from datetime import datetime, timedelta

from licensing.models.order import OrderState
from licensing.rules.programme_rules import Ruleset

# What past deliveries tell about the next ones.
DELIVERIES_LOOK_BACK = timedelta(days=180)


def waits_for(state: OrderState, rules: Ruleset) -> timedelta:
    """Return how long an order waits in a state before it expires."""
    name = "queued_days" if state == OrderState.BACKORDERED else "held_days"
    return rules.days("order.waiting", name)


def reserved_until(rules: Ruleset, at: datetime) -> datetime:
    """Return until when keys are kept for an order that waits for an approval."""
    return at + timedelta(hours=rules.number("order.reservation", "hours"))
