"""Rule CMP-11 at work: open the restriction when reports are too old, end it once when they are in."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import Min, QuerySet
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from compliance.rules.reporting_rule import ages_of, extent_for
from compliance.selectors.conduct import unreported_ages
from core.actor import Actor
from licensing.selectors.programme_rules import rules_at
from licensing.selectors.unreported import unreported_hand_overs
from partners.models import OrderBlock
from partners.models.partner import PartnerState
from partners.rules.partner_states import Extent
from partners.services.standing import lift_restriction, lock_standing, restrict_partner, settle_standing

RULE = "CMP-11"
PORTAL = Actor.system("rule CMP-11")


def apply_reporting_rule(*, at: datetime) -> int:
    """Open, widen, narrow and end restrictions by unreported keys; return how many changed.

    Each partner in a transaction of his own, his row locked before his keys are counted again, so two
    runs at once do it once.
    """
    rules = rules_at(at)
    ages = ages_of(rules)
    late = {partner_id for partner_id, counts in unreported_ages(ages, at).items() if extent_for(counts)}
    held = set(_open_blocks().values_list("partner_id", flat=True))
    return sum(_apply_to(partner_id, ages, at) for partner_id in sorted(late | held))


def settle_expired(*, at: datetime) -> int:
    """Let the state follow where a restriction or an unconfirmed suspension has ended by its own date."""
    over = OrderBlock.objects.filter(lifted_at__isnull=True, until__lte=at)
    partners = sorted(set(over.values_list("partner_id", flat=True)))
    for partner_id in partners:
        settle_standing(partner_id, by=Actor.system("standing"), at=at)
    return len(partners)


@transaction.atomic
def _apply_to(partner_id: UUID, ages: tuple[int, int, int], at: datetime) -> bool:
    if lock_standing(partner_id).state == PartnerState.TERMINATED:
        return False  # whoever is gone neither orders nor takes keys
    counts = unreported_ages(ages, at, [partner_id]).get(partner_id, (0, 0, 0, 0))
    wanted = extent_for(counts)
    block = _open_blocks().filter(partner_id=partner_id).first()
    if (block.kind if block else None) == wanted:
        return False
    if block is not None:
        reason = (
            _("All keys of that age are reported or called back.")
            if wanted is None
            else _("Another extent follows.")
        )
        lift_restriction(block.pk, reason=reason, by=PORTAL, at=at)
    is_opened = wanted is not None and _open(partner_id, wanted, counts, ages, at)
    return is_opened or block is not None


def _open(
    partner_id: UUID,
    extent: Extent,
    counts: tuple[int, int, int, int],
    ages: tuple[int, int, int],
    at: datetime,
) -> bool:
    """Open a restriction; False when the last key was reported after it was counted."""
    taken = unreported_hand_overs().filter(partner_id=partner_id)
    oldest = taken.aggregate(first=Min("handed_at"))["first"]
    if oldest is None:
        return False
    days = ages[2] if extent == Extent.ALL else ages[1]
    count = counts[3] if extent == Extent.ALL else counts[2]
    restrict_partner(
        partner_id,
        kind=extent,
        rule=RULE,
        is_by_rule=True,
        reason=ngettext(
            "%(count)s key was taken more than %(days)s days ago and is not reported.",
            "%(count)s keys were taken more than %(days)s days ago and are not reported.",
            count,
        )
        % {"count": count, "days": days},
        next_step=_("Report these PCs, or tell the MAR which keys are lost. The restriction ends by itself."),
        facts={
            _("Keys over %(days)s days") % {"days": days}: count,
            _("Oldest taken on"): f"{oldest:%Y-%m-%d}",
            _("Age of the oldest, in days"): (at - oldest) // timedelta(days=1),
        },
        by=PORTAL,
        at=at,
    )
    return True


def _open_blocks() -> QuerySet[OrderBlock]:
    return OrderBlock.objects.filter(rule=RULE, is_by_rule=True, lifted_at__isnull=True, until__isnull=True)
