"""Find where a person is signed in."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import QuerySet

from core.models import SignInSession


def open_sessions_of(user_id: UUID, *, at: datetime, lifetime: timedelta) -> QuerySet[SignInSession]:
    """Return a person's sign-ins that still open the portal, the newest first."""
    return SignInSession.objects.filter(
        user_id=user_id, ended_at__isnull=True, started_at__gt=at - lifetime
    ).order_by("-seen_at")


def is_known_network(network: str, *, email: str) -> bool:
    """Return whether the person with this address has signed in from a network before."""
    return SignInSession.objects.filter(user__email=email, network=network).exists()
