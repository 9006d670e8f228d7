"""A partner's estimates, and what they cost today."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, F, QuerySet, Sum

from licensing.models import Estimate, EstimateLine, Product
from licensing.rules.estimates import Repriced
from licensing.selectors.prices import price_for
from licensing.selectors.products import versions_at


def estimates_of(partner_id: UUID) -> QuerySet[Estimate]:
    """Return a partner's estimates with their number of lines, licences and net total."""
    return Estimate.objects.filter(partner_id=partner_id).annotate(
        line_count=Count("lines"),
        quantity=Sum("lines__quantity"),
        total=Sum(F("lines__unit_price") * F("lines__quantity")),
    )


def estimate_of(partner_id: UUID, estimate_id: UUID) -> Estimate | None:
    """Return one estimate of a partner, None when it is not his."""
    return estimates_of(partner_id).filter(pk=estimate_id).first()


def prices_today(estimate: Estimate, at: datetime) -> list[tuple[EstimateLine, Decimal | None]]:
    """Return each line with what one licence of it costs now, None without a price."""
    found = []
    for line in estimate.lines.select_related("product", "order"):
        price = price_for(estimate.partner_id, line.product_id, line.quantity, at)
        found.append((line, price.amount if price else None))
    return found


def asking_products(estimate: Estimate, at: datetime) -> list[tuple[Product, dict[str, Any]]]:
    """Return the estimate's products that ask an order for details now, each with its schema."""
    versions = versions_at(at)
    products = [line.product for line in estimate.lines.select_related("product")]
    return [
        (product, version.required_fields)
        for product in products
        if (version := versions.get(product.pk)) is not None and version.required_fields
    ]


def repriced(estimate: Estimate, at: datetime) -> list[Repriced]:
    """Return the lines that cost something else now."""
    return [
        Repriced(line.product.name, line.quantity, line.unit_price, now)
        for line, now in prices_today(estimate, at)
        if now != line.unit_price
    ]
