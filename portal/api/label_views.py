"""Labels by API: how many are left, which PC carries which, which are spoiled."""

from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from licensing.models import LabelUse
from licensing.selectors.labels import label_stock
from licensing.services.labels import spoil_label, use_label
from portal.actors import actor_of
from portal.api.views import PROBLEM, PartnerView


class LabelUseRequestSerializer(serializers.Serializer[Any]):
    """The label that a PC carries."""

    serial = serializers.CharField(max_length=20)
    device = serializers.UUIDField()


class LabelSpoilSerializer(serializers.Serializer[Any]):
    """A label that will be on no PC."""

    serial = serializers.CharField(max_length=20)
    reason = serializers.CharField(min_length=5, max_length=200)


class LabelSerializer(serializers.ModelSerializer[LabelUse]):
    """A label that left the partner's stock."""

    class Meta:
        model = LabelUse
        fields = ("id", "serial", "kind", "device", "reason", "noted_at", "spoiled_at")


class LabelsView(PartnerView):
    """The partner's labels."""

    required_scope = "builds:read"

    @extend_schema(
        responses=inline_serializer(
            "LabelStock",
            {name: serializers.IntegerField() for name in ("issued", "used", "spoiled", "left")},
        )
    )
    def get(self, request: Request) -> Response:
        """Return how many labels were issued, used and spoiled, and how many are left."""
        stock = label_stock(self.partner_id)
        return Response(
            {"issued": stock.issued, "used": stock.used, "spoiled": stock.spoiled, "left": stock.left}
        )


class LabelUseView(PartnerView):
    """Note the label of a PC."""

    required_scope = "builds:write"

    @extend_schema(
        request=LabelUseRequestSerializer, responses={201: LabelSerializer, 404: PROBLEM, 409: PROBLEM}
    )
    def post(self, request: Request) -> Response:
        """Note which label a PC carries. One label is for one PC, once."""
        wanted = self.cleaned(LabelUseRequestSerializer)
        used = use_label(
            self.partner_id,
            device_id=wanted["device"],
            serial=wanted["serial"],
            by=actor_of(request._request),
            at=timezone.now(),
        )
        return Response(LabelSerializer(used).data, status=201)


class LabelSpoilView(PartnerView):
    """Note a label as spoiled."""

    required_scope = "builds:write"

    @extend_schema(request=LabelSpoilSerializer, responses={201: LabelSerializer, 409: PROBLEM, 422: PROBLEM})
    def post(self, request: Request) -> Response:
        """Note a label as spoiled, with the reason; one that was on a PC leaves it."""
        wanted = self.cleaned(LabelSpoilSerializer)
        spoiled = spoil_label(self.partner_id, by=actor_of(request._request), at=timezone.now(), **wanted)
        return Response(LabelSerializer(spoiled).data, status=201)
