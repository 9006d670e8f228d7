"""Find people and their places."""

from core.models import User
from partners.models import Membership


def membership_of(user: User) -> Membership | None:
    """Return the person's active membership with its partner, None for someone without one."""
    return Membership.objects.select_related("partner").filter(user=user, is_active=True).first()
