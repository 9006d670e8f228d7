"""API v1: keys. A station takes one for one PC, and says when it stands on it."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from licensing.rules.devices import DeviceIdentity
from licensing.selectors.orders import keys_of
from licensing.services.consumption import consume_key
from licensing.services.hand_over import HandedKey, claim_key
from portal.actors import actor_of
from portal.api.serializers import ClaimSerializer, ConsumeSerializer, KeySerializer
from portal.api.views import IDEMPOTENCY_KEY, PROBLEM, PartnerView


class KeysView(PartnerView):
    """Keys by their ids."""

    required_scope = "orders:read"

    @extend_schema(responses=KeySerializer(many=True))
    def get(self, request: Request) -> Response:
        """List this partner's keys."""
        return self.page(keys_of(self.partner_id), KeySerializer, "-id")


class ClaimView(PartnerView):
    """Take one key for one PC."""

    required_scope = "keys:claim"

    @extend_schema(
        request=ClaimSerializer,
        responses={
            200: inline_serializer(
                "HandedKey",
                {
                    "product_key": serializers.CharField(),
                    "product_key_id": serializers.CharField(),
                    "product": serializers.CharField(),
                    "device": serializers.UUIDField(),
                    "hand_over": serializers.UUIDField(),
                },
            ),
            409: PROBLEM,
            422: PROBLEM,
        },
        parameters=[IDEMPOTENCY_KEY],
    )
    def post(self, request: Request) -> Response:
        """Hand one assigned key over for one PC. The only answer of the API that holds a product key."""
        wanted = self.cleaned(ClaimSerializer)
        handed = claim_key(
            partner_id=self.partner_id,
            product_code=wanted["product"],
            device=DeviceIdentity(**wanted["device"]),
            idempotency_key=self.idempotency_key(),
            station=self.api_key,
            by=actor_of(request._request),
            at=timezone.now(),
        )
        return _key_response(handed)


class ConsumeView(PartnerView):
    """Say that the key stands on its PC."""

    required_scope = "keys:claim"

    @extend_schema(
        request=ConsumeSerializer,
        responses={200: KeySerializer, 409: PROBLEM},
    )
    def post(self, request: Request) -> Response:
        """Note that the station put the key on its PC. Asked for again it changes nothing."""
        wanted = self.cleaned(ConsumeSerializer)
        consume_key(
            partner_id=self.partner_id,
            product_key_id=wanted["product_key_id"],
            by=actor_of(request._request),
            at=timezone.now(),
        )
        return Response(KeySerializer(keys_of(self.partner_id).get(**wanted)).data)


def _key_response(handed: HandedKey) -> Response:
    response = Response(
        {
            "product_key": handed.key.reveal(),
            "product_key_id": handed.product_key_id,
            "product": handed.product_code,
            "device": handed.device_id,
            "hand_over": handed.hand_over_id,
        }
    )
    response["Cache-Control"] = "no-store"
    if handed.is_repeat:
        response["Idempotent-Replayed"] = "true"
    return response
