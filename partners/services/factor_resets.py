"""Take off a colleague's lost second step; he sets up another by a link in his mail."""

from datetime import datetime, timedelta
from uuid import UUID

from allauth.mfa.models import Authenticator
from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, NotFound, refuse
from core.queue import enqueue
from core.services.sessions import end_sessions
from partners import locks
from partners.models import FactorReset, Membership
from partners.selectors.factor_resets import open_reset_of, reset_by_token_hash
from partners.services.tokens import hash_token, reset_token

VALID_FOR = timedelta(days=7)
SHORTEST_REASON = 10


class OwnFactors(DomainError):
    """Nobody resets their own second step."""


class ReasonMissing(DomainError):
    """A reset without a reason could not be judged later."""


class ResetClosed(DomainError):
    """The link was used, replaced by a newer one, or is too old."""


@transaction.atomic
def reset_factors(
    membership_id: UUID, *, partner_id: UUID | None, reason: str, by: Actor, at: datetime
) -> FactorReset:
    """Take off every factor of a colleague, end his sessions, and send him a link to set up another.

    The link is valid for seven days and works only together with his password. An older open one ends.

    :raises NotFound: when nobody in this house has the membership.
    :raises OwnFactors: for one's own.
    :raises ReasonMissing: when the reason is shorter than ten characters.
    """
    membership = _membership(membership_id, partner_id)
    _require_another(membership, by)
    reason = " ".join(reason.split())[:300]
    _require_reason(reason)
    FactorReset.objects.filter(user_id=membership.user_id, used_at__isnull=True).update(used_at=at)
    reset = FactorReset(
        user_id=membership.user_id, partner_id=membership.partner_id, reason=reason,
        requested_by=by.label[:200], requested_by_id=by.id, requested_at=at, expires_at=at + VALID_FOR,
    )  # fmt: skip
    reset.token_hash = hash_token(reset_token(reset.pk))
    reset.save(force_insert=True)
    taken, _rows = Authenticator.objects.filter(user_id=membership.user_id).delete()
    ended = end_sessions(membership.user_id, at=at)
    _audit("partners.factors.reset", reset, by=by, at=at, factors=taken, sessions=ended, reason=reason)
    enqueue("partners.send_factor_reset", at=at, reset_id=reset.pk)
    return reset


def find_open_reset(token: str, *, at: datetime) -> FactorReset:
    """Return the reset a link opens.

    :raises NotFound: when no reset has this token.
    :raises ResetClosed: when it was used or replaced, or is too old.
    """
    reset = reset_by_token_hash(hash_token(token))
    if reset is None:
        raise NotFound(_("This link does not exist."))
    if reset.used_at is None and reset.expires_at > at:
        return reset
    raise ResetClosed(
        refuse(
            "factor_reset_closed",
            _("This link no longer works."),
            rule="P-FACTOR-3",
            facts={_("Valid until"): reset.expires_at},
            next_step=_("Ask the colleague who reset your second step for a new link."),
            lifted_by=reset.requested_by,
        )
    )


@transaction.atomic
def close_reset(user_id: UUID, *, by: Actor, at: datetime) -> None:
    """Note that the person has set up a factor again; his link no longer opens anything."""
    reset = open_reset_of(user_id)
    if reset is None:
        return
    FactorReset.objects.filter(pk=reset.pk).update(used_at=at)
    _audit("partners.factors.enrolled", reset, by=by, at=at)


def _membership(membership_id: UUID, partner_id: UUID | None) -> Membership:
    for membership in locks.lock_people(partner_id):
        if membership.pk == membership_id:
            return membership
    raise NotFound(_("There is no such person."))


def _require_another(membership: Membership, by: Actor) -> None:
    if membership.user_id != by.user_id:
        return
    raise OwnFactors(
        refuse(
            "own_factors",
            _("Nobody resets his own second step."),
            rule="P-FACTOR-1",
            next_step=_("Replace it under Sign-in and security, or use a recovery code."),
            lifted_by=_("A second person who manages the people"),
            fix_path="/accounts/2fa/",
        )
    )


def _require_reason(reason: str) -> None:
    if len(reason) >= SHORTEST_REASON:
        return
    raise ReasonMissing(
        refuse(
            "reason_missing",
            _("A reset needs a reason."),
            rule="P-FACTOR-2",
            facts={_("Shortest reason"): _("%(count)d characters") % {"count": SHORTEST_REASON}},
            next_step=_("Write what happened and how you made sure who asked."),
        )
    )


def _audit(action: str, reset: FactorReset, *, by: Actor, at: datetime, **facts: object) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="user",
        object_id=reset.user_id,
        partner_id=reset.partner_id,
        facts={"reset_id": str(reset.pk), **facts},
    )
