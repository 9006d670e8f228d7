"""How the rule about unreported keys comes out for each partner: what a simulation compares."""

from collections.abc import Iterator
from datetime import datetime

from compliance.rules.reporting_rule import ages_of, extent_for
from compliance.selectors.conduct import unreported_ages
from licensing.rules.rule_outcomes import PARTNER, Outcome
from licensing.selectors.programme_rules import rules_at
from partners.models import Partner
from partners.models.partner import PartnerState


def outcomes_of_reporting(as_of: datetime, _data_at: datetime) -> Iterator[Outcome]:
    """Yield by partner what CMP-11 stops at an instant: nothing, orders, or all; or the reminder before."""
    counts = unreported_ages(ages_of(rules_at(as_of)), as_of)
    for partner in Partner.objects.exclude(state=PartnerState.TERMINATED).order_by("code"):
        found = counts.get(partner.pk, (0, 0, 0, 0))
        value = extent_for(found) or ("remind" if found[1] else "nothing")
        yield Outcome(
            PARTNER, str(partner.pk), f"{partner.code} {partner.name}", partner.pk, "report.stop", str(value)
        )
