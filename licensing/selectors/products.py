"""Read products with the version that counts at an instant."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Q, QuerySet

from licensing.models.product_version import ProductVersion


def version_at(product_id: int, at: datetime) -> ProductVersion | None:
    """Return the product's version in force: the newest one that has begun, None without one."""
    return _begun(at).filter(product_id=product_id).order_by("-valid_from").first()


def versions_at(at: datetime) -> dict[int, ProductVersion]:
    """Return each product's version in force, by product. One query."""
    found = _begun(at).order_by("product_id", "-valid_from").distinct("product_id")
    return {version.product_id: version for version in found if version.product_id is not None}


def required_fields_at(product_id: int, at: datetime) -> dict[str, Any]:
    """Return the JSON Schema of what each order line of a product must carry, {} for nothing."""
    version = version_at(product_id, at)
    return dict(version.required_fields) if version else {}


def product_versions() -> QuerySet[ProductVersion]:
    """Return every version with its product and people, the newest first. Inside the MAR's scope drafts too."""
    return ProductVersion.objects.select_related("product", "pairs_with", "written_by", "published_by")


def upcoming_versions(at: datetime) -> list[ProductVersion]:
    """Return drafts and versions that are announced and have not begun, the soonest first."""
    states = Q(state=ProductVersion.State.DRAFT) | Q(state=ProductVersion.State.ANNOUNCED, valid_from__gt=at)
    return list(product_versions().filter(states).order_by("valid_from"))


def product_version_by_id(version_id: UUID) -> ProductVersion | None:
    """Return one version, None when there is none."""
    return product_versions().filter(pk=version_id).first()


def _begun(at: datetime) -> QuerySet[ProductVersion]:
    return ProductVersion.objects.select_related("product", "pairs_with").filter(
        state=ProductVersion.State.ANNOUNCED, valid_from__lte=at
    )
