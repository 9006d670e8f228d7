"""Tell the queue of a product that keys are free: after a delivery, a cancellation, a reservation's end."""

from datetime import datetime

from core.queue import enqueue
from licensing.models import BackOrder


def announce_free_stock(product_id: int, *, at: datetime) -> bool:
    """Let the queue of a product be served once this transaction commits, if somebody waits in it.

    Runs in the MAR's scope: a partner sees his own place of the queue only.
    """
    if not BackOrder.objects.filter(product_id=product_id, ended_at__isnull=True).exists():
        return False
    enqueue("licensing.fill_backorders", at=at, product_id=product_id)
    return True
