"""The background work of compliance; each may run twice and does its work once."""

from typing import Any
from uuid import UUID

from celery import shared_task
from django.conf import settings
from django.utils import timezone
from django.utils.translation import gettext as _

from compliance.models import TierProposal
from compliance.services import badges, reporting_rule, score, tiers
from compliance.tasks_wind_down import end_accesses, make_file
from core.outbox import WorkTask
from partners.models.membership import Role
from partners.selectors.people import addresses_of_role
from partners.services.letters import Letter
from partners.services.mails import send_letter

# Celery looks for tasks here.
__all__ = ["end_accesses", "make_file", "send_tier", "take_scores", "watch_standing"]


@shared_task(name="compliance.watch_standing", base=WorkTask)  # type: ignore[untyped-decorator]
def watch_standing(**_kwargs: Any) -> int:
    """Open and end restrictions by rule, and settle what has ended by its own date."""
    at = timezone.now()
    return reporting_rule.apply_reporting_rule(at=at) + reporting_rule.settle_expired(at=at)


@shared_task(name="compliance.take_scores", base=WorkTask)  # type: ignore[untyped-decorator]
def take_scores(**_kwargs: Any) -> int:
    """Write the day's scores, prove the badges, and propose the month's moves between tiers."""
    at = timezone.now()
    taken = score.take_snapshots(at=at)
    badges.renew_badges(at=at)
    tiers.propose_moves(at=at)
    return taken


@shared_task(name="compliance.send_tier", base=WorkTask)  # type: ignore[untyped-decorator]
def send_tier(proposal_id: str) -> int:
    """Tell a partner's owners his new tier and what he gets."""
    proposal = TierProposal.objects.select_related("partner", "to_tier").get(pk=UUID(proposal_id))
    letter = Letter(
        subject=_("Your tier is now %(tier)s") % {"tier": proposal.to_tier.name},
        sentence=_("%(partner)s is now in the tier %(tier)s.")
        % {"partner": proposal.partner.name, "tier": proposal.to_tier.name},
        detail=proposal.to_tier.benefits,
        button_label=_("See what you get"),
        button_url=f"{settings.BASE_URL}/tpr/standing/",
    )
    addresses = addresses_of_role(Role.TPR_OWNER, partner_id=proposal.partner_id)
    return send_letter(letter, to=addresses, identity=f"tier.{proposal.pk}")
