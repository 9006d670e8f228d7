"""How fast keys may leave: per person, per new partner, per contract. Counted in the database, one at a time.

A partner's hand-overs wait for each other on his lock, so twenty stations at once cannot pass together.
"""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Refusal, refuse
from licensing.locks import serialise
from licensing.models import OrderLimit
from licensing.rules.programme_rules import Ruleset
from licensing.selectors.hand_over import hand_overs_since
from partners.models import Partner

DAY = timedelta(days=1)


def lock_velocity(partner_id: UUID) -> None:
    """Let one hand-over of the partner at a time count and take, until its transaction ends."""
    serialise(f"velocity.{partner_id}")


def day_refusal(partner_id: UUID, *, rules: Ruleset, at: datetime, quantity: int = 1) -> Refusal | None:
    """Hold what the partner takes in 24 hours against his contract, and a new partner's against the first days.

    The lock is taken first, so the count is exact. None when the keys may leave.
    """
    lock_velocity(partner_id)
    taken = hand_overs_since(at - DAY, partner_id=partner_id)
    created_at = Partner.objects.values_list("created_at", flat=True).get(pk=partner_id)
    first_days = rules.days("reveal.new_partner", "for_days")
    a_day = rules.number("reveal.new_partner", "per_day")
    if at < created_at + first_days and taken + quantity > a_day:
        return _new_partner(a_day, taken, quantity, created_at + first_days, rules)
    contract = (
        OrderLimit.objects.filter(partner_id=partner_id).values_list("monthly_quantity", flat=True).first()
    )
    if contract is not None and taken + quantity > contract:
        return _contract(contract, taken, quantity)
    return None


def person_refusal(partner_id: UUID, *, rules: Ruleset, by: Actor, at: datetime) -> Refusal | None:
    """Hold what one person looks at in an hour against the rule, exactly; None when he may."""
    lock_velocity(partner_id)
    most = rules.number("reveal.person", "per_hour")
    used = hand_overs_since(at - timedelta(hours=1), revealed_by=by.id)
    if used < most:
        return None
    return refuse(
        "reveal_rate",
        _("You have looked at as many keys as one person may in an hour."),
        rule="HND-5",
        rule_version=rules.version("reveal.person"),
        rule_since=rules.since("reveal.person"),
        facts={_("Reveals an hour"): most, _("Yours"): used},
        next_step=_("Let your imaging station take keys by API; it shows them to nobody."),
        lifted_by=_("Time: the count falls within the hour"),
    )


def _new_partner(a_day: int, taken: int, quantity: int, until: datetime, rules: Ruleset) -> Refusal:
    return refuse(
        "velocity_new_partner",
        _("A new partner takes only some keys a day in his first days."),
        rule="HND-10",
        rule_version=rules.version("reveal.new_partner"),
        rule_since=rules.since("reveal.new_partner"),
        facts={
            _("Keys a day"): a_day,
            _("Taken in 24 hours"): taken,
            _("Asked for"): quantity,
            _("Until"): until,
        },
        next_step=_("Take the rest tomorrow. The keys stay yours."),
        lifted_by=_("Time; compliance was told"),
        fix_path="/tpr/keys/",
    )


def _contract(contract: int, taken: int, quantity: int) -> Refusal:
    return refuse(
        "velocity_partner",
        _("More keys are asked for in one day than your contract covers in a month."),
        rule="HND-11",
        facts={
            _("Licences a month"): contract,
            _("Taken in 24 hours"): taken,
            _("Asked for"): quantity,
        },
        next_step=_("Wait, or ask the programme office for a larger contract."),
        lifted_by=_("The MAR"),
        fix_path="/tpr/keys/",
    )
