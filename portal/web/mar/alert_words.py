"""Alarms of low stock as screens show them."""

from datetime import datetime
from typing import Any

from licensing.models import StockAlert, StockAlertMail
from licensing.rules.stock_alerts import ends_at
from licensing.selectors.stock_alerts import alerts_of, low_products, threshold_of, undelivered_alerts


def state_of(alert: StockAlert) -> str:
    """Return the state of the dictionary "stock_alert" that an alarm stands in."""
    if alert.occasion == StockAlert.Occasion.TEST:
        return "test"
    return "ended" if alert.ended_at else "open"


def state_of_mail(mail: StockAlertMail) -> str:
    """Return the state of the dictionary "alert_mail" that a mail stands in."""
    if mail.accepted_at:
        return "accepted"
    return "failed" if mail.problem else "queued"


def threshold_card(product_id: int) -> dict[str, Any]:
    """Return what the forecast's page shows of a product's threshold and its last alarms."""
    found = threshold_of(product_id)
    return {
        "threshold": found,
        "ends_at": ends_at(found.below, found.margin_percent) if found else None,
        "alerts": [(alert, state_of(alert)) for alert in alerts_of([product_id]).order_by("-raised_at")[:5]],
    }


def home_notices(permissions: frozenset[str], at: datetime) -> dict[str, Any]:
    """Return what the MAR's home says of stock: alarms nobody heard of, then products that are low."""
    if "stock.view" not in permissions:
        return {}
    return {"undelivered": list(undelivered_alerts(at)), "low": list(low_products())}
