"""Open a new partner's account: how much and what he may order."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db import transaction

from core import audit
from core.actor import Actor
from licensing.models import FamilyGrant, OrderLimit


@transaction.atomic
def open_account(
    partner_id: UUID, *, monthly_quantity: int, families: Iterable[str], by: Actor, at: datetime
) -> OrderLimit:
    """Give a partner a monthly limit of licences and the families he may order from now on.

    Stands in the transaction that makes the partner. Runs in the MAR's scope.
    """
    granted = sorted(set(families))
    limit = OrderLimit.objects.create(partner_id=partner_id, monthly_quantity=monthly_quantity)
    FamilyGrant.objects.bulk_create(
        [FamilyGrant(partner_id=partner_id, family=family, valid_from=at) for family in granted]
    )
    audit.record(
        "licensing.account.opened",
        by=by,
        at=at,
        object_type="partner",
        object_id=partner_id,
        partner_id=partner_id,
        facts={"monthly_quantity": monthly_quantity, "families": granted},
    )
    return limit


@transaction.atomic
def grant_family(partner_id: UUID, *, family: str, by: Actor, at: datetime) -> FamilyGrant:
    """Add a licence family to a partner's contract from now on. Runs in the MAR's scope."""
    grant = FamilyGrant.objects.create(partner_id=partner_id, family=family, valid_from=at)
    audit.record(
        "licensing.account.family_granted",
        by=by,
        at=at,
        object_type="partner",
        object_id=partner_id,
        partner_id=partner_id,
        facts={"family": family},
    )
    return grant
