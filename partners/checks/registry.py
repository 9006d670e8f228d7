"""Which source answers which check: the settings decide."""

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from partners.checks.base import CheckProvider
from partners.checks.duplicate import DuplicateCompany
from partners.checks.email_domain import EmailDomain, domain_exists
from partners.checks.sanctions import SanctionsLists
from partners.checks.vat_offline import OfflineVat
from partners.checks.vat_vies import REST_URL, SOAP_URL, ViesRest, ViesSoap
from partners.checks.website import WebsiteNotAsked, WebsiteReachable


def providers() -> tuple[CheckProvider, ...]:
    """Return one source a kind, in the order in which reviewers read them."""
    return (
        _vat(),
        EmailDomain(exists=domain_exists if settings.CHECK_MAIL_DNS else None),
        DuplicateCompany(name_threshold=settings.DUPLICATE_THRESHOLD),
        SanctionsLists(threshold=settings.SANCTIONS_THRESHOLD),
        WebsiteReachable() if settings.CHECK_WEBSITES else WebsiteNotAsked(),
    )


def provider_of(kind: str) -> CheckProvider:
    """Return the source of a kind."""
    return next(provider for provider in providers() if provider.kind == kind)


def _vat() -> CheckProvider:
    wanted = settings.VAT_PROVIDER
    if wanted == "offline":
        return OfflineVat()
    if wanted == "vies_rest":
        return ViesRest(settings.VIES_URL or REST_URL)
    if wanted == "vies_soap":
        return ViesSoap(settings.VIES_URL or SOAP_URL)
    raise ImproperlyConfigured("PORTAL_VAT_PROVIDER is offline, vies_rest or vies_soap.")
