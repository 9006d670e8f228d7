"""A partner's entry in the public finder."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import Invalid, refuse
from partners.models import PublicProfile
from partners.rules.countries import NAMES


class ProfileEmpty(Invalid):
    """A listed partner says at least what he does, and where."""


@transaction.atomic
def save_profile(
    partner_id: UUID,
    *,
    is_listed: bool,
    capabilities: Iterable[str],
    countries: Iterable[str],
    website: str,
    blurb: str,
    by: Actor,
    at: datetime,
) -> PublicProfile:
    """Keep what a partner lets everybody read about him; his consent is the tick, noted with its time.

    :raises ProfileEmpty: when he is to be listed without a capability or a country.
    """
    offered = [code for code in PublicProfile.Capability.values if code in set(capabilities)]
    served = sorted(set(countries) & NAMES.keys())
    if is_listed and not (offered and served):
        raise ProfileEmpty(
            refuse(
                "profile_empty",
                _("Buyers look for a country and for what you do; one of them is missing."),
                rule="P-PRO-1",
                next_step=_("Choose at least one of each, or take the tick off."),
                lifted_by=_("You"),
            )
        )
    profile, _is_new = PublicProfile.objects.update_or_create(
        partner_id=partner_id,
        defaults={
            "is_listed": is_listed,
            "capabilities": offered,
            "countries": served,
            "website": website,
            "blurb": " ".join(blurb.split())[:300],
            "saved_at": at,
        },
    )
    audit.record(
        "partners.profile.saved", by=by, at=at, object_type="partner", object_id=partner_id, partner_id=partner_id,
        facts={"is_listed": is_listed, "capabilities": offered, "countries": served},
    )  # fmt: skip
    return profile
