"""Change what is known about the MAR itself: what stands on every document."""

from datetime import datetime
from zoneinfo import available_timezones

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, refuse
from partners import locks
from partners.models import Mar
from partners.rules.countries import NAMES

FIELDS = ("legal_name", "address", "country", "vat_id", "contact_email", "time_zone")


class ZoneIsFixed(DomainError):
    """Months were closed by this zone's clock."""


class MarFactsWrong(Invalid):
    """There is no such zone or country, or no name."""


@transaction.atomic
def change_mar_facts(*, facts: dict[str, str], is_zone_fixed: bool, by: Actor, at: datetime) -> Mar | None:
    """Change name, address, country, VAT number, contact or zone; None before the MAR is set up.

    ``is_zone_fixed``: reports of closed months exist, which were cut by the zone's midnights.

    :raises ZoneIsFixed: for another zone while it is fixed.
    :raises MarFactsWrong: for an unknown zone or country, or without a name.
    """
    mar = locks.lock_mar()
    if mar is None:
        return None
    wanted = {name: facts[name].strip() for name in FIELDS if name in facts}
    changed = [name for name, value in wanted.items() if getattr(mar, name) != value]
    if "time_zone" in changed and is_zone_fixed:
        raise ZoneIsFixed(
            refuse(
                "zone_is_fixed",
                _("The time zone stays: months were closed by its midnights."),
                rule="P-MAR-1",
                facts={_("Time zone"): mar.time_zone},
                next_step=_("Leave the time zone as it is."),
                lifted_by=_("Nobody: closed reports do not change"),
            )
        )
    if not _are_good({name: str(getattr(mar, name)) for name in FIELDS} | wanted):
        raise MarFactsWrong(
            refuse(
                "mar_facts_wrong",
                _("The MAR has a name, a country of the list and a time zone that exists."),
                rule="P-MAR-2",
                next_step=_("Correct the entry."),
                lifted_by=_("You"),
            )
        )
    for name in changed:
        setattr(mar, name, wanted[name])
    if changed:
        mar.save(update_fields=changed)
        audit.record("partners.mar.changed", by=by, at=at, object_type="mar", facts={"fields": changed})
    return mar


def _are_good(facts: dict[str, str]) -> bool:
    is_known_zone = facts["time_zone"] in available_timezones()
    return bool(facts["legal_name"]) and facts["country"] in NAMES and is_known_zone
