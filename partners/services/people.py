"""Change a colleague's role, or end his access."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound, refuse
from core.queue import enqueue
from core.services.sessions import end_sessions
from partners import locks
from partners.models import Membership
from partners.models.membership import Role
from partners.rules.people import keeper_role
from partners.services.invitations import require_role_of_house


class LastKeeper(DomainError):
    """Without this person nobody could manage the organisation."""


@transaction.atomic
def remove_person(membership_id: UUID, *, partner_id: UUID | None, by: Actor, at: datetime) -> Membership:
    """End a person's access to a house, at once: the next request of any of his sessions is refused.

    :raises NotFound: when nobody in this house has the membership.
    :raises LastKeeper: when he is the last owner, or the MAR's last administrator.
    """
    membership, people = _locked(membership_id, partner_id)
    _require_another_keeper(membership, people)
    membership.is_active = False
    membership.save(update_fields=["is_active"])
    end_sessions(membership.user_id, at=at)
    _audit("partners.person.removed", membership, by=by, at=at, role=membership.role)
    return membership


@transaction.atomic
def change_role(
    membership_id: UUID, *, partner_id: UUID | None, role: str, by: Actor, at: datetime
) -> Membership:
    """Give a person another role of the same house. His sessions end: none keeps the old role's powers.

    :raises NotFound: when nobody in this house has the membership.
    :raises RoleNotOfHouse: when the role is not one of this house.
    :raises LastKeeper: when he is the last owner, or the MAR's last administrator.
    """
    membership, people = _locked(membership_id, partner_id)
    require_role_of_house(role, partner_id)
    if role == membership.role:
        return membership
    _require_another_keeper(membership, people)
    before, membership.role = membership.role, role
    membership.save(update_fields=["role"])
    end_sessions(membership.user_id, at=at)
    _audit("partners.person.role_changed", membership, by=by, at=at, before=before, after=role)
    enqueue("partners.send_security_notice", at=at, user_id=membership.user_id, what="role_changed")
    if partner_id is None:
        enqueue("partners.send_mar_role_given", at=at, by=by.label, membership_id=membership.pk)
    return membership


def _locked(membership_id: UUID, partner_id: UUID | None) -> tuple[Membership, list[Membership]]:
    """Lock the whole house, so that two owners cannot remove each other at once."""
    people = locks.lock_people(partner_id)
    for membership in people:
        if membership.pk == membership_id:
            return membership, people
    raise NotFound(_("There is no such person."))


def _require_another_keeper(membership: Membership, people: list[Membership]) -> None:
    role = keeper_role(is_partner=membership.partner_id is not None)
    if membership.role != role or any(other.role == role and other.pk != membership.pk for other in people):
        return
    raise LastKeeper(
        refuse(
            "last_keeper",
            _("This is the last person who can manage this organisation."),
            rule="P-PEOPLE-2",
            facts={_("Role"): Role(role).label},
            next_step=_("Give another person this role first."),
            lifted_by=_("A second person with this role"),
        )
    )


def _audit(action: str, membership: Membership, *, by: Actor, at: datetime, **facts: str) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="membership",
        object_id=membership.pk,
        partner_id=membership.partner_id,
        facts={"user_id": str(membership.user_id), **facts},
    )
