"""Find applications, and companies that look like the applicant."""

from uuid import UUID

from django.db.models import Q, QuerySet

from partners.models import Application, Partner
from partners.models.application import ApplicationState

OPEN_STATES = (ApplicationState.SUBMITTED, ApplicationState.RECOMMENDED)


def applications() -> QuerySet[Application]:
    """Return every application with the people who worked on it. Inside the MAR's scope."""
    return Application.objects.select_related("reviewed_by", "decided_by", "partner")


def application_by_id(application_id: UUID) -> Application | None:
    """Return one application, None when there is none."""
    return applications().filter(pk=application_id).first()


def open_application_counts() -> dict[str, int]:
    """Return how many applications wait for a review, and how many for a decision."""
    rows = Application.objects.filter(state__in=OPEN_STATES).values_list("state", flat=True)
    states = list(rows)
    return {state.value: states.count(state.value) for state in OPEN_STATES}


def partners_alike(application: Application) -> list[Partner]:
    """Return partners with the applicant's VAT id or name, other than what came of this application."""
    alike = Partner.objects.filter(Q(vat_id=application.vat_id) | Q(name__iexact=application.company))
    return list(alike.exclude(pk=application.pk).order_by("code"))


def applications_alike(application: Application) -> list[Application]:
    """Return other applications with the same VAT id or company name, newest first."""
    alike = Application.objects.filter(Q(vat_id=application.vat_id) | Q(company__iexact=application.company))
    return list(alike.exclude(pk=application.pk).order_by("-submitted_at"))
