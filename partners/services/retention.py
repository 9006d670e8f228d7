"""Throw away what is no longer needed, class by class. Source: docs/security.md, "Personal data"."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID

from django.contrib.sessions.models import Session
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from core import audit, keyring
from core.actor import Actor, ActorKind
from core.errors import DomainError, NotFound, refuse
from core.models import IdempotencyKey, OutboxItem, SignInSession
from core.tenancy import acting_as, mar_scope, no_scope
from partners import locks
from partners.models import Invitation, OwnerReset, RetentionProposal

GONE = "–"
_NOBODY = "nobody@erased.invalid"
_Rows = Callable[[datetime], QuerySet[Any]]

# Class, scope, days it is kept, rows older than that. Invitations are blanked, evidence loses its key, the
# rest is deleted.
_CLASSES: tuple[tuple[str, Callable[[], AbstractContextManager[None]], int, _Rows], ...] = (
    ("finished_work", no_scope, 30, lambda before: OutboxItem.objects.filter(done_at__lt=before)),
    (
        "repeatable_requests",
        mar_scope,
        90,
        lambda before: IdempotencyKey.objects.filter(created_at__lt=before),
    ),
    ("sign_ins", no_scope, 90, lambda before: SignInSession.objects.filter(seen_at__lt=before)),
    ("browser_sessions", no_scope, 1, lambda before: Session.objects.filter(expire_date__lt=before)),
    (
        "invitations",
        mar_scope,
        180,
        lambda before: Invitation.objects.filter(
            Q(accepted_at__lt=before) | Q(expires_at__lt=before)
        ).exclude(email=_NOBODY),
    ),
    (
        "owner_evidence",
        mar_scope,
        90,
        lambda before: OwnerReset.objects.filter(closed_at__lt=before).exclude(evidence_path=""),
    ),
)


class RetentionRefused(DomainError):
    """Nothing to throw away, or not by this person."""


def kept_days() -> dict[str, int]:
    """Return how many days each class is kept."""
    return {name: days for name, _in, days, _of in _CLASSES}


def count_expired(*, at: datetime) -> dict[str, int]:
    """Return how many rows of each class are past their time; nothing is changed."""
    counts = {}
    for name, scope, days, rows in _CLASSES:
        with scope():
            counts[name] = rows(at - timedelta(days=days)).count()
    return counts


@transaction.atomic
def propose_retention(*, by: Actor, at: datetime) -> RetentionProposal:
    """Count what is past its time and propose to throw it away. Nothing is changed yet.

    Runs in the MAR's scope, like the two below.

    :raises RetentionRefused: when nothing is past its time, or a proposal waits already.
    """
    if by.user_id is None:
        raise _refused("person", _("A person proposes it."), _("Sign in."))
    locks.lock_retention()
    waiting = RetentionProposal.objects.filter(state=RetentionProposal.State.PROPOSED).first()
    if waiting is not None:
        raise _refused("open", _("A proposal waits already."), _("Decide it first."), facts={
            _("Proposed by"): str(waiting.proposed_by), _("Proposed"): waiting.proposed_at,
        })  # fmt: skip
    counts = count_expired(at=at)
    if not any(counts.values()):
        raise _refused("empty", _("Nothing is past its time."), _("Nothing is to be done today."))
    with acting_as(by.user_id):
        proposal = RetentionProposal.objects.create(
            counts=counts, proposed_by=by.label[:200], proposed_by_user_id=by.user_id, proposed_at=at
        )
    _audit("proposed", proposal, by=by, at=at, counts=counts)
    return proposal


@transaction.atomic
def confirm_retention(proposal_id: UUID, *, by: Actor, at: datetime) -> RetentionProposal:
    """Throw away what was past its time when it was proposed, as the second person.

    :raises NotFound: when there is no such proposal.
    :raises RetentionRefused: when it was decided, or for the one who proposed it.
    """
    proposal = _waiting(proposal_id)
    if by.user_id is None or by.user_id == proposal.proposed_by_user_id:
        raise _refused(
            "second_person", _("Who proposed it does not confirm it."), _("Let a colleague look at it."),
            rule="P-RETAIN-2", facts={_("Proposed by"): str(proposal.proposed_by)},
            lifted_by=_("A second person of the programme office or compliance"),
        )  # fmt: skip
    first = Actor(ActorKind.USER, str(proposal.proposed_by_user_id), "", user_id=proposal.proposed_by_user_id)
    outcome = purge_expired(by=first, second=by, at=at, counted_at=proposal.proposed_at)
    _decide(proposal, RetentionProposal.State.DONE, by=by, at=at, outcome=outcome)
    return proposal


@transaction.atomic
def drop_retention(proposal_id: UUID, *, by: Actor, at: datetime) -> RetentionProposal:
    """Let a proposal go; everything stays.

    :raises NotFound: when there is no such proposal.
    :raises RetentionRefused: when it was decided.
    """
    proposal = _waiting(proposal_id)
    _decide(proposal, RetentionProposal.State.DROPPED, by=by, at=at, outcome={})
    _audit("dropped", proposal, by=by, at=at)
    return proposal


@transaction.atomic
def purge_expired(
    *, by: Actor, second: Actor, at: datetime, counted_at: datetime | None = None
) -> dict[str, int]:
    """Throw away what is past its time, in the name of two people, and return the counts.

    ``counted_at``: what was past its time then, and no more.

    :raises ValueError: when both are the same person.
    """
    if by.id == second.id:
        raise ValueError("a retention run takes two people")
    counts = {}
    for name, scope, days, rows in _CLASSES:
        with scope():
            found = rows((counted_at or at) - timedelta(days=days))
            counts[name] = _throw_away(name, found)
    with mar_scope():
        audit.record("partners.retention.run", by=by, at=at, facts={"second": second.id, "counts": counts})
    return counts


def _throw_away(name: str, found: QuerySet[Any]) -> int:
    if name == "invitations":
        return found.update(email=_NOBODY, name=GONE)
    if name == "owner_evidence":
        for subject in found.values_list("subject", flat=True):
            transaction.on_commit(partial(keyring.destroy, subject))
        return found.update(evidence_path="")
    return found.delete()[0]


def _waiting(proposal_id: UUID) -> RetentionProposal:
    proposal = locks.lock_retention_proposal(proposal_id)
    if proposal is None:
        raise NotFound(_("There is no such proposal."))
    if proposal.state != RetentionProposal.State.PROPOSED:
        raise _refused(
            "decided", _("This proposal was decided."), _("Nothing is left to do."),
            facts={_("State"): proposal.get_state_display(), _("Decided by"): str(proposal.decided_by)},
        )  # fmt: skip
    return proposal


def _decide(
    proposal: RetentionProposal, state: str, *, by: Actor, at: datetime, outcome: dict[str, int]
) -> None:
    proposal.state, proposal.decided_at, proposal.outcome = state, at, outcome
    proposal.decided_by, proposal.decided_by_user_id = by.label[:200], by.user_id
    with acting_as(by.user_id):
        proposal.save(update_fields=["state", "decided_by", "decided_by_user", "decided_at", "outcome"])


def _refused(
    code: str,
    what: str,
    next_step: str,
    *,
    rule: str = "P-RETAIN-1",
    facts: dict[str, Any] | None = None,
    lifted_by: str = "",
) -> RetentionRefused:
    return RetentionRefused(
        refuse(
            f"retention_{code}", what, rule=rule, facts=facts or {}, next_step=next_step, lifted_by=lifted_by
        )
    )


def _audit(act: str, proposal: RetentionProposal, *, by: Actor, at: datetime, **facts: Any) -> None:
    audit.record(
        f"partners.retention.{act}", by=by, at=at, object_type="retention", object_id=proposal.pk, facts=facts
    )
