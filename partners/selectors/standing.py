"""What stands for and against a partner, as the gates of an order and of a hand-over read it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from partners.models import CreditPosition, OrderBlock, Partner


@dataclass(frozen=True, slots=True)
class Standing:
    """A partner, the reasons against new orders or taking keys, and his credit."""

    partner: Partner
    blocks: list[OrderBlock]
    credit: CreditPosition | None


def partner_standing(partner_id: UUID, at: datetime) -> Standing:
    """Return how a partner stands at a time, inside his own scope or the MAR's.

    :raises Partner.DoesNotExist: when the scope does not see him.
    """
    partner = Partner.objects.get(pk=partner_id)
    blocks = OrderBlock.objects.filter(partner_id=partner_id, since__lte=at)
    in_force = blocks.filter(Q(until__isnull=True) | Q(until__gt=at)).order_by("since")
    return Standing(partner, list(in_force), CreditPosition.objects.filter(partner_id=partner_id).first())
