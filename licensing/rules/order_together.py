"""What orders that are placed together take from each other: facts of a later one after the earlier ones.

Used by the look at a file before it is ordered, so that it counts what its own rows use up: credit, month,
stock, quota. What the order then does decides in any case; a dearer total is refused (ORF-1).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from licensing.models.order import OrderState
from licensing.rules.order_facts import OrderFacts, VersionFacts
from licensing.rules.order_states import COMMITTED
from licensing.rules.quota import OFFICE, Quota, draws


@dataclass(frozen=True, slots=True)
class Taken:
    """An order before it in the same go: ``now`` keys at once, ``later`` from the queue, in this state."""

    product_id: int
    quantity: int
    now: int
    later: int
    amount: Decimal
    state: str
    quota_kind: str = ""
    product_code: str = ""


def after(facts: OrderFacts, product_id: int, taken: Sequence[Taken]) -> OrderFacts:
    """Return an order's facts as they are once the others were placed before it."""
    same = [each for each in taken if each.product_id == product_id]
    counted = [each for each in taken if each.state in (*COMMITTED, OrderState.ALLOCATED)]
    reserved = sum(each.quantity for each in same if each.state == OrderState.NEEDS_APPROVAL)
    free = facts.free_stock
    if free is not None:
        free = max(free - sum(each.now for each in same) - reserved, 0)
    queued = [
        each for each in same if each.later and each.state in (OrderState.ALLOCATED, OrderState.BACKORDERED)
    ]
    citizenship = facts.citizenship
    if citizenship is not None:
        quota = citizenship.quota
        for each in taken:
            if each.quota_kind:
                quota = _drawn(quota, each, is_same=each.product_id == product_id)
        citizenship = replace(citizenship, quota=quota)
    return replace(
        facts,
        committed=facts.committed + sum((each.amount for each in counted), Decimal(0)),
        ordered_this_month=facts.ordered_this_month + sum(each.quantity for each in taken),
        free_stock=free,
        queued=facts.queued + sum(each.later for each in queued),
        queued_orders=facts.queued_orders + len(queued),
        citizenship=citizenship,
        version=_beside(facts.version, same, taken),
    )


def with_stock_of(facts: OrderFacts, counted: OrderFacts) -> OrderFacts:
    """Return an order's facts with the stock and the queue that were counted for another one of its product."""
    return replace(
        facts, free_stock=counted.free_stock, queued=counted.queued, queued_orders=counted.queued_orders,
        is_rationed=counted.is_rationed, delivered=counted.delivered, arriving=counted.arriving,
    )  # fmt: skip


def _beside(
    version: VersionFacts | None, same: Sequence[Taken], taken: Sequence[Taken]
) -> VersionFacts | None:
    """Return what the partner holds of a pair: keys of the other product, of this one what waits too."""
    if version is None or not version.pair:
        return version
    beside = sum(each.now for each in taken if each.product_code == version.pair_code)
    held = version.held + sum(each.quantity for each in same)
    return replace(version, pair_held=version.pair_held + beside, held=held)


def _drawn(quota: Quota, taken: Taken, *, is_same: bool) -> Quota:
    """Return a quota after an order of either kind; only one of the same product draws on its exceptions."""
    is_office = taken.quota_kind == OFFICE
    quota = replace(
        quota,
        windows=quota.windows + (0 if is_office else taken.now),
        windows_waiting=quota.windows_waiting + (0 if is_office else taken.quantity - taken.now),
        office=quota.office + (taken.quantity if is_office else 0),
    )
    if taken.quota_kind != quota.kind:
        return quota
    drawn = dict(draws(quota, taken.quantity)) if is_same else {}
    left = [replace(each, left=each.left - drawn.get(each.id, 0)) for each in quota.exceptions]
    return replace(quota, used=quota.used + taken.quantity - sum(drawn.values()), exceptions=left)
