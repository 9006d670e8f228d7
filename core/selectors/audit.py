"""Read the audit log."""

from uuid import UUID

from django.db.models import Q, QuerySet

from core.models import AuditEvent


def partner_events(partner_id: UUID) -> QuerySet[AuditEvent]:
    """Return what happened with one partner, the MAR's own rows about him included, in the MAR's scope."""
    about = Q(object_type="partner", object_id=str(partner_id))
    return AuditEvent.objects.filter(Q(partner_id=partner_id) | about)


def own_events(partner_id: UUID) -> QuerySet[AuditEvent]:
    """Return what a partner may read of his own history."""
    return AuditEvent.objects.filter(partner_id=partner_id)
