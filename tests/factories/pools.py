"""Pools of stock for tests: asked for and opened by two people, filled on wish."""

from itertools import count
from typing import Any

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import Product, StockPool
from licensing.services.pools import PoolWish, ask_pool, move_to_pool, open_pool
from partners.models import Partner
from tests.factories import AT, actor_for, make_member

_numbers = count(1)


def keepers() -> tuple[Actor, Actor]:
    """Return two people of the MAR."""
    return actor_for(make_member("mar_stock")), actor_for(make_member("mar_approver"))


def pool_wish(product: Product, *partners: Partner, **changes: Any) -> PoolWish:
    """Return a wish for a pool of a product for these partners."""
    facts: dict[str, Any] = {
        "code": f"pool-{next(_numbers)}", "name": "School project", "product_id": product.pk, "valid_from": AT,
        "partner_ids": [partner.pk for partner in partners],
    }  # fmt: skip
    return PoolWish(**facts | changes)


def make_pool(product: Product, *partners: Partner, keys: int = 0, **changes: Any) -> StockPool:
    """Return an open pool with so many keys of the general stock in it."""
    first, second = keepers()
    with mar_scope():
        pool = ask_pool(pool_wish(product, *partners, **changes), by=first, at=AT)
        open_pool(pool.pk, by=second, at=AT)
        if keys:
            move_to_pool(pool.pk, keys, reason="For the schools", by=first, at=AT)
    return pool


def pooled(product: Product) -> dict[int, int]:
    """Return how many free keys of a product lie in each pool; 0 is the general stock."""
    from licensing.models import ProductKey

    with mar_scope():
        pools = ProductKey.objects.filter(product=product, state=1, hold="none").values_list(
            "pool", flat=True
        )
        return {pool: list(pools).count(pool) for pool in set(pools)}
