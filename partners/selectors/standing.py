"""What stands for and against a partner, as the gates of an order and of a hand-over read it."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from partners.models import CreditPosition, Grace, OrderBlock, Partner, PartnerBadge
from partners.rules.partner_states import Act, allowed_acts


@dataclass(frozen=True, slots=True)
class Standing:
    """A partner, the restrictions in force, the grace that lifts some of them, and his credit."""

    partner: Partner
    blocks: list[OrderBlock]
    graces: list[Grace]
    credit: CreditPosition | None

    @property
    def stopping(self) -> list[OrderBlock]:
        """Return the restrictions that no grace lifts today."""
        graced = {grace.rule for grace in self.graces}
        return [block for block in self.blocks if block.is_suspension or block.rule not in graced]

    @property
    def allowed(self) -> frozenset[Act]:
        """Return what the partner may do now."""
        return allowed_acts(
            self.partner.state,
            [block.kind for block in self.stopping],
            is_suspension_known=any(block.is_suspension for block in self.blocks),
        )


def partner_standing(partner_id: UUID, at: datetime) -> Standing:
    """Return how a partner stands at a time, inside his own scope or the MAR's.

    :raises Partner.DoesNotExist: when the scope does not see him.
    """
    partner = Partner.objects.get(pk=partner_id)
    in_force = blocks_in_force(at).filter(partner_id=partner_id)
    graces = graces_in_force(at).filter(partner_id=partner_id)
    credit = CreditPosition.objects.filter(partner_id=partner_id).first()
    return Standing(partner, list(in_force.order_by("since")), list(graces), credit)


def blocks_in_force(at: datetime) -> QuerySet[OrderBlock]:
    """Return every restriction in force at a time, grace or not."""
    return OrderBlock.objects.filter(Q(until__isnull=True) | Q(until__gt=at), since__lte=at)


def stopping_blocks(at: datetime) -> QuerySet[OrderBlock]:
    """Return the restrictions that stop something at a time: in force and not lifted by a grace."""
    graced = graces_in_force(at).filter(partner_id=OuterRef("partner_id"), rule=OuterRef("rule"))
    return blocks_in_force(at).filter(Q(is_suspension=True) | ~Exists(graced))


def suspensions_to_review(at: datetime) -> QuerySet[OrderBlock]:
    """Return confirmed suspensions whose day to be looked at again has come."""
    return blocks_in_force(at).filter(is_suspension=True, review_at__lte=at)


def graces_in_force(at: datetime) -> QuerySet[Grace]:
    """Return every grace that runs at a time."""
    return Grace.objects.filter(valid_from__lte=at, valid_before__gt=at)


def past_blocks(partner_id: UUID, at: datetime) -> QuerySet[OrderBlock]:
    """Return a partner's restrictions that have ended, the latest first."""
    return OrderBlock.objects.filter(partner_id=partner_id, until__lte=at).order_by("-until")


def public_badges(at: datetime) -> dict[UUID, list[str]]:
    """Return the badges everybody may see, by partner. Words only: the numbers behind them are private."""
    found: dict[UUID, list[str]] = {}
    badges = PartnerBadge.objects.filter(valid_from__lte=at, valid_before__gt=at).order_by(
        "valid_from", "code"
    )
    for partner_id, code in badges.values_list("partner_id", "code"):
        found.setdefault(partner_id, []).append(code)
    return found


def block_of(partner_id: UUID, block_id: UUID) -> OrderBlock | None:
    """Return a partner's restriction, None when it is not his."""
    return OrderBlock.objects.filter(pk=block_id, partner_id=partner_id).first()


def grace_of(partner_id: UUID, grace_id: UUID) -> Grace | None:
    """Return a partner's grace, None when it is not his."""
    return Grace.objects.filter(pk=grace_id, partner_id=partner_id).first()
