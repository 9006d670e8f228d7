"""Returns by API: see the forecast, ask, list, look, take back."""

from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from licensing.selectors.catalogue import product_by_code
from licensing.selectors.partner_returns import returns_of
from licensing.services.partner_returns import ReturnWish, preview_return, request_return
from licensing.services.replacements import Wanted, swap_key
from licensing.services.return_withdrawal import withdraw_return
from portal.actors import actor_of
from portal.api.return_serializers import (
    ForecastSerializer,
    ReplacementSerializer,
    ReturnDetailSerializer,
    ReturnRequestSerializer,
    ReturnSerializer,
    SwapSerializer,
)
from portal.api.views import IDEMPOTENCY_KEY, PROBLEM, PartnerView


def _product_id(code: str) -> int | None:
    return product_by_code(code).id if code else None


def _wish(given: dict[str, Any]) -> ReturnWish:
    return ReturnWish(
        tuple(given["product_key_ids"]),
        given["return_type"],
        given["reason"],
        is_without_credit=given["without_credit"],
        reference=given["reference"],
        channel="api",
        kind=given["kind"],
        replacement_product_id=_product_id(given["replacement_product"]),
    )


class ReturnForecastView(PartnerView):
    """What would Microsoft answer?"""

    required_scope = "returns:write"

    @extend_schema(
        request=ReturnRequestSerializer, responses={200: ForecastSerializer(many=True), 422: PROBLEM}
    )
    def post(self, request: Request) -> Response:
        """Return the forecast of each key; nothing is changed."""
        wish = _wish(self.cleaned(ReturnRequestSerializer))
        shown = preview_return(self.partner_id, wish, at=timezone.now())
        return Response(ForecastSerializer(shown, many=True).data)


class ReturnsView(PartnerView):
    """Ask for returns and list them."""

    required_scope = {"GET": "orders:read", "POST": "returns:write"}

    @extend_schema(responses=ReturnSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List this partner's returns, newest first."""
        return self.page(returns_of(self.partner_id), ReturnSerializer, "-number")

    @extend_schema(
        request=ReturnRequestSerializer,
        responses={201: ReturnDetailSerializer, 200: ReturnDetailSerializer, 409: PROBLEM, 422: PROBLEM},
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        """Ask to give keys back, all of them or none. Open to a suspended partner too."""
        done = request_return(
            partner_id=self.partner_id,
            wish=_wish(self.cleaned(ReturnRequestSerializer)),
            idempotency_key=self.idempotency_key(),
            by=actor_of(request._request),
            at=timezone.now(),
        )
        found = returns_of(self.partner_id).get(pk=done.return_id)
        response = Response(ReturnDetailSerializer(found).data, status=201 if done.is_new else 200)
        if not done.is_new:
            response["Idempotent-Replayed"] = "true"
        return response


class ReturnView(PartnerView):
    """One return."""

    required_scope = "orders:read"

    @extend_schema(responses={200: ReturnDetailSerializer, 404: PROBLEM})
    def get(self, request: Request, partner_return_id: UUID) -> Response:
        """Return a return with its keys, their forecasts and answers."""
        found = returns_of(self.partner_id).filter(pk=partner_return_id).first()
        if found is None:
            raise Http404
        return Response(ReturnDetailSerializer(found).data)


class ReturnWithdrawView(PartnerView):
    """Take a return back."""

    required_scope = "returns:write"

    @extend_schema(request=None, responses={200: ReturnDetailSerializer, 404: PROBLEM, 409: PROBLEM})
    def post(self, request: Request, partner_return_id: UUID) -> Response:
        """Withdraw a return that nobody has decided on; its keys may go into another one. A repeat changes nothing."""
        withdraw_return(
            partner_return_id, partner_id=self.partner_id, by=actor_of(request._request), at=timezone.now()
        )
        return Response(ReturnDetailSerializer(returns_of(self.partner_id).get(pk=partner_return_id)).data)


class SwapView(PartnerView):
    """A wrong key, before its PC was reported."""

    required_scope = "returns:write"

    @extend_schema(
        request=SwapSerializer,
        responses={201: ReplacementSerializer, 404: PROBLEM, 409: PROBLEM, 422: PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Take the key back and give the right one at once. A repeat finds the old key gone: 404."""
        wanted = self.cleaned(SwapSerializer)
        made = swap_key(
            partner_id=self.partner_id,
            product_key_id=wanted["product_key_id"],
            wanted=Wanted(wanted["reason"], _product_id(wanted["product"])),
            by=actor_of(request._request),
            at=timezone.now(),
        )
        return Response(ReplacementSerializer(made).data, status=201)
