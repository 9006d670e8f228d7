"""Refuse to start a portal for partners with the comforts of the demo, and warn of its stand-ins."""

from typing import Any

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register


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


@register()
def no_simulator_in_production(**_kwargs: Any) -> list[CheckMessage]:
    """Warn when made-up answers would stand in the ledger and the monthly reports of a portal partners use."""
    if settings.EXCHANGE_CONNECTOR != "simulator" or settings.ENVIRONMENT_NAME != "production":
        return []
    return [
        Warning(
            "The exchange with Microsoft is simulated: no key is reported, and every activation is made up.",
            hint="Set PORTAL_EXCHANGE_CONNECTOR=file before the first real delivery.",
            id="portal.W001",
        )
    ]
