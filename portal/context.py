"""What every template knows."""

from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection
from django.http import HttpRequest

from core.tenancy import current_partner_id
from licensing.selectors.programme_changes import unread_count
from portal import navigation
from portal.actors import request_id_of


def portal(request: HttpRequest) -> dict[str, Any]:
    """Return the environment, the person's place and rights, and the look."""
    theme = request.COOKIES.get("theme", "")
    return {
        "environment": settings.ENVIRONMENT_NAME,
        "is_demo": settings.DEMO_ENABLED,
        "membership": getattr(request, "membership", None),
        "permissions": getattr(request, "permissions", frozenset()),
        "view_as": getattr(request, "view_as", None),
        "nav": _bar(request),
        "theme": theme if theme in {"light", "dark"} else "system",
        "request_id": request_id_of(request),
    }


def _bar(request: HttpRequest) -> list[navigation.NavItem]:
    """Return the bar; a partner's person sees how many changes he has not read, by one query a page."""
    items, membership = navigation.build(request), getattr(request, "membership", None)
    partner_id = membership.partner_id if membership is not None else None
    # Outside his scope, as on an error page after the request, nothing is asked of the database.
    if partner_id is None or partner_id != current_partner_id() or connection.needs_rollback:
        return items
    user_id = getattr(request.user, "pk", None)
    if user_id is None:  # after a changed password his session has ended already
        return items
    return navigation.with_badge(items, "tpr:rules", unread_count(partner_id, UUID(str(user_id))))
