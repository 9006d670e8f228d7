"""Versions of products: what they ask of an order."""

from datetime import datetime, timedelta
from typing import Any

from core.tenancy import mar_scope
from licensing.models import Product
from licensing.models.product_version import ProductVersion
from tests.factories import AT, make_user


def make_version(
    product: Product, *, since: datetime = AT - timedelta(days=9), **fields: Any
) -> ProductVersion:
    """Return an announced version of a product, in force since an instant."""
    with mar_scope():
        version = ProductVersion.objects.create(
            product=product,
            state="draft",
            valid_from=since,
            written_by=make_user(),
            written_at=since,
            **fields,
        )
        version.state, version.published_by, version.announced_at = "announced", make_user(), since
        version.save()
    return version
