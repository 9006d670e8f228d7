"""What every template knows."""

from typing import Any

from django.conf import settings
from django.http import HttpRequest

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
        "nav": navigation.build(request),
        "theme": theme if theme in {"light", "dark"} else "system",
        "request_id": request_id_of(request),
    }
