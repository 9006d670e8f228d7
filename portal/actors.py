"""Say who acts in a request."""

import structlog
from django.http import HttpRequest

from core.actor import Actor, ActorKind
from portal.sign_in import strength_of


def request_id_of(request: HttpRequest) -> str:
    """Return the id that logs, errors and audit rows of this request share."""
    found = structlog.contextvars.get_contextvars().get("request_id", "")
    return str(found or request.headers.get("X-Request-Id", ""))[:64]


def actor_of(request: HttpRequest) -> Actor:
    """Return the station, the person, or an anonymous visitor."""
    api_key = getattr(request, "api_key", None)
    address = request.META.get("REMOTE_ADDR") or None
    if api_key is not None:
        return Actor(
            ActorKind.API_KEY,
            str(api_key.id),
            api_key.name,
            partner_id=api_key.partner_id,
            request_id=request_id_of(request),
            ip=address,
            auth_strength="api_key",
        )
    if request.user.is_authenticated:
        membership = getattr(request, "membership", None)
        return Actor(
            ActorKind.USER,
            str(request.user.pk),
            str(request.user),
            partner_id=membership.partner_id if membership else None,
            user_id=request.user.pk,
            request_id=request_id_of(request),
            ip=address,
            auth_strength=strength_of(request),
        )
    return Actor(ActorKind.USER, "", "visitor", request_id=request_id_of(request), ip=address)
