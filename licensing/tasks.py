"""The background work of licensing, gathered where Celery looks for it."""

from licensing.tasks_alarms import alarm_velocity
from licensing.tasks_bulk import clear_bulk_files, tell_delivery_key
from licensing.tasks_changes import send_change_notice, send_rule_notice
from licensing.tasks_decoys import tell_decoy
from licensing.tasks_exchange import exchange_cbrs
from licensing.tasks_imports import release_batch, sweep_imports, validate_batch
from licensing.tasks_incidents import tell_incident
from licensing.tasks_orders import (
    complete_orders,
    fill_backorders,
    release_orders,
    sweep_orders,
    tell_order_allocated,
    tell_order_ended,
    tell_order_waits,
)
from licensing.tasks_pools import tidy_pools
from licensing.tasks_prices import send_price_letter, tell_price
from licensing.tasks_quota import send_quota_answer
from licensing.tasks_returns import check_return, tell_recall, tell_return
from licensing.tasks_standing import run_standing_orders, tell_standing_run
from licensing.tasks_stock import count_stock_use, send_stock_alert, watch_stock

__all__ = [
    "alarm_velocity",
    "check_return",
    "clear_bulk_files",
    "complete_orders",
    "count_stock_use",
    "exchange_cbrs",
    "fill_backorders",
    "release_batch",
    "release_orders",
    "run_standing_orders",
    "send_change_notice",
    "send_price_letter",
    "send_quota_answer",
    "send_rule_notice",
    "send_stock_alert",
    "sweep_imports",
    "sweep_orders",
    "tell_decoy",
    "tell_delivery_key",
    "tell_incident",
    "tell_order_allocated",
    "tell_order_ended",
    "tell_order_waits",
    "tell_price",
    "tell_recall",
    "tell_return",
    "tell_standing_run",
    "tidy_pools",
    "validate_batch",
    "watch_stock",
]
