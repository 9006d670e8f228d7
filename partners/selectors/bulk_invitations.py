"""Find lists of invitations and what has become of their companies."""

from uuid import UUID

from django.db.models import Count, F, Q, QuerySet

from partners.models import BulkInvitation, InvitedApplicant
from partners.models.application import ApplicationState


def bulk_invitations() -> QuerySet[BulkInvitation]:
    """Return every list with how many of its companies began, sent, and became partners, newest first."""
    gone = Q(applicants__application__submitted_at__isnull=False)
    begun = Q(applicants__application__saved_at__gt=F("applicants__application__started_at"))
    return (
        BulkInvitation.objects.select_related("made_by")
        .annotate(
            invited=Count("applicants"),
            begun=Count("applicants", filter=gone | begun),
            handed_in=Count("applicants", filter=gone),
            approved=Count("applicants", filter=Q(applicants__application__state=ApplicationState.APPROVED)),
        )
        .order_by("-made_at", "pk")
    )


def bulk_invitation(invitation_id: UUID) -> BulkInvitation | None:
    """Return one list with its counts, None when there is none."""
    return bulk_invitations().filter(pk=invitation_id).first()


def invited_applicants(invitation: BulkInvitation) -> QuerySet[InvitedApplicant]:
    """Return the companies of a list that was sent, with their applications, in its order."""
    return InvitedApplicant.objects.filter(invitation=invitation).select_related("application")
