"""API v1 for a partner's machines: order, take one key for one PC, report the build."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Prefetch, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import BaseParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from licensing.models import Build, Order, OrderLine
from licensing.rules.order_decision import Outcome
from licensing.selectors.catalogue import product_by_code
from licensing.selectors.orders import builds_of
from licensing.services.build_uploads import report_files
from licensing.services.builds import BuildFacts, report_build
from licensing.services.order_cancel import cancel_own_order
from licensing.services.order_confirm import confirm_order
from licensing.services.orders import OrderRequest, place_order, preflight
from partners.models import ApiKey
from partners.rules.partner_states import Act
from partners.selectors.standing import partner_standing
from portal.actors import actor_of
from portal.api.paging import NewestFirst
from portal.api.parsers import JsonParser
from portal.api.permissions import PARTNER
from portal.api.problem import refusal_members
from portal.api.serializers import (
    BuildReportSerializer,
    BuildSerializer,
    OrderDetailSerializer,
    OrderRequestSerializer,
    OrderSerializer,
    RestrictionSerializer,
)

IDEMPOTENCY_KEY = OpenApiParameter(
    "Idempotency-Key",
    str,
    OpenApiParameter.HEADER,
    required=True,
    description="Made by you; a repeat has one effect.",
)
# What is told of a line; a product has many columns more.
LINE_COLUMNS = ("order_id", "quantity", "unit_price", "currency", "details", "product__code")
PROBLEM = OpenApiResponse(description="Refused: a problem document with rule, facts and the way out.")


class PartnerView(APIView):
    """A call by a partner's key; the request is held to that partner's rows."""

    side = PARTNER
    parser_classes: tuple[type[BaseParser], ...] = (JsonParser,)
    required_scope: ClassVar[str | dict[str, str] | None] = None

    @property
    def api_key(self) -> ApiKey:
        """Return the key that calls."""
        key: ApiKey = self.request.auth  # type: ignore[assignment]
        return key

    @property
    def partner_id(self) -> UUID:
        """Return the partner for whom the key acts."""
        return self.api_key.partner_id  # type: ignore[return-value]

    def idempotency_key(self) -> str:
        """Return the client's key.

        :raises ParseError: when it is missing or longer than 100 characters.
        """
        key = self.request.headers.get("Idempotency-Key", "").strip()
        if not key or len(key) > 100:
            raise ParseError(
                _("Send an Idempotency-Key header of 1 to 100 characters."), code="idempotency_key_missing"
            )
        return key

    def cleaned(self, serializer: type[serializers.Serializer[Any]]) -> dict[str, Any]:
        """Return the checked request body."""
        checked = serializer(data=self.request.data)
        checked.is_valid(raise_exception=True)
        return dict(checked.validated_data)

    def page(
        self, rows: QuerySet[Any], serializer: type[serializers.BaseSerializer[Any]], ordering: str
    ) -> Response:
        """Return one page of rows with the cursor of the next."""
        pages = NewestFirst(rows.model, ordering)
        found = pages.paginate_queryset(rows, self.request, self)
        return pages.get_paginated_response(serializer(found, many=True).data)


class MeView(PartnerView):
    """Who am I?"""

    required_scope = ""

    @extend_schema(
        responses=inline_serializer(
            "Me",
            {
                "partner": serializers.CharField(),
                "code": serializers.CharField(),
                "state": serializers.CharField(),
                "allowed": serializers.ListField(child=serializers.CharField()),
                "restrictions": RestrictionSerializer(many=True),
                "key_name": serializers.CharField(),
                "scopes": serializers.ListField(child=serializers.CharField()),
            },
        )
    )
    def get(self, request: Request) -> Response:
        """Return the partner, what he may do now and what stops him, and the rights of this key."""
        partner = self.api_key.partner
        if partner is None:
            raise Http404
        standing = partner_standing(partner.pk, timezone.now())
        return Response(
            {
                "partner": partner.name,
                "code": partner.code,
                "state": partner.state,
                "allowed": [act.value for act in Act if act in standing.allowed],
                "restrictions": RestrictionSerializer(standing.stopping, many=True).data,
                "key_name": self.api_key.name,
                "scopes": self.api_key.scopes,
            }
        )


class PreflightView(PartnerView):
    """What would happen to an order?"""

    required_scope = "orders:read"

    @extend_schema(
        request=OrderRequestSerializer,
        responses={200: OpenApiResponse(description="Every gate with its outcome.")},
    )
    def post(self, request: Request) -> Response:
        """Return every gate with its outcome; nothing is changed."""
        wanted = self.cleaned(OrderRequestSerializer)
        product = product_by_code(wanted["product"])
        shown = preflight(
            partner_id=self.partner_id, request=_request_of(wanted, product.id), at=timezone.now()
        )
        decision = shown.decision
        waits = decision.outcome in (Outcome.QUEUED, Outcome.SPLIT)
        return Response(
            {
                "may_pass": shown.may_pass,
                "outcome": decision.outcome.value,
                "state": shown.state,
                "now": decision.now,
                "later": decision.later,
                "position": shown.position if waits else None,
                "expected_on": shown.expected_on if waits else None,
                "recommended_lane": shown.recommended_lane,
                "amount": str(shown.facts.amount),
                "currency": shown.facts.currency,
                "gates": [
                    {"code": gate.code, "is_open": gate.is_open, "waits_as": gate.waits_as or None}
                    | refusal_members(gate.refusal)
                    for gate in shown.gates
                ],
            }
        )


def _request_of(wanted: dict[str, Any], product_id: int) -> OrderRequest:
    return OrderRequest(
        product_id,
        wanted["quantity"],
        wanted["reference"],
        "api",
        wanted["recipient"],
        lane=wanted["lane"],
        wish=wanted["note"],
        may_wait=wanted["allow_hold"],
        may_queue=wanted["allow_backorder"],
        may_split=wanted["allow_split"],
        reserve_minutes=wanted["reserve_minutes"],
        details=wanted["details"],
    )


class PartnerOrdersView(PartnerView):
    """A call about orders."""

    def orders(self) -> QuerySet[Order]:
        """Return the partner's orders with their lines."""
        lines = OrderLine.objects.select_related("product").only(*LINE_COLUMNS)
        return Order.objects.filter(partner_id=self.partner_id).prefetch_related(Prefetch("lines", lines))


class OrdersView(PartnerOrdersView):
    """Place and list orders."""

    required_scope = {"GET": "orders:read", "POST": "orders:write"}

    @extend_schema(responses=OrderSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List this partner's orders, newest first."""
        return self.page(self.orders(), OrderSerializer, "-number")

    @extend_schema(
        request=OrderRequestSerializer,
        responses={201: OrderDetailSerializer, 200: OrderDetailSerializer, 409: PROBLEM, 422: PROBLEM},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        """Place an order: all its keys in the same moment, or it waits as ``state`` says, or it is refused."""
        key = self.idempotency_key()
        wanted = self.cleaned(OrderRequestSerializer)
        placed = place_order(
            partner_id=self.partner_id,
            request=_request_of(wanted, product_by_code(wanted["product"]).id),
            idempotency_key=key,
            by=actor_of(request._request),
            at=timezone.now(),
        )
        order = self.orders().get(pk=placed.order_id)
        response = Response(OrderDetailSerializer(order).data, status=201 if placed.is_new else 200)
        if not placed.is_new:
            response["Idempotent-Replayed"] = "true"
        return response


class OrderView(PartnerOrdersView):
    """One order."""

    required_scope = "orders:read"

    @extend_schema(responses={200: OrderDetailSerializer, 404: PROBLEM})
    def get(self, request: Request, order_id: UUID) -> Response:
        """Return an order with its keys, by id and last five characters."""
        order = self.orders().filter(pk=order_id).first()
        if order is None:
            raise Http404
        return Response(OrderDetailSerializer(order).data)


class OrderActView(PartnerOrdersView):
    """An act on one order."""

    required_scope = "orders:write"

    def shown(self, order_id: UUID) -> Response:
        """Return the order as it stands now."""
        return Response(OrderDetailSerializer(self.orders().get(pk=order_id)).data)


class OrderConfirmView(OrderActView):
    """Confirm a reservation."""

    @extend_schema(request=None, responses={200: OrderDetailSerializer, 404: PROBLEM, 409: PROBLEM})
    def post(self, request: Request, order_id: UUID) -> Response:
        """Turn reserved keys into an order, within their time; a repeat changes nothing."""
        confirm_order(
            order_id, partner_id=self.partner_id, by=actor_of(request._request), at=timezone.now()
        )  # fmt: skip
        return self.shown(order_id)


class OrderCancelView(OrderActView):
    """Cancel an order."""

    @extend_schema(request=None, responses={200: OrderDetailSerializer, 404: PROBLEM, 409: PROBLEM})
    def post(self, request: Request, order_id: UUID) -> Response:
        """Cancel an order that waits, or none of whose keys was handed over."""
        cancel_own_order(
            order_id,
            partner_id=self.partner_id,
            reason=_("Cancelled by API"),
            by=actor_of(request._request),
            at=timezone.now(),
        )
        return self.shown(order_id)


class BuildsView(PartnerView):
    """Report and list builds."""

    required_scope = {"GET": "builds:read", "POST": "builds:write"}

    @extend_schema(responses=BuildSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List this partner's builds, newest first."""
        return self.page(builds_of(self.partner_id), BuildSerializer, "-reported_at")

    @extend_schema(
        request=BuildReportSerializer,
        responses={201: BuildSerializer, 404: PROBLEM, 409: PROBLEM, 422: PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Bind a key to its PC by the hardware hash. A repeat is refused as already reported."""
        wanted = self.cleaned(BuildReportSerializer)
        build = report_build(
            partner_id=self.partner_id,
            facts=BuildFacts(
                product_key_id=wanted["product_key_id"],
                hardware_hash=wanted["hardware_hash"],
                serial=wanted["serial"],
                ohr=wanted.get("device", {}),
                optional_info=wanted["optional_info"],
            ),
            channel=Build.Channel.API,
            by=actor_of(request._request),
            at=timezone.now(),
        )
        return Response(BuildSerializer(build).data, status=201)


class BuildUploadView(PartnerView):
    """Report builds by the OA3 tool's own files."""

    required_scope = "builds:write"
    parser_classes = (MultiPartParser,)

    @extend_schema(
        request={
            "multipart/form-data": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
        responses={200: OpenApiResponse(description="The outcome of every file.")},
    )
    def post(self, request: Request) -> Response:
        """Take OA3.xml files, or a zip of them; the good ones go through and the others say why not."""
        files = request.FILES.getlist("file")
        if not files:
            raise ParseError(_("Send at least one file in the field “file”."), code="file_missing")
        upload = report_files(
            partner_id=self.partner_id,
            files=[(file.name or "OA3.xml", file.read()) for file in files],
            file_name=files[0].name or "OA3.xml",
            by=actor_of(request._request),
            at=timezone.now(),
        )
        return Response({"id": upload.id, "accepted": upload.accepted_count, "files": upload.outcomes})
