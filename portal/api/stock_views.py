"""How long the partner's own keys last, by API."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from licensing.rules.forecast import Answer, Confidence
from licensing.selectors.partner_forecast import OwnForecast, own_forecasts
from portal.api.views import PartnerView


class StockForecastView(PartnerView):
    """When do my keys run out?"""

    required_scope = "orders:read"

    @extend_schema(
        responses=inline_serializer(
            "StockForecast",
            {
                "product": serializers.CharField(),
                "answer": serializers.ChoiceField([answer.value for answer in Answer]),
                "unspent": serializers.IntegerField(),
                "waiting": serializers.IntegerField(),
                "used_per_week": serializers.DecimalField(12, 2, allow_null=True),
                "early_on": serializers.DateField(allow_null=True),
                "likely_on": serializers.DateField(allow_null=True),
                "late_on": serializers.DateField(allow_null=True),
                "confidence": serializers.ChoiceField([one.value for one in Confidence], allow_null=True),
                "order_quantity": serializers.IntegerField(),
                "order_by": serializers.DateField(allow_null=True),
                "days_known": serializers.IntegerField(),
            },
            many=True,
        )
    )
    def get(self, request: Request) -> Response:
        """Return by product when this partner's unspent keys run out at his pace, and what to order by when."""
        found = own_forecasts(self.partner_id, at=timezone.now())
        return Response([_facts(one) for one in found])


def _facts(one: OwnForecast) -> dict[str, Any]:
    found, pace = one.forecast, one.forecast.pace
    return {
        "product": one.product.code,
        "answer": found.answer.value,
        "unspent": found.stock,
        "waiting": one.waiting,
        "used_per_week": str(pace.per_week) if pace else None,
        "early_on": found.early_on,
        "likely_on": found.likely_on,
        "late_on": found.late_on,
        "confidence": pace.confidence.value if pace and pace.per_week else None,
        "order_quantity": one.quantity,
        "order_by": one.order_by,
        "days_known": found.days_known,
    }
