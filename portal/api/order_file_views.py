"""Orders by CSV file: send it, look at what would become of each row, place it."""

from decimal import Decimal
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from licensing.models import OrderFile, OrderFileLine
from licensing.selectors.order_files import order_file_of, order_files_of
from licensing.services.order_file_look import look_at
from licensing.services.order_files import keep_order_file, place_order_file
from portal.actors import actor_of
from portal.api.problem import refusal_members
from portal.api.views import IDEMPOTENCY_KEY, PROBLEM, PartnerView


class OrderFileSerializer(serializers.ModelSerializer[OrderFile]):
    """A file of orders; ``placed_rows`` of its ``rows`` have their order."""

    rows = serializers.IntegerField(source="line_count")
    placed_rows = serializers.IntegerField(source="placed_count")

    class Meta:
        model = OrderFile
        fields = ("id", "file_name", "sha256", "uploaded_at", "placed_at", "rows", "placed_rows")


class OrderFileRowSerializer(serializers.ModelSerializer[OrderFileLine]):
    """A row: its order, or what would become of it now and why."""

    row = serializers.IntegerField(source="row_number")
    order_reference = serializers.CharField(source="group")
    product = serializers.CharField(source="product.code")
    if_short = serializers.CharField(source="shortage")
    outcome = serializers.SerializerMethodField(
        help_text="placed, held, approval, queued, split or refused: now; null for a row that has its order."
    )
    unit_price = serializers.SerializerMethodField(help_text="Today; null for a row that has its order.")
    refusals = serializers.SerializerMethodField()

    class Meta:
        model = OrderFileLine
        fields = (
            "row", "order_reference", "reference", "product", "quantity", "recipient", "if_short", "may_wait",
            "lane", "note", "details", "order", "outcome", "unit_price", "refusals",
        )  # fmt: skip

    def _looked(self, line: OrderFileLine) -> Any:
        return self.context["looked"].get(line.pk)

    def get_outcome(self, line: OrderFileLine) -> str | None:
        """Return what would become of it."""
        looked = self._looked(line)
        return looked.decision.outcome.value if looked else None

    def get_unit_price(self, line: OrderFileLine) -> str | None:
        """Return what one licence costs today."""
        looked = self._looked(line)
        return str(looked.facts.unit_price) if looked and looked.facts.unit_price is not None else None

    def get_refusals(self, line: OrderFileLine) -> list[dict[str, Any]]:
        """Return what stands against it."""
        looked = self._looked(line)
        return [refusal_members(refusal) for refusal in looked.decision.refusals] if looked else []


class OrderFileDetailSerializer(OrderFileSerializer):
    """A file with its rows and what is still to be ordered of it."""

    total = serializers.CharField(help_text="Net, of what would be taken now.")
    currency = serializers.CharField()
    is_accepted = serializers.BooleanField(help_text="Whether all of what is left would be taken.")
    lines = OrderFileRowSerializer(many=True)

    class Meta(OrderFileSerializer.Meta):
        fields = (*OrderFileSerializer.Meta.fields, "total", "currency", "is_accepted", "lines")  # type: ignore[assignment]


class PlaceFileSerializer(serializers.Serializer[Any]):
    """How a file is placed."""

    allow_partial = serializers.BooleanField(
        required=False, default=False, help_text="True: what can be placed is placed, reference by reference."
    )
    accepted_total = serializers.DecimalField(
        12,
        2,
        required=False,
        allow_null=True,
        default=None,
        help_text="Refused when it costs more than this.",
    )


class PartnerFilesView(PartnerView):
    """A call about files of orders."""

    def shown(self, file_id: UUID, *, status: int = 200) -> Response:
        """Return a file with its rows, looked at now."""
        file = order_file_of(self.partner_id, file_id)
        if file is None:
            raise Http404
        lines = list(file.lines.select_related("product"))
        look = look_at(self.partner_id, lines, at=timezone.now())
        looked = {row.line.pk: row for order in look.orders for row in order.rows}
        body = OrderFileSerializer(file).data | {
            "total": str(look.total or Decimal("0.00")),
            "currency": look.currency,
            "is_accepted": look.is_accepted,
            "lines": OrderFileRowSerializer(lines, many=True, context={"looked": looked}).data,
        }
        return Response(body, status=status)


class OrderFilesView(PartnerFilesView):
    """Send and list files of orders."""

    required_scope = {"GET": "orders:read", "POST": "orders:write"}
    parser_classes = (MultiPartParser,)

    @extend_schema(responses=OrderFileSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List this partner's files of orders, newest first."""
        return self.page(order_files_of(self.partner_id), OrderFileSerializer, "-uploaded_at")

    @extend_schema(
        request={
            "multipart/form-data": {
                "type": "object",
                "properties": {"file": {"type": "string", "format": "binary"}},
            }
        },
        responses={201: OrderFileDetailSerializer, 422: PROBLEM},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        """Take a CSV of orders and say what would become of each row. Nothing is ordered before ``:place``."""
        key = self.idempotency_key()
        upload = request.FILES.get("file")
        if upload is None:
            raise ParseError(_("Send one file in the field “file”."), code="file_missing")
        file = keep_order_file(
            self.partner_id,
            upload.read(),
            file_name=upload.name or "orders.csv",
            idempotency_key=key,
            by=actor_of(request._request),
            at=timezone.now(),
        )
        return self.shown(file.pk, status=201)


class OrderFileView(PartnerFilesView):
    """One file of orders."""

    required_scope = "orders:read"

    @extend_schema(responses={200: OrderFileDetailSerializer, 404: PROBLEM})
    def get(self, request: Request, order_file_id: UUID) -> Response:
        """Return a file with its rows: the order each became, or what would become of it now."""
        return self.shown(order_file_id)


class OrderFilePlaceView(PartnerFilesView):
    """Place a file of orders."""

    required_scope = "orders:write"

    @extend_schema(
        request=PlaceFileSerializer, responses={200: OrderFileDetailSerializer, 404: PROBLEM, 409: PROBLEM}
    )
    def post(self, request: Request, order_file_id: UUID) -> Response:
        """Place what has no order yet: all of it or nothing, or as far as it goes. A repeat changes nothing."""
        wanted = self.cleaned(PlaceFileSerializer)
        place_order_file(
            order_file_id,
            accepted_total=wanted["accepted_total"],
            is_partial=wanted["allow_partial"],
            by=actor_of(request._request),
            at=timezone.now(),
        )
        return self.shown(order_file_id)
