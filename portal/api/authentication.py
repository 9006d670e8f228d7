"""Machines sign in with a scoped API key: `Authorization: Bearer rlp_live_…`."""

from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication
from rest_framework.request import Request

from partners.models import ApiKey
from partners.selectors.api_keys import find_active
from partners.services.api_keys import note_use

BEARER = "Bearer "


def find_api_key(request: HttpRequest) -> ApiKey | None:
    """Return the request's API key, None when it carries none that is valid now."""
    header = request.headers.get("Authorization", "")
    if not header.startswith(BEARER):
        return None
    now = timezone.now()
    found = find_active(header.removeprefix(BEARER).strip(), at=now)
    if found is not None:
        note_use(found, at=now)
    return found


class ApiKeyAuthentication(BaseAuthentication):
    """Accept the key that the tenant middleware has found; it has already set the request's scope."""

    def authenticate(self, request: Request) -> tuple[Any, ApiKey] | None:
        """Return the key as the request's `auth`; there is no person behind it."""
        api_key: ApiKey | None = getattr(request._request, "api_key", None)
        return (None, api_key) if api_key is not None else None

    def authenticate_header(self, request: Request) -> str:
        """Return the challenge of a 401."""
        return 'Bearer realm="api"'


class ApiKeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]
    """How the OpenAPI document names the way to sign in."""

    target_class = ApiKeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        """Return the security scheme."""
        return {
            "type": "http",
            "scheme": "bearer",
            "description": "A scoped key of a station, a shop or the MAR.",
        }
