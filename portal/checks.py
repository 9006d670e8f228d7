"""Refuse to start a portal for partners with the comforts of the demo."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, register


@register()
def no_demo_in_production(**_kwargs: Any) -> list[CheckMessage]:
    """Fail when anyone could sign in with a click on a portal that partners use."""
    if not (settings.DEMO_ENABLED and settings.ENVIRONMENT_NAME == "production"):
        return []
    return [
        Error(
            "DEMO_ENABLED is on under production settings: anyone could sign in as anyone.",
            hint="Remove DEMO_ENABLED, or start with portal.settings.local.",
            id="portal.E001",
        )
    ]
