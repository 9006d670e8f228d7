"""Give badges that are proven, and let those end that are not."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from compliance.rules.badges import proofs_of
from compliance.rules.score import score_of
from compliance.selectors.conduct import conduct_of_all
from compliance.selectors.score import model_in_force, rules_in
from core.actor import Actor
from partners.models.partner import PartnerState
from partners.selectors.mar import mar_zone
from partners.selectors.partners import partners
from partners.services.badges import set_badges

PORTAL = Actor.system("badges")


@transaction.atomic
def renew_badges(*, at: datetime) -> int:
    """Prove every partner's badges anew; return how many were given or ended.

    A proven badge lasts the model's number of days, so that a day without a check takes nothing away;
    one that is disproved ends now.
    """
    model = model_in_force(at)
    rules, is_shadow = rules_in(model), model.is_in_shadow(at)
    standing = {partner.pk: partner.state for partner in partners()}
    earned: dict[UUID, set[str]] = {}
    for partner_id, conduct in conduct_of_all(rules=rules, at=at, zone=mar_zone()).items():
        state = standing.get(partner_id)
        if state is None:
            continue  # he came while this was counted: tomorrow
        proofs = proofs_of(
            conduct,
            score_of(conduct, rules),
            rules,
            is_shadow=is_shadow,
            is_unrestricted=state == PartnerState.ACTIVE,
        )
        codes = {proof.badge.value for proof in proofs if proof.is_earned}
        earned[partner_id] = codes if state != PartnerState.TERMINATED else set()
    until = at + timedelta(days=rules.badges["valid_days"])
    return set_badges(earned, valid_before=until, by=PORTAL, at=at)
