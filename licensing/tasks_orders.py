"""The background work that follows an order."""

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog
from celery import shared_task
from django.utils import timezone

from core.models import User
from core.outbox import WorkTask
from core.tenancy import mar_scope
from licensing.models import Order
from licensing.rules.order_states import WAITING
from licensing.selectors.orders import orders_of
from licensing.selectors.scarcity import policy_in_force
from licensing.services import order_completion, order_confirm, order_queue, order_release
from licensing.services.fair_share import share_stock
from licensing.services.order_letters import allocated, ended, waiting
from partners.services.mails import send_letter

log = structlog.get_logger(__name__)


@shared_task(name="licensing.complete_orders", base=WorkTask)  # type: ignore[untyped-decorator]
def complete_orders(**_kwargs: Any) -> int:
    """End orders whose every key has Microsoft's answer."""
    return order_completion.complete_orders(at=timezone.now())


class _OwnScope(WorkTask):
    scope = "own"


@shared_task(name="licensing.release_orders", base=WorkTask)  # type: ignore[untyped-decorator]
def release_orders(partner_id: str, cause: str) -> int:
    """Look again at a partner's held orders after something that stood against them has ended."""
    return order_release.release_orders(cause, partner_id=UUID(partner_id), at=timezone.now())


@shared_task(name="licensing.fill_backorders", base=_OwnScope)  # type: ignore[untyped-decorator]
def fill_backorders(product_id: int) -> int:
    """Serve the queue of a product: keys have become free."""
    return _serve(int(product_id), timezone.now())


def _serve(product_id: int, at: datetime) -> int:
    """Serve a queue by the policy of its product."""
    with mar_scope():
        is_shared = policy_in_force(product_id) is not None
    return share_stock(product_id, at=at) if is_shared else order_queue.fill_backorders(product_id, at=at)


@shared_task(name="licensing.sweep_orders", base=_OwnScope)  # type: ignore[untyped-decorator]
def sweep_orders(**_kwargs: Any) -> int:
    """Expire what waited too long, and find what a lost message left waiting; one that fails holds up no other."""
    now = timezone.now()
    with mar_scope():
        due = order_release.orders_due(now)
    expired = sum(_apart(_expire, order_id, now) for order_id in due)
    with mar_scope():
        overdue = order_confirm.overdue_reservations(now)
    for line_id, partner_id in overdue:
        _apart(_let_go, line_id, partner_id, now)
    with mar_scope():
        partners = order_release.partners_with_held_orders()
    for partner_id in partners:
        _apart(_release, partner_id, now)
    with mar_scope():
        products = order_queue.products_with_a_queue()
    return expired + sum(_apart(_serve, product_id, now) for product_id in products)


def _apart(act: Callable[..., int], *arguments: Any) -> int:
    """Do one piece of the sweep; what fails is tried again by the next beat."""
    try:
        return act(*arguments)
    except Exception as error:
        log.exception("orders.sweep_failed", act=act.__name__, error=type(error).__name__)
        return 0


def _expire(order_id: UUID, at: datetime) -> int:
    with mar_scope():
        return order_release.expire_order(order_id, at=at)


def _let_go(line_id: UUID, partner_id: UUID, at: datetime) -> int:
    with mar_scope():
        return order_confirm.free_overdue_reservation(line_id, partner_id=partner_id, at=at)


def _release(partner_id: UUID, at: datetime) -> int:
    with mar_scope():
        return order_release.release_orders("sweep", partner_id=partner_id, at=at)


class _PartnerScope(WorkTask):
    scope = "partner"


@shared_task(name="licensing.tell_order_allocated", base=_PartnerScope)  # type: ignore[untyped-decorator]
def tell_order_allocated(partner_id: str, order_id: str) -> int:
    """Tell the buyer that his keys are assigned. The mail holds no key, only the way to the order."""
    order = orders_of(UUID(partner_id)).get(pk=UUID(order_id))
    buyer = _buyer_of(order)
    if buyer is None:
        return 0
    return send_letter(allocated(order, buyer), to=[buyer.email], identity=f"order.allocated.{order.pk}")


@shared_task(name="licensing.tell_order_waits", base=_PartnerScope)  # type: ignore[untyped-decorator]
def tell_order_waits(partner_id: str, order_id: str) -> int:
    """Tell the buyer why his order waits, what ends the wait, and until when it may."""
    order = orders_of(UUID(partner_id)).get(pk=UUID(order_id))
    buyer = _buyer_of(order)
    if buyer is None or order.state not in WAITING:
        return 0
    step = f"{order.state}.{order.waits_since:%Y%m%d%H%M%S}"
    return send_letter(waiting(order, buyer), to=[buyer.email], identity=f"order.waits.{order.pk}.{step}")


@shared_task(name="licensing.tell_order_ended", base=_PartnerScope)  # type: ignore[untyped-decorator]
def tell_order_ended(partner_id: str, order_id: str) -> int:
    """Tell the buyer that his order ended without keys, and why."""
    order = orders_of(UUID(partner_id)).get(pk=UUID(order_id))
    buyer = _buyer_of(order)
    if buyer is None:
        return 0
    return send_letter(ended(order, buyer), to=[buyer.email], identity=f"order.ended.{order.pk}")


def _buyer_of(order: Order) -> User | None:
    try:
        return User.objects.filter(pk=UUID(order.placed_by_id), is_active=True).first()
    except ValueError:  # a station's or the portal's own id
        return None
