"""The demo's forecast: terms of supply, an alarm that was delivered, a call-off under way and a late one."""

from datetime import datetime, timedelta

from core.actor import Actor
from core.tenancy import mar_scope
from licensing.models import Fulfilment, StockAlertMail
from licensing.rules.call_off import Terms
from licensing.selectors.call_offs import proposal_of
from licensing.services.call_offs import NewCallOff, assign_delivery, mark_called_off, set_supply_terms
from licensing.services.stock_alerts import NewThreshold, send_alert_mail, set_threshold, watch_stock
from licensing.services.stock_use import count_use
from partners.models.membership import Role
from portal.demo.history import Stage

PRO, SCARCE = "WIN11-PRO-REF-COM", "WIN10-HOME-REF-COM"
LATE_REFERENCE, COMING_REFERENCE = "CO-4500118", "CO-4500123"
MISSING = 25  # keys below the threshold
USUAL = 60  # keys called off when the proposal says nothing


def plan_stock(stage: Stage, *, now: datetime) -> None:
    """Let the stock keeper plan: the common product is low and called off, the scarce one comes late."""
    keeper = stage.cast.staff("stefan")
    pro, scarce = stage.products[PRO], stage.products[SCARCE]
    today = now.date()
    with mar_scope():
        count_use(at=now)
        set_supply_terms(pro.pk, Terms(21, 14, 10, 50), by=keeper, at=now - timedelta(days=40))
        late = mark_called_off(
            scarce.pk, NewCallOff(LATE_REFERENCE, 90, today - timedelta(days=4)), by=keeper,
            at=now - timedelta(days=25),
        )  # fmt: skip
        third = Fulfilment.objects.filter(product=scarce, received_at__gte=now - timedelta(days=1)).first()
        if third is not None:
            assign_delivery(late.pk, number=third.number, by=keeper, at=now - timedelta(hours=6))
        found = proposal_of(pro, at=now)
        # In keys: it stays low though keys are on their way.
        below = found.forecast.stock + MISSING
        set_threshold(
            pro.pk, NewThreshold("keys", below, 10, [Role.MAR_STOCK.value, Role.MAR_ADMIN.value], []), by=keeper,
            at=now - timedelta(hours=3),
        )  # fmt: skip
        watch_stock(by=Actor.system("stock watch"), at=now - timedelta(hours=2))
        for mail_id in StockAlertMail.objects.values_list("pk", flat=True):
            send_alert_mail(mail_id, at=now - timedelta(minutes=119))
        mark_called_off(
            pro.pk,
            NewCallOff(COMING_REFERENCE, found.proposal.quantity or USUAL, today + timedelta(days=16)),
            by=keeper,
            at=now - timedelta(hours=1),
        )
