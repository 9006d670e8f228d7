"""Which products are shared out, what waits for them, and what each run gave."""

from dataclasses import dataclass
from uuid import UUID

from django.db.models import Count, QuerySet, Sum

from licensing.models import AllocationReceipt, AllocationRun, BackOrder, Product, ScarcityPolicy
from licensing.selectors.catalogue import free_by_product


@dataclass(frozen=True, slots=True)
class ProductQueue:
    """One product in the allocation console."""

    product: Product
    free: int
    orders: int
    keys: int
    policy: ScarcityPolicy | None


def open_policy(product_id: int) -> ScarcityPolicy | None:
    """Return the fair share that is asked for or in force."""
    return ScarcityPolicy.objects.filter(product_id=product_id, ended_at__isnull=True).first()


def policy_in_force(product_id: int) -> ScarcityPolicy | None:
    """Return the fair share that is in force."""
    found = open_policy(product_id)
    return found if found and found.confirmed_at else None


def product_queues() -> list[ProductQueue]:
    """Return every product with its free keys, its queue and how it is shared. In the MAR's scope."""
    products = list(Product.objects.order_by("name"))
    free = free_by_product([product.pk for product in products])
    queues = {
        product_id: (orders, keys)
        for product_id, orders, keys in BackOrder.objects.filter(ended_at__isnull=True)
        .values_list("product_id")
        .annotate(orders=Count("pk"), keys=Sum("quantity"))
        .order_by()
    }
    open_ = ScarcityPolicy.objects.filter(ended_at__isnull=True).select_related("proposed_by", "confirmed_by")
    policies = {policy.product_id: policy for policy in open_}
    return [
        ProductQueue(
            product, free[product.pk], *queues.get(product.pk, (0, 0)), policies.get(product.pk)
        )
        for product in products
    ]  # fmt: skip


def queue_rows(product_id: int) -> QuerySet[BackOrder]:
    """Return a product's queue in its order. In the MAR's scope."""
    waiting = BackOrder.objects.filter(product_id=product_id, ended_at__isnull=True)
    return waiting.select_related("partner", "order_line__order").order_by("queued_at", "place")


def runs_of(product_id: int) -> QuerySet[AllocationRun]:
    """Return a product's runs, newest first. In the MAR's scope."""
    return AllocationRun.objects.filter(product_id=product_id).prefetch_related("receipts__partner")


def receipts_of(partner_id: UUID) -> QuerySet[AllocationReceipt]:
    """Return a partner's own receipts, newest first."""
    return AllocationReceipt.objects.filter(partner_id=partner_id).select_related("product")
