"""Orders and keys as lists and pages show them; no query per row."""

from uuid import UUID

from django.db.models import DecimalField, F, Max, OuterRef, QuerySet, Subquery, Sum

from licensing.models import Build, Device, Order, OrderLine, ProductKey

_LINES = OrderLine.objects.filter(order=OuterRef("pk")).order_by().values("order")


def with_totals(orders: QuerySet[Order]) -> QuerySet[Order]:
    """Add quantity, amount, currency and product name of each order, asked for the rows that are shown alone."""
    amount = Sum(F("unit_price") * F("quantity"), output_field=DecimalField(max_digits=14, decimal_places=2))
    return orders.annotate(
        quantity=Subquery(_LINES.values(found=Sum("quantity"))),
        amount=Subquery(_LINES.values(found=amount)),
        currency=Subquery(_LINES.values(found=Max("currency"))),
        product_name=Subquery(_LINES.values(found=Max("product__name"))),
    )


def orders_of(partner_id: UUID) -> QuerySet[Order]:
    """Return a partner's orders with their totals."""
    return with_totals(Order.objects.filter(partner_id=partner_id))


def all_orders() -> QuerySet[Order]:
    """Return every partner's orders with their totals, in the MAR's scope."""
    return with_totals(Order.objects.select_related("partner"))


def keys_of(partner_id: UUID) -> QuerySet[ProductKey]:
    """Return a partner's keys with what a list shows."""
    return ProductKey.objects.filter(partner_id=partner_id).select_related(
        "product", "order_line__order", "hand_over__device"
    )


def builds_of(partner_id: UUID) -> QuerySet[Build]:
    """Return a partner's reported builds."""
    return Build.objects.filter(partner_id=partner_id).select_related("key__product", "device")


def devices_of(partner_id: UUID) -> QuerySet[Device]:
    """Return a partner's devices."""
    return Device.objects.filter(partner_id=partner_id)


def key_called(product_key_id: str) -> ProductKey | None:
    """Return the key of this id, else the newest undone one that had it, in the MAR's scope."""
    # Two look-ups by index; one with OR over the join would read every key.
    key = all_keys().filter(product_key_id=product_key_id).first()
    return key or all_keys().filter(undone__product_key_id=product_key_id).order_by("-pk").first()


def all_keys() -> QuerySet[ProductKey]:
    """Return every key with what a page shows, in the MAR's scope."""
    return ProductKey.objects.select_related(
        "product", "partner", "fulfilment", "order_line__order", "hand_over__device"
    )
