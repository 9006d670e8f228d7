"""Which keys a partner has taken and not reported: one definition for his home, his duties, score and rule."""

from django.db.models import QuerySet

from licensing.models import KeyHandOver
from licensing.rules.key_states import NOT_REPORTED, Hold


def unreported_hand_overs() -> QuerySet[KeyHandOver]:
    """Return the hand-overs whose key waits for the partner's report; keys on hold nobody may report."""
    return KeyHandOver.objects.filter(key__state__in=NOT_REPORTED, key__hold=Hold.NONE)
