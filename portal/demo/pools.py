"""Stock kept apart: a pool with keys, one that waits for its second person, and a wrong delivery that was stopped."""

from datetime import datetime, timedelta

from core.tenancy import mar_scope
from licensing.models import KeyBatch
from licensing.services.batch_undo import stop_batch
from licensing.services.pools import PoolWish, ask_pool, move_to_pool, open_pool
from portal.demo.history import Stage, deliver

PRO = "WIN11-PRO-REF-COM"
POOLED, WRONG = 40, 12


def keep_apart(stage: Stage, *, now: datetime) -> None:
    """Fill one pool, ask for another, and stop a small delivery that came under the wrong product."""
    keeper, at = stage.cast.staff("stefan"), now - timedelta(days=6)
    partners, product_id = stage.cast.partners, stage.products[PRO].pk
    deliver(stage, quantities={PRO: POOLED}, at=at - timedelta(hours=2), seed="pooled")
    with mar_scope():
        pool = ask_pool(
            PoolWish(
                "SCHOOLS-Q4", "Schools of the fourth quarter", product_id, at, now + timedelta(days=45),
                branches=["former_rrp"], partner_ids=[partners["TPR-0001"].pk, partners["TPR-0005"].pk],
                note="Agreed with the ministry: 40 laptops a house.",
            ),
            by=keeper, at=at,
        )  # fmt: skip
        open_pool(pool.pk, by=stage.cast.staff("jonas"), at=at + timedelta(hours=1))
        move_to_pool(pool.pk, POOLED, reason="The first call-off of the project", by=keeper, at=at)
        ask_pool(
            PoolWish("VOLUME-WINTER", "Volume partners in winter", product_id, now, tiers=["volume"]),
            by=stage.cast.staff("marta"), at=now - timedelta(hours=3),
        )  # fmt: skip
    deliver(stage, quantities={PRO: WRONG}, at=now - timedelta(hours=26), seed="wrong")
    with mar_scope():
        wrong = KeyBatch.objects.get(file_name__startswith="fulfilment-wrong-")
        stop_batch(
            wrong.pk,
            reason="Microsoft’s invoice says Home, not Pro.",
            by=keeper,
            at=now - timedelta(hours=20),
        )
