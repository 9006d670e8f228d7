"""The programme's rules by API: in force on a date, each with its numbers, its sentence and its version."""

from datetime import UTC, datetime, time

from django.utils import timezone
from django.utils.dateparse import parse_date, parse_datetime
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, inline_serializer
from rest_framework import serializers
from rest_framework.exceptions import ParseError
from rest_framework.request import Request
from rest_framework.response import Response

from licensing.rules.programme_rules import sentence_of
from licensing.selectors.programme_rules import in_force
from partners.selectors.mar import mar_zone
from portal.api.etags import answer_with_etag
from portal.api.views import PartnerView


class RulesView(PartnerView):
    """By which rules are decisions made?"""

    required_scope = ""

    @extend_schema(
        parameters=[
            OpenApiParameter("on", str, description="A day of the MAR's zone, or an instant with offset."),
            OpenApiParameter("If-None-Match", str, OpenApiParameter.HEADER),
        ],
        responses=inline_serializer(
            "RuleInForce",
            {
                "code": serializers.CharField(),
                "version": serializers.IntegerField(),
                "parameters": serializers.DictField(),
                "sentences": serializers.DictField(child=serializers.CharField()),
                "valid_from": serializers.DateTimeField(),
                "valid_before": serializers.DateTimeField(allow_null=True),
            },
            many=True,
        ),
    )
    def get(self, request: Request) -> Response:
        """Return every rule in force, as a refusal cites it."""
        return answer_with_etag(
            request,
            [
                {
                    "code": one.code,
                    "version": one.number,
                    "parameters": one.parameters,
                    "sentences": {
                        language: sentence_of(one.sentences, one.parameters, language)
                        for language in one.sentences
                    },
                    "valid_from": one.valid_from,
                    "valid_before": one.valid_before,
                }
                for one in in_force(_instant(request.query_params.get("on", "")))
            ],
        )


def _instant(text: str) -> datetime:
    """Return the instant that is asked about; a day means its first moment in the MAR's zone."""
    if not text:
        return timezone.now()
    try:
        instant, day = parse_datetime(text), parse_date(text)
    except ValueError:
        instant = day = None
    if day is not None:
        return datetime.combine(day, time(), mar_zone()).astimezone(UTC)
    if instant is None or instant.tzinfo is None:
        raise ParseError(_("“on” is a day like 2026-12-31 or an instant with its offset."), code="on")
    return instant
