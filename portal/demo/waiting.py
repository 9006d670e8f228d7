"""Orders that wait: one for each reason, and a scarce product that two people share out."""

from dataclasses import replace
from datetime import datetime, time, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID, uuid5

from core.errors import DomainError
from core.tenancy import mar_scope, partner_scope
from licensing.models import Lane
from licensing.services.fair_share import confirm_fair_share, propose_fair_share, share_stock
from licensing.services.limits import approve_limit, change_limit
from licensing.services.order_cancel import cancel_own_order
from licensing.services.order_files import keep_order_file, place_order_file
from licensing.services.order_release import expire_order
from licensing.services.orders import OrderRequest, place_order
from licensing.services.standing_orders import StandingLine, StandingWish, make_standing_order
from licensing.services.standing_runs import run_standing_order
from partners.services.standing import restrict_partner
from portal.demo.history import NAMESPACE, Stage, deliver

PRO, SCARCE = "WIN11-PRO-REF-COM", "WIN10-HOME-REF-COM"


def leave_waiting(stage: Stage, *, now: datetime) -> None:
    """Leave one order in each state that waits, one cancelled, one expired."""
    _order(stage, "TPR-0001", PRO, 40, now - timedelta(hours=5), lane=Lane.SPECIAL,
           wish="Tender of the city of Hamburg: 40 laptops for two schools, delivery in four weeks.")  # fmt: skip
    _hold_for_credit(stage, "TPR-0009", now - timedelta(days=2))
    with mar_scope():
        restrict_partner(
            stage.cast.partners["TPR-0010"].pk, kind="orders", orders_wait=True, by=stage.cast.staff("marta"),
            at=now - timedelta(hours=30), reason="Two wiping certificates are missing.",
            next_step="Hand the two certificates in; your orders go on by themselves.",
        )  # fmt: skip
    _order(stage, "TPR-0010", PRO, 3, now - timedelta(hours=28))
    _order(stage, "TPR-0003", PRO, 5, now - timedelta(minutes=10), reserve_minutes=120, channel="api")
    late = _order(stage, "TPR-0003", PRO, 2, now - timedelta(hours=4), reserve_minutes=30, channel="api")
    if late:
        with mar_scope():
            expire_order(late, at=now - timedelta(hours=3))
    wrong = _order(stage, "TPR-0005", PRO, 2, now - timedelta(hours=9), reference="Typed twice")
    if wrong:
        partner_id = stage.cast.partners["TPR-0005"].pk
        with partner_scope(partner_id):
            cancel_own_order(
                wrong, partner_id=partner_id, reason="Ordered twice", by=stage.cast.owner("TPR-0005"),
                at=now - timedelta(hours=8),
            )  # fmt: skip
    _order_by_file(stage, now)
    _agree_on_germany(stage, "TPR-0002", now - timedelta(days=4))
    _stand(stage, now)
    _share_out(stage, now)


def _order_by_file(stage: Stage, now: datetime) -> None:
    """Let one partner order by file, and leave a second file of his to be looked at."""
    partner_id, by = stage.cast.partners["TPR-0001"].pk, stage.cast.owner("TPR-0001")
    header = "order_reference,product,quantity,if_short\n"
    with partner_scope(partner_id):
        week = keep_order_file(
            partner_id, f"{header}SHOP-2041,{PRO},3,refuse\nSHOP-2042,{PRO},2,refuse\n".encode(),
            file_name="orders-week-46.csv", by=by, at=now - timedelta(hours=6),
        )  # fmt: skip
        place_order_file(week.pk, is_partial=True, by=by, at=now - timedelta(hours=6))
        rows = f"SHOP-2051,{PRO},4,refuse\nSHOP-2051,{SCARCE},60,refuse\nSHOP-2052,{PRO},2,refuse\n"
        keep_order_file(
            partner_id, (header + rows).encode(), file_name="orders-week-47.csv", by=by,
            at=now - timedelta(minutes=20),
        )  # fmt: skip


def _stand(stage: Stage, now: datetime) -> None:
    """Let one partner order every week by itself: one that was ordered, and one that was refused and waits."""
    partner_id, by = stage.cast.partners["TPR-0001"].pk, stage.cast.owner("TPR-0001")
    made = now - timedelta(days=5)
    lines = [StandingLine(PRO, 3)]
    wish = StandingWish(
        "Shop stock", lines, "weekly", (now - timedelta(days=2)).date(), time(7), "Europe/Berlin"
    )
    scarce = replace(
        wish,
        name="Schools",
        lines=[StandingLine(SCARCE, 400)],
        if_refused="hold",
    )
    with partner_scope(partner_id):
        for one in (wish, scarce):
            order = make_standing_order(partner_id, one, by=by, at=made)
            while order.next_at is not None and order.next_at <= now - timedelta(hours=8):
                run_standing_order(order.pk, at=order.next_at + timedelta(minutes=1))
                order.refresh_from_db()


def _share_out(stage: Stage, now: datetime) -> None:
    """Let three partners queue for Windows 10 Home, and share a late, small delivery out."""
    product_id = stage.products[SCARCE].pk
    with mar_scope():
        policy = propose_fair_share(
            product_id, reason="Microsoft delivers a third of what we called off.", by=stage.cast.staff("marta"),
            at=now - timedelta(days=3),
        )  # fmt: skip
        confirm_fair_share(policy.pk, by=stage.cast.staff("jonas"), at=now - timedelta(days=3))
    for place, (code, quantity) in enumerate((("TPR-0001", 300), ("TPR-0003", 150), ("TPR-0005", 120))):
        _order(stage, code, SCARCE, quantity, now - timedelta(days=2, minutes=-place), may_queue=True)
    deliver(stage, quantities={SCARCE: 30}, at=now - timedelta(hours=7), seed="scarce")
    share_stock(product_id, at=now - timedelta(hours=6))


def _hold_for_credit(stage: Stage, code: str, at: datetime) -> None:
    """Take a partner's credit away and let him order; the desk proposes to give it back, a second person decides."""
    partner_id, desk = stage.cast.partners[code].pk, stage.cast.staff("franziska")
    with mar_scope():
        change_limit(
            partner_id, kind="credit", after=Decimal(0), at=at, by=desk,
            reason="Two invoices are open for eight weeks.",
        )  # fmt: skip
    _order(stage, code, PRO, 4, at + timedelta(minutes=1), reference="Workshop May")
    with mar_scope():
        change_limit(
            partner_id, kind="credit", after=Decimal(2_000), at=at + timedelta(hours=30), by=desk,
            reason="Both invoices are paid; a smaller limit than before for half a year.",
        )  # fmt: skip


def _agree_on_germany(stage: Stage, code: str, at: datetime) -> None:
    """Let a partner from abroad sell to Germany: proposed by one person, approved by another."""
    with mar_scope():
        asked = change_limit(
            stage.cast.partners[code].pk, kind="country", country="DE", after=Decimal(1), at=at,
            by=stage.cast.staff("marta"), reason="Sells to schools beyond the border; the contract's annex says so.",
        )  # fmt: skip
        approve_limit(asked.pk, by=stage.cast.staff("jonas"), at=at + timedelta(hours=2))


def _order(stage: Stage, code: str, product: str, quantity: int, at: datetime, **more: Any) -> UUID | None:
    """Place an order as its partner's owner; None when his gates refuse it in this story."""
    partner_id = stage.cast.partners[code].pk
    try:
        with partner_scope(partner_id):
            placed = place_order(
                partner_id=partner_id,
                request=OrderRequest(stage.products[product].pk, quantity, **more),
                idempotency_key=str(uuid5(NAMESPACE, f"waits:{code}:{product}:{at.isoformat()}:{quantity}")),
                by=stage.cast.owner(code),
                at=at,
            )
    except DomainError:
        return None
    return placed.order_id
