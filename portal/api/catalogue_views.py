"""The catalogue by API: price and stock, and the schema of what each order line must say."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from licensing.models.product_version import ProductVersion
from licensing.selectors.catalogue import catalogue_for
from licensing.selectors.products import versions_at
from portal.api.etags import answer_with_etag
from portal.api.views import PartnerView


class CatalogueView(PartnerView):
    """What can be ordered."""

    required_scope = "orders:read"

    @extend_schema(
        responses=inline_serializer(
            "Product",
            {
                "code": serializers.CharField(),
                "name": serializers.CharField(),
                "lpn": serializers.CharField(),
                "family": serializers.CharField(),
                "is_allowed": serializers.BooleanField(
                    help_text="Whether your contract includes its family."
                ),
                "price": serializers.DecimalField(10, 2, allow_null=True),
                "list_price": serializers.DecimalField(
                    10, 2, allow_null=True, help_text="The book's, above the price by a discount."
                ),
                "steps": inline_serializer(
                    "PriceStep",
                    {
                        "from_quantity": serializers.IntegerField(
                            help_text="Licences of the book in the year."
                        ),
                        "price": serializers.DecimalField(10, 2),
                        "is_reached": serializers.BooleanField(),
                    },
                    many=True,
                ),
                "currency": serializers.CharField(),
                "in_stock": serializers.IntegerField(),
                "next_price": serializers.DecimalField(10, 2, allow_null=True),
                "next_price_from": serializers.DateTimeField(allow_null=True),
                "required_fields": serializers.DictField(),
                "languages": serializers.ListField(child=serializers.CharField()),
                "countries": serializers.ListField(child=serializers.CharField()),
                "min_hardware": serializers.DictField(),
                "pairs_with": serializers.CharField(allow_null=True),
            },
            many=True,
        )
    )
    def get(self, request: Request) -> Response:
        """Return the products on sale with this partner's price, the free stock, and what an order line must say."""
        now = timezone.now()
        versions = versions_at(now)
        return answer_with_etag(
            request,
            [
                {
                    "code": item.product.code,
                    "name": item.product.name,
                    "lpn": item.product.lpn,
                    "family": item.product.family,
                    "is_allowed": item.is_allowed,
                    "price": None if item.price is None else str(item.price),
                    "list_price": None if item.list_price is None else str(item.list_price),
                    "steps": [
                        {
                            "from_quantity": step.min_quantity,
                            "price": str(step.amount),
                            "is_reached": step.is_reached,
                        }
                        for step in item.steps
                    ],
                    "currency": item.currency,
                    "in_stock": item.free,
                    "next_price": str(item.ahead.after)
                    if item.ahead and item.ahead.after is not None
                    else None,
                    "next_price_from": item.ahead.at if item.ahead else None,
                    **_version(versions.get(item.product.pk)),
                }
                for item in catalogue_for(partner_id=self.partner_id, at=now)
            ],
        )


def _version(version: ProductVersion | None) -> dict[str, Any]:
    """Return what a product fits and asks for today; nothing where it has no version."""
    return {
        "required_fields": version.required_fields if version else {},
        "languages": version.languages if version else [],
        "countries": version.countries if version else [],
        "min_hardware": version.min_hardware if version else {},
        "pairs_with": version.pairs_with.code if version and version.pairs_with else None,
    }
