"""Files of keys as a partner's pages show them."""

from uuid import UUID

from django.db.models import Count, QuerySet

from licensing.models import BulkHandOver, DeliveryKey, ProductKey
from licensing.rules.key_states import Hold, KeyState


def files_of(partner_id: UUID) -> QuerySet[BulkHandOver]:
    """Return a partner's files, never their content."""
    return (
        BulkHandOver.objects.filter(partner_id=partner_id)
        .select_related("product", "delivery_key")
        .prefetch_related("lines__hand_over__device", "lines__hand_over__key")
        .defer("content")
    )


def public_key_of(partner_id: UUID) -> DeliveryKey | None:
    """Return the public key in force or waiting."""
    return DeliveryKey.objects.filter(partner_id=partner_id, ended_at__isnull=True).first()


def assigned_products(partner_id: UUID) -> list[tuple[int, str]]:
    """Return the products of which the partner has keys nobody has taken, with their number."""
    keys = ProductKey.objects.filter(partner_id=partner_id, state=KeyState.ASSIGNED, hold=Hold.NONE)
    found = keys.values_list("product_id", "product__name").annotate(Count("id")).order_by("product__name")
    return [(product_id, f"{name} ({count})") for product_id, name, count in found]
