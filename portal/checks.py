"""Refuse to start a portal for partners with the comforts of the demo, and warn of its stand-ins."""

from fnmatch import fnmatchcase
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from partners.models.membership import Role


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


@register()
def required_factors_name_roles(**_kwargs: Any) -> list[CheckMessage]:
    """Fail when a line of the table of factors fits no role: it would protect nobody, silently."""
    return [
        Error(
            f"PORTAL_REQUIRED_FACTORS: no role fits {pattern!r}.",
            hint=f"The roles are {', '.join(Role.values)}; mar_* means all that begin with mar_.",
            id="portal.E002",
        )
        for pattern, _kind in settings.REQUIRED_FACTORS
        if not any(fnmatchcase(role, pattern) for role in Role.values)
    ]


@register()
def passkeys_have_a_safe_address(**_kwargs: Any) -> list[CheckMessage]:
    """Fail when passkeys are asked for at an address where no browser makes them."""
    address = urlsplit(settings.BASE_URL)
    is_safe = address.scheme == "https" or address.hostname == "localhost"
    if is_safe or not any(kind == "passkey" for _role, kind in settings.REQUIRED_FACTORS):
        return []
    return [
        Error(
            "Passkeys are required, but PORTAL_BASE_URL is neither https nor http://localhost.",
            hint="Browsers make passkeys on https and on http://localhost only.",
            id="portal.E003",
        )
    ]


@register()
def vat_provider_is_known(**_kwargs: Any) -> list[CheckMessage]:
    """Fail when no source answers to the name: every check of a VAT number would break, one by one."""
    known = ("offline", "vies_rest", "vies_soap")
    if settings.VAT_PROVIDER in known:
        return []
    return [
        Error(
            f"PORTAL_VAT_PROVIDER: there is no source {settings.VAT_PROVIDER!r}.",
            hint=f"The sources are {', '.join(known)}.",
            id="portal.E004",
        )
    ]
