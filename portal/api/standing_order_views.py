"""Standing orders by API: make, list, look, pause, resume, skip, end."""

from collections.abc import Callable
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from licensing.models import Lane, OrderFileLine, StandingOrder, StandingOrderLine, StandingRun
from licensing.rules.ordering import MAX_QUANTITY
from licensing.selectors.standing_orders import (
    lines_of,
    next_times,
    runs_of,
    standing_order_of,
    standing_orders_of,
)
from licensing.services import standing_orders as service
from licensing.services.standing_orders import StandingLine, StandingWish, make_standing_order
from partners.selectors.mar import mar_zone
from portal.actors import actor_of
from portal.api.views import IDEMPOTENCY_KEY, PROBLEM, PartnerView


class StandingLineSerializer(serializers.ModelSerializer[StandingOrderLine]):
    """What is ordered each time; the words are those of an order."""

    product = serializers.CharField(source="product.code")

    class Meta:
        model = StandingOrderLine
        fields = (
            "product", "quantity", "recipient", "shortage", "may_wait", "lane", "note", "details",
        )  # fmt: skip


class StandingRunSerializer(serializers.ModelSerializer[StandingRun]):
    """What became of a day; ``missed`` days before it are not ordered for."""

    orders = serializers.SerializerMethodField()

    class Meta:
        model = StandingRun
        fields = ("period", "ran_at", "outcome", "missed", "refusals", "orders")

    def get_orders(self, run: StandingRun) -> list[UUID]:
        """Return the ids of its orders."""
        return [one.order_id for one in run.orders.all()]


class NextTimeSerializer(serializers.Serializer[Any]):
    """A day ahead and what it would cost by today's and the announced prices, net; null without a price."""

    day = serializers.DateField()
    at = serializers.DateTimeField()
    amount = serializers.DecimalField(14, 2, allow_null=True)
    currency = serializers.CharField()


class StandingOrderSerializer(serializers.ModelSerializer[StandingOrder]):
    """A standing order without its lines."""

    class Meta:
        model = StandingOrder
        fields = (
            "id", "name", "state", "reason", "cadence", "weekday", "month_day", "starts_on", "ends_on", "times",
            "time_of_day", "time_zone", "if_refused", "next_on", "next_at", "runs_made", "made_at",
        )  # fmt: skip


class StandingOrderDetailSerializer(StandingOrderSerializer):
    """A standing order with its lines, its next three times and what became of the days before."""

    lines = serializers.SerializerMethodField()
    ahead = serializers.SerializerMethodField()
    runs = serializers.SerializerMethodField()

    class Meta(StandingOrderSerializer.Meta):
        fields = (*StandingOrderSerializer.Meta.fields, "lines", "ahead", "runs")  # type: ignore[assignment]

    @extend_schema(responses=StandingLineSerializer(many=True))
    def get_lines(self, order: StandingOrder) -> Any:
        """Return what is ordered each time."""
        return StandingLineSerializer(lines_of(order), many=True).data

    def get_ahead(self, order: StandingOrder) -> Any:
        """Return its next times with their cost."""
        return NextTimeSerializer(next_times(order, lines_of(order)), many=True).data

    def get_runs(self, order: StandingOrder) -> Any:
        """Return its past days."""
        return StandingRunSerializer(runs_of(order), many=True).data


class WantedStandingLineSerializer(serializers.Serializer[Any]):
    """What to order each time."""

    product = serializers.CharField(max_length=30)
    quantity = serializers.IntegerField(min_value=1, max_value=MAX_QUANTITY)
    recipient = serializers.UUIDField(required=False, default=None, allow_null=True)
    shortage = serializers.ChoiceField(
        choices=OrderFileLine.Shortage.choices, required=False, default="refuse"
    )
    may_wait = serializers.BooleanField(required=False, default=True)
    lane = serializers.ChoiceField(choices=Lane.choices, required=False, default="", allow_blank=True)
    note = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    details = serializers.DictField(required=False, default=dict)


class WantedStandingOrderSerializer(serializers.Serializer[Any]):
    """A new standing order. It orders as the key that makes it, as long as the key may order."""

    name = serializers.CharField(max_length=60, help_text="The reference of each of its orders.")
    lines = serializers.ListField(child=WantedStandingLineSerializer(), allow_empty=False, max_length=20)
    cadence = serializers.ChoiceField(choices=StandingOrder.Cadence.choices)
    starts_on = serializers.DateField()
    time_of_day = serializers.TimeField()
    time_zone = serializers.CharField(
        max_length=50, required=False, default="", allow_blank=True, help_text="Empty: the MAR's zone."
    )
    weekday = serializers.IntegerField(
        min_value=1, max_value=7, required=False, default=None, allow_null=True
    )
    month_day = serializers.IntegerField(
        min_value=1, max_value=31, required=False, default=None, allow_null=True
    )
    ends_on = serializers.DateField(required=False, default=None, allow_null=True)
    times = serializers.IntegerField(
        min_value=1, max_value=1000, required=False, default=None, allow_null=True
    )
    if_refused = serializers.ChoiceField(
        choices=StandingOrder.IfRefused.choices, required=False, default="skip"
    )


class SkipSerializer(serializers.Serializer[Any]):
    """Which day is left out: the one that ``next_on`` says, so a repeat leaves out no second one."""

    day = serializers.DateField()


def _wish(given: dict[str, Any]) -> StandingWish:
    lines = [
        StandingLine(
            line["product"], line["quantity"], line["recipient"], line["shortage"], line["may_wait"],
            line["lane"], line["note"], line["details"],
        )
        for line in given["lines"]
    ]  # fmt: skip
    zone: ZoneInfo = mar_zone()
    return StandingWish(
        given["name"], lines, given["cadence"], given["starts_on"], given["time_of_day"],
        given["time_zone"] or zone.key, given["weekday"], given["month_day"], given["ends_on"], given["times"],
        given["if_refused"],
    )  # fmt: skip


class PartnerStandingView(PartnerView):
    """A call about standing orders."""

    def shown(self, standing_order_id: UUID, *, status: int = 200) -> Response:
        """Return one of the partner's standing orders as it stands now."""
        order = standing_order_of(self.partner_id, standing_order_id)
        if order is None:
            raise Http404
        return Response(StandingOrderDetailSerializer(order).data, status=status)


class StandingOrdersView(PartnerStandingView):
    """Make and list standing orders."""

    required_scope = {"GET": "orders:read", "POST": "orders:write"}

    @extend_schema(responses=StandingOrderSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List this partner's standing orders, newest first."""
        return self.page(standing_orders_of(self.partner_id), StandingOrderSerializer, "-made_at")

    @extend_schema(
        request=WantedStandingOrderSerializer,
        responses={201: StandingOrderDetailSerializer, 409: PROBLEM, 422: PROBLEM},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        """Make a standing order; ``ahead`` says when it orders next and what that would cost."""
        key = self.idempotency_key()
        order = make_standing_order(
            self.partner_id,
            _wish(self.cleaned(WantedStandingOrderSerializer)),
            idempotency_key=key,
            by=actor_of(request._request),
            at=timezone.now(),
        )
        return self.shown(order.pk, status=201)


class StandingOrderView(PartnerStandingView):
    """One standing order."""

    required_scope = "orders:read"

    @extend_schema(responses={200: StandingOrderDetailSerializer, 404: PROBLEM})
    def get(self, request: Request, standing_order_id: UUID) -> Response:
        """Return a standing order with its next three times and what became of the days before."""
        return self.shown(standing_order_id)


class StandingActView(PartnerStandingView):
    """An act on one standing order."""

    required_scope = "orders:write"
    act: Callable[..., None]

    @extend_schema(request=None, responses={200: StandingOrderDetailSerializer, 404: PROBLEM, 409: PROBLEM})
    def post(self, request: Request, standing_order_id: UUID) -> Response:
        """Do it, and return the standing order as it stands then."""
        type(self).act(standing_order_id, by=actor_of(request._request), at=timezone.now())
        return self.shown(standing_order_id)


class StandingPauseView(StandingActView):
    """Pause: days that come meanwhile are left out."""

    act = staticmethod(service.pause_standing_order)


class StandingResumeView(StandingActView):
    """Resume: with the day that was refused and held, else with the next one."""

    act = staticmethod(service.resume_standing_order)


class StandingEndView(StandingActView):
    """End for good."""

    act = staticmethod(service.end_standing_order)


class StandingSkipView(PartnerStandingView):
    """Leave out the next day."""

    required_scope = "orders:write"

    @extend_schema(
        request=SkipSerializer, responses={200: StandingOrderDetailSerializer, 404: PROBLEM, 409: PROBLEM}
    )
    def post(self, request: Request, standing_order_id: UUID) -> Response:
        """Leave out the next day, which the body names."""
        if standing_order_of(self.partner_id, standing_order_id) is None:
            raise Http404
        day = self.cleaned(SkipSerializer)["day"]
        service.skip_next_time(standing_order_id, day, by=actor_of(request._request), at=timezone.now())
        return self.shown(standing_order_id)
