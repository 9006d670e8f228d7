"""Recipients by API: list them, note a new one as a draft."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from partners.selectors.recipients import recipients_of
from partners.services.recipients import RecipientFacts, register_recipient
from portal.actors import actor_of
from portal.api.serializers import RecipientDraftSerializer, RecipientSerializer
from portal.api.views import PROBLEM, PartnerView


class RecipientsView(PartnerView):
    """List and note recipients."""

    required_scope = {"GET": "orders:read", "POST": "orders:write"}

    @extend_schema(responses=RecipientSerializer(many=True))
    def get(self, request: Request) -> Response:
        """List this partner's recipients, newest first. Orders name one of them by its id."""
        return self.page(recipients_of(self.partner_id), RecipientSerializer, "-created_at")

    @extend_schema(request=RecipientDraftSerializer, responses={201: RecipientSerializer, 422: PROBLEM})
    def post(self, request: Request) -> Response:
        """Note an organisation as a draft. A person adds the evidence and submits it in the browser."""
        wanted = self.cleaned(RecipientDraftSerializer)
        facts = RecipientFacts(**{**wanted, "criteria": tuple(wanted["criteria"])})
        recipient = register_recipient(
            self.partner_id, facts, by=actor_of(request._request), at=timezone.now()
        )
        return Response(RecipientSerializer(recipient).data, status=201)
