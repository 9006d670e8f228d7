"""Rule CMP-11: keys that were taken and not reported stop new orders, later the taking of keys too."""

from partners.rules.partner_states import Extent


def extent_for(counts: tuple[int, int, int, int]) -> Extent | None:
    """Return what is stopped: by counts within the first age, then past each of the rule's three ages."""
    if counts[3]:
        return Extent.ALL
    return Extent.ORDERS if counts[2] else None
