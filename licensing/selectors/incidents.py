"""Incidents and corrections as lists and pages show them; no query per row."""

from uuid import UUID

from django.db.models import Count, Prefetch, QuerySet

from licensing.models import CorrectionRequest, Incident, IncidentKey


def incidents_of(partner_id: UUID) -> QuerySet[Incident]:
    """Return a partner's incidents with their number of keys."""
    return Incident.objects.filter(partner_id=partner_id).annotate(key_count=Count("keys"))


def all_incidents() -> QuerySet[Incident]:
    """Return every incident with its partner and number of keys, in the MAR's scope."""
    return Incident.objects.select_related("partner").annotate(key_count=Count("keys"))


def with_keys(incidents: QuerySet[Incident]) -> QuerySet[Incident]:
    """Add the keys of each incident."""
    keys = IncidentKey.objects.select_related("key__product").order_by("key__product_key_id")
    return incidents.prefetch_related(Prefetch("keys", keys))


def all_corrections() -> QuerySet[CorrectionRequest]:
    """Return every wish for a correction with its key and people, in the MAR's scope."""
    return CorrectionRequest.objects.select_related("key__product", "key__partner", "asked_by", "decided_by")
