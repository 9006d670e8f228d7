"""What a partner's machines may know of his account: his standing, his agreements, who accepted them."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from compliance.selectors.score import score_now
from partners.models import TermsAcceptance
from partners.rules.partner_states import Act
from partners.selectors.mar import mar_zone
from partners.selectors.standing import partner_standing
from partners.selectors.terms import AgreementStanding, agreement_standings
from portal.api.serializers import RestrictionSerializer
from portal.api.views import PROBLEM, PartnerView

SCOPE = "account:read"

_AREA = inline_serializer(
    "ScoreArea",
    {
        "code": serializers.CharField(),
        "points": serializers.IntegerField(allow_null=True, help_text="0 to 100; null: not measured."),
    },
)
_SCORE = inline_serializer(
    "Score",
    {
        "total": serializers.IntegerField(allow_null=True, help_text="0 to 100; null: too early to tell."),
        "pass_mark": serializers.IntegerField(),
        "is_passed": serializers.BooleanField(),
        "is_shadow": serializers.BooleanField(help_text="In trial: it has no effect yet."),
        "areas": serializers.ListField(child=_AREA),
    },
)
_GRACE = inline_serializer(
    "Grace",
    {
        "rule": serializers.CharField(),
        "reason": serializers.CharField(),
        "allows": serializers.CharField(),
        "valid_before": serializers.DateTimeField(help_text="Exclusive."),
    },
)
_AGREEMENT = inline_serializer(
    "Agreement",
    {
        "id": serializers.UUIDField(),
        "code": serializers.CharField(),
        "kind": serializers.CharField(),
        "title": serializers.CharField(),
        "version": serializers.CharField(help_text="On offer now."),
        "effective_from": serializers.DateTimeField(),
        "due_from": serializers.DateTimeField(help_text="From here on orders wait until it is accepted."),
        "is_accepted": serializers.BooleanField(),
        "accepted_version": serializers.CharField(allow_null=True, help_text="The newest you accepted."),
        "accepted_at": serializers.DateTimeField(allow_null=True),
    },
)
_ACCEPTANCE = inline_serializer(
    "Acceptance",
    {
        "agreement": serializers.CharField(),
        "version": serializers.CharField(),
        "is_on_offer": serializers.BooleanField(help_text="False: a newer version waits for you."),
        "accepted_by": serializers.CharField(),
        "role": serializers.CharField(),
        "accepted_at": serializers.DateTimeField(),
        "language": serializers.CharField(),
        "text_sha256": serializers.CharField(help_text="Of the text that was shown."),
    },
)


class StandingView(PartnerView):
    """How the partner stands."""

    required_scope = SCOPE

    @extend_schema(
        responses=inline_serializer(
            "Standing",
            {
                "state": serializers.CharField(),
                "since": serializers.DateTimeField(),
                "allowed": serializers.ListField(child=serializers.CharField()),
                "restrictions": RestrictionSerializer(many=True),
                "graces": serializers.ListField(child=_GRACE),
                "score": _SCORE,
            },
        )
    )
    def get(self, request: Request) -> Response:
        """Return the state, what is allowed now, each restriction with its facts, and the own score."""
        now = timezone.now()
        standing = partner_standing(self.partner_id, now)
        return Response(
            {
                "state": standing.partner.state,
                "since": standing.partner.state_since,
                "allowed": [act.value for act in Act if act in standing.allowed],
                "restrictions": RestrictionSerializer(standing.stopping, many=True).data,
                "graces": [
                    {
                        "rule": grace.rule,
                        "reason": grace.reason,
                        "allows": grace.allows,
                        "valid_before": grace.valid_before,
                    }
                    for grace in standing.graces
                ],
                "score": _score(self.partner_id, now),
            }
        )


class AgreementsView(PartnerView):
    """The agreements on offer."""

    required_scope = SCOPE

    @extend_schema(
        responses=inline_serializer("Agreements", {"results": serializers.ListField(child=_AGREEMENT)})
    )
    def get(self, request: Request) -> Response:
        """List every announced agreement, the master first, and what was accepted of it."""
        standings = agreement_standings(self.partner_id, timezone.now())
        return Response({"results": [_agreement(each) for each in standings]})


class AcceptanceView(PartnerView):
    """Who accepted an agreement."""

    required_scope = SCOPE

    @extend_schema(responses={200: _ACCEPTANCE, 404: PROBLEM})
    def get(self, request: Request, agreement_id: UUID) -> Response:
        """Return the newest acceptance of an agreement: who, as what, when, and the hash of the text."""
        for each in agreement_standings(self.partner_id, timezone.now()):
            if each.agreement.pk == agreement_id and each.latest is not None:
                return Response(_acceptance(each, each.latest))
        raise Http404


def _score(partner_id: UUID, at: datetime) -> dict[str, Any]:
    now = score_now(partner_id, at=at, zone=mar_zone())
    score = now.plan.now
    return {
        "total": score.total,
        "pass_mark": score.pass_mark,
        "is_passed": score.is_passed,
        "is_shadow": now.is_shadow,
        "areas": [{"code": area.code, "points": area.points} for area in score.areas],
    }


def _agreement(standing: AgreementStanding) -> dict[str, Any]:
    latest = standing.latest
    return {
        "id": standing.agreement.pk,
        "code": standing.agreement.code,
        "kind": standing.agreement.kind,
        "title": standing.agreement.title,
        "version": standing.on_offer.version,
        "effective_from": standing.on_offer.effective_from,
        "due_from": standing.on_offer.due_from,
        "is_accepted": not standing.is_open,
        "accepted_version": latest.terms.version if latest else None,
        "accepted_at": latest.accepted_at if latest else None,
    }


def _acceptance(standing: AgreementStanding, acceptance: TermsAcceptance) -> dict[str, Any]:
    return {
        "agreement": standing.agreement.code,
        "version": acceptance.terms.version,
        "is_on_offer": acceptance.terms_id == standing.on_offer.pk,
        "accepted_by": str(acceptance.user),
        "role": acceptance.role,
        "accepted_at": acceptance.accepted_at,
        "language": acceptance.language,
        "text_sha256": acceptance.text_sha256,
    }
