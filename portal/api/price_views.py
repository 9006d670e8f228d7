"""Prices ahead and estimates by API."""

from decimal import Decimal
from typing import Any

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from licensing.models import Estimate, EstimateLine
from licensing.selectors.estimates import estimate_of, estimates_of
from licensing.selectors.prices_ahead import prices_ahead
from licensing.services.estimates import order_estimate, write_estimate
from portal.actors import actor_of
from portal.api.views import PROBLEM, PartnerView


class EstimateLineSerializer(serializers.ModelSerializer[EstimateLine]):
    """A line of an estimate, net, and the order that it became."""

    product = serializers.CharField(source="product.code")

    class Meta:
        model = EstimateLine
        fields = ("product", "quantity", "unit_price", "order")


class EstimateSerializer(serializers.ModelSerializer[Estimate]):
    """An estimate with its lines."""

    number = serializers.CharField(source="__str__")
    state = serializers.SerializerMethodField()
    lines = EstimateLineSerializer(many=True)

    class Meta:
        model = Estimate
        fields = ("id", "number", "reference", "state", "currency", "written_at", "valid_before", "lines")

    def get_state(self, estimate: Estimate) -> str:
        """Return open, lapsed, ordered or withdrawn."""
        return estimate.state_at(timezone.now())


class WantedLineSerializer(serializers.Serializer[Any]):
    """A product by its code, and how many."""

    product = serializers.CharField(max_length=30)
    quantity = serializers.IntegerField(min_value=1, max_value=100_000)


class WantedEstimateSerializer(serializers.Serializer[Any]):
    """What is to be estimated."""

    lines = serializers.ListField(child=WantedLineSerializer(), allow_empty=False, max_length=20)
    reference = serializers.CharField(max_length=60, required=False, default="", allow_blank=True)


class PricesAheadView(PartnerView):
    """What licences will cost."""

    required_scope = "orders:read"

    @extend_schema(
        responses=inline_serializer(
            "PriceAhead",
            {
                "product": serializers.CharField(),
                "quantity": serializers.IntegerField(
                    help_text="The size of the order it is told for: 1, or a threshold of a year not reached yet."
                ),
                "valid_from": serializers.DateTimeField(),
                "price_now": serializers.DecimalField(10, 2, allow_null=True),
                "price_then": serializers.DecimalField(10, 2, allow_null=True),
                "currency": serializers.CharField(),
                "ordered_in_90_days": serializers.IntegerField(),
                "effect_on_90_days": serializers.DecimalField(14, 2, allow_null=True),
            },
            many=True,
        )
    )
    def get(self, request: Request) -> Response:
        """Return every announced change of this partner's prices, with what it means for his last 90 days."""
        return Response(
            [
                {
                    "product": one.code,
                    "quantity": one.quantity,
                    "valid_from": one.at,
                    "price_now": _text(one.before),
                    "price_then": _text(one.after),
                    "currency": one.currency,
                    "ordered_in_90_days": one.ordered,
                    "effect_on_90_days": _text(one.effect),
                }
                for one in prices_ahead(self.partner_id, timezone.now())
            ]
        )


def _text(amount: Decimal | None) -> str | None:
    """Return an amount as text: JSON's own numbers are floats."""
    return None if amount is None else str(amount)


class EstimatesView(PartnerView):
    """List and write estimates."""

    required_scope = {"GET": "orders:read", "POST": "orders:write"}

    @extend_schema(responses=EstimateSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List this partner's estimates, newest first."""
        found = estimates_of(self.partner_id).prefetch_related("lines__product")
        return self.page(found, EstimateSerializer, "-number")

    @extend_schema(request=WantedEstimateSerializer, responses={201: EstimateSerializer, 422: PROBLEM})
    def post(self, request: Request) -> Response:
        """Write an estimate. It reserves nothing."""
        wanted = self.cleaned(WantedEstimateSerializer)
        estimate = write_estimate(
            self.partner_id,
            [(line["product"], line["quantity"]) for line in wanted["lines"]],
            reference=wanted["reference"],
            by=actor_of(request._request),
            at=timezone.now(),
        )
        return Response(EstimateSerializer(estimate).data, status=201)


class EstimateView(PartnerView):
    """One estimate."""

    required_scope = "orders:read"

    @extend_schema(responses={200: EstimateSerializer, 404: PROBLEM})
    def get(self, request: Request, estimate_id: Any) -> Response:
        """Return one of this partner's estimates."""
        estimate = estimate_of(self.partner_id, estimate_id)
        if estimate is None:
            raise Http404
        return Response(EstimateSerializer(estimate).data)


class EstimateOrderSerializer(serializers.Serializer[Any]):
    """The total that was seen, where it is not the estimate's own, and what products ask for."""

    accepted_total = serializers.DecimalField(
        12,
        2,
        required=False,
        allow_null=True,
        default=None,
        help_text="Today's total, when it is another than the estimate's. It never becomes dearer.",
    )
    details = serializers.DictField(
        child=serializers.DictField(),
        required=False,
        default=dict,
        help_text="By product code, what each asks for: the schema stands in the catalogue as required_fields.",
    )


class EstimateOrderView(PartnerView):
    """Turn an estimate into orders."""

    required_scope = "orders:write"

    @extend_schema(
        request=EstimateOrderSerializer,
        responses={200: EstimateSerializer, 404: PROBLEM, 409: PROBLEM, 422: PROBLEM},
    )
    def post(self, request: Request, estimate_id: Any) -> Response:
        """Order an estimate, all lines or none, exactly once; ``lines`` then names the orders."""
        wanted = self.cleaned(EstimateOrderSerializer)
        estimate = order_estimate(
            estimate_id,
            accepted_total=wanted["accepted_total"],
            details=wanted["details"],
            channel="api",
            by=actor_of(request._request),
            at=timezone.now(),
        )
        return Response(EstimateSerializer(estimate).data)
