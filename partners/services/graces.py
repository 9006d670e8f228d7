"""Give a partner time: lift the effect of one rule until an instant, with a reason."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core.actor import Actor
from core.errors import Invalid, NotFound
from core.queue import enqueue
from partners import locks
from partners.models import Grace
from partners.rules.graces import GRACE_RULES, check_grace
from partners.services.standing_state import locked_partner, note


@transaction.atomic
def give_grace(
    partner_id: UUID,
    *,
    rule: str,
    reason: str,
    valid_from: datetime,
    valid_before: datetime,
    by: Actor,
    at: datetime,
) -> Grace:
    """Lift the effect of one rule for a time; it ends by itself at ``valid_before``, to the instant.

    :raises Invalid: for a rule that knows no grace, or a time that is over, turned round or too long.
    """
    partner = locked_partner(partner_id)
    problem = check_grace(rule, valid_from=valid_from, valid_before=valid_before, at=at)
    if problem:
        raise Invalid(problem)
    grace = Grace.objects.create(
        partner=partner,
        rule=rule,
        reason=reason.strip(),
        allows=str(GRACE_RULES[rule]),
        valid_from=valid_from,
        valid_before=valid_before,
        given_by=by.label[:200],
        given_at=at,
    )
    note("partners.grace.given", partner_id, by=by, at=at, rule=rule, until=valid_before.isoformat())
    enqueue("partners.send_grace", at=at, grace_id=grace.pk)
    return grace


@transaction.atomic
def end_grace(grace_id: UUID, *, reason: str, by: Actor, at: datetime) -> Grace:
    """End a grace before its time; one that has ended stays as it is.

    :raises NotFound: when there is no such grace.
    """
    grace = locks.lock_grace(grace_id)
    if grace is None:
        raise NotFound(_("There is no such grace."))
    if grace.valid_before > at:
        grace.valid_before = max(at, grace.valid_from)
        grace.ended_by, grace.ended_at = by.label[:200], at
        grace.save(update_fields=["valid_before", "ended_by", "ended_at"])
        note("partners.grace.ended", grace.partner_id, by=by, at=at, rule=grace.rule, reason=reason)
    return grace
