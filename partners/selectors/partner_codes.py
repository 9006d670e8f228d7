"""Count partners' codes."""

from django.db.models import IntegerField, Max
from django.db.models.functions import Cast, Substr

from partners.models import Partner
from partners.rules.partner_states import format_code

_PREFIX_LENGTH = len("TPR-")


def next_partner_code() -> str:
    """Return the code after the highest in use. The caller holds the lock on partner codes."""
    numbered = Partner.objects.filter(code__regex=r"^TPR-[0-9]+$").annotate(
        number=Cast(Substr("code", _PREFIX_LENGTH + 1), IntegerField())
    )
    highest = numbered.aggregate(highest=Max("number"))["highest"] or 0
    return format_code(highest + 1)
