"""Find companies that share what is one company's own. Inside the MAR's scope."""

from uuid import UUID

from django.db.models import Q, QuerySet

from partners.models import Application, Partner
from partners.models.application import ApplicationState

# A draft is the applicant's own until he sends it; a withdrawn one says nothing any more.
_NOT_SENT = (ApplicationState.DRAFT, ApplicationState.WITHDRAWN)
MOST_CANDIDATES = 200


def applications_sharing(
    application_id: UUID,
    *,
    vat_id: str,
    vat_root: str,
    company_norm: str,
    address_norm: str,
    iban_norm: str,
    phone_norm: str,
) -> list[Application]:
    """Return other applications that have one of these values; each is looked up by its index."""
    wanted = Q(pk__in=[])
    values = {
        "vat_id": vat_id,
        "vat_root": vat_root,
        "company_norm": company_norm,
        "address_norm": address_norm,
        "iban_norm": iban_norm,
        "phone_norm": phone_norm,
    }
    for column, value in values.items():
        if value:
            wanted |= Q(**{column: value})
    others = _sent(application_id).filter(wanted).select_related("partner")
    return list(others.order_by("-submitted_at")[:MOST_CANDIDATES])


def application_names(country: str, *, other_than: UUID) -> list[tuple[UUID, str]]:
    """Return (id, normalised name) of the other applications of a country."""
    rows = _sent(other_than).filter(country=country).exclude(company_norm="")
    return list(rows.values_list("pk", "company_norm"))


def applications_by_ids(ids: list[UUID]) -> dict[UUID, Application]:
    """Return these applications with their partners."""
    return Application.objects.select_related("partner").in_bulk(ids)


def partner_identities(*, other_than: UUID) -> list[Partner]:
    """Return what names each partner, but for the one that came of this application."""
    rows = Partner.objects.exclude(pk=other_than)
    return list(rows.only("id", "code", "name", "country", "vat_id").order_by("code"))


def _sent(other_than: UUID) -> QuerySet[Application]:
    return Application.objects.exclude(pk=other_than).exclude(state__in=_NOT_SENT)
