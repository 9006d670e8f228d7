"""Rule CMP-11: keys that were taken and not reported stop new orders, later the taking of keys too."""

from licensing.rules.programme_rules import Ruleset
from partners.rules.partner_states import Extent


def ages_of(rules: Ruleset) -> tuple[int, int, int]:
    """Return the rule's three ages in days: reminder, no new orders, no keys."""
    remind, orders, keys = (
        rules.number("report.ageing", name) for name in ("remind_days", "stop_orders_days", "stop_keys_days")
    )
    return remind, orders, keys


def extent_for(counts: tuple[int, int, int, int]) -> Extent | None:
    """Return what is stopped: by counts within the first age, then past each of the rule's three ages."""
    if counts[3]:
        return Extent.ALL
    return Extent.ORDERS if counts[2] else None
