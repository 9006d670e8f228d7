"""Forget a person: two people, one transaction, and a search for what is left. Source: docs/security.md."""

from datetime import datetime
from functools import partial
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit, erasure_ledger, keyring
from core.actor import Actor
from core.errors import DomainError, NotFound, Refusal, refuse
from core.models import User
from core.tenancy import acting_as
from partners import locks
from partners.models import ErasureRequest
from partners.models.membership import Role
from partners.rules.people import keeper_role
from partners.selectors.people import membership_of, people_of
from partners.selectors.personal_data import residues_of
from partners.services.forgetting import forget, words_about


class LastKeeperStays(DomainError):
    """Without this person nobody could manage the organisation."""


class ErasureOpen(DomainError):
    """There is an open request already, or this one was decided."""


class SecondPersonNeeded(DomainError):
    """Who asked does not carry it out."""


@transaction.atomic
def request_erasure(user_id: UUID, *, by: Actor, at: datetime) -> ErasureRequest:
    """Ask that a person be forgotten: he himself, or somebody of the MAR for him.

    :raises NotFound: when there is no such person.
    :raises LastKeeperStays: when he is his organisation's last owner or administrator.
    :raises ErasureOpen: when a request for him is open.
    """
    user = User.objects.filter(pk=user_id, is_active=True).first()
    if user is None or by.user_id is None:
        raise NotFound(_("There is no such person."))
    _require_another_keeper(user)
    if ErasureRequest.objects.filter(user=user, state=ErasureRequest.State.REQUESTED).exists():
        raise ErasureOpen(_already_open())
    membership = membership_of(user)
    with acting_as(by.user_id):
        request = ErasureRequest.objects.create(
            user=user,
            partner_id=membership.partner_id if membership else None,
            requested_by=by.label[:200],
            requested_by_user_id=by.user_id,
            requested_at=at,
        )
    _audit("partners.erasure.requested", request, by=by, at=at)
    return request


@transaction.atomic
def carry_out_erasure(request_id: UUID, *, by: Actor, at: datetime) -> ErasureRequest:
    """Forget the person now. What proves the programme's course stays, under his id alone.

    Runs in the MAR's scope. The outcome counts what was blanked, and what a search still found, by table.

    :raises NotFound: when there is no such request.
    :raises ErasureOpen: when it was decided before.
    :raises SecondPersonNeeded: for the person who asked, and for the person himself.
    :raises LastKeeperStays: when he has become the last owner or administrator.
    """
    request = _locked(request_id)
    _require_second_person(request, by)
    user = User.objects.get(pk=request.user_id)
    _require_another_keeper(user)
    words, surname = words_about(user), _surname(user.name)
    done = forget(user, at=at)
    request.state, request.decided_by_user_id, request.decided_at = ErasureRequest.State.DONE, by.user_id, at
    request.outcome = {
        "blanked": done.blanked,
        "left": residues_of(words),
        "look": residues_of(surname),
        "keys": len(done.subjects),
    }
    with acting_as(by.user_id):
        request.save(update_fields=["state", "decided_by_user", "decided_at", "outcome"])
    _audit("partners.erasure.done", request, by=by, at=at, outcome=request.outcome)
    _note_outside(request, done.subjects)
    return request


@transaction.atomic
def refuse_erasure(request_id: UUID, *, reason: str, by: Actor, at: datetime) -> ErasureRequest:
    """Decline a request, with the reason that the person is told.

    :raises NotFound: when there is no such request.
    :raises ErasureOpen: when it was decided before.
    """
    request = _locked(request_id)
    request.state, request.decided_by_user_id, request.decided_at = (
        ErasureRequest.State.REFUSED,
        by.user_id,
        at,
    )
    request.decision_reason = " ".join(reason.split())[:300]
    with acting_as(by.user_id):
        request.save(update_fields=["state", "decided_by_user", "decided_at", "decision_reason"])
    _audit("partners.erasure.refused", request, by=by, at=at)
    return request


def _note_outside(request: ErasureRequest, subjects: list[UUID]) -> None:
    """Note the erasure where no restore of the database undoes it, and destroy the keys once it is committed.

    The line comes first: after a crash in between, a restore forgets somebody whom two people had
    decided to forget. The other way round it would bring him back.
    """
    assert request.decided_by_user_id is not None  # noqa: S101  (decided by the caller)
    assert request.decided_at is not None  # noqa: S101  (decided by the caller)
    erasure_ledger.append(
        erasure_ledger.Erasure(
            person_id=request.user_id,
            request_id=request.pk,
            asked_by=request.requested_by_user_id,
            done_by=request.decided_by_user_id,
            at=request.decided_at,
            subjects=tuple(subjects),
        )
    )
    for subject in subjects:
        transaction.on_commit(partial(keyring.destroy, subject))


def _surname(name: str) -> list[str]:
    """Return the last name: too common to be blanked by itself, so a person looks where it still stands."""
    words = name.split()
    return words[-1:] if len(words) > 1 and len(words[-1]) > 3 else []


def _locked(request_id: UUID) -> ErasureRequest:
    request = locks.lock_erasure_request(request_id)
    if request is None:
        raise NotFound(_("There is no such request."))
    if request.state != ErasureRequest.State.REQUESTED:
        raise ErasureOpen(
            refuse(
                "erasure_decided",
                _("This request was decided."),
                rule="P-PRIVACY-2",
                facts={_("State"): request.get_state_display()},
                next_step=_("Nothing is left to do."),
            )
        )
    return request


def _require_second_person(request: ErasureRequest, by: Actor) -> None:
    if by.user_id is not None and by.user_id not in (request.requested_by_user_id, request.user_id):
        return
    raise SecondPersonNeeded(
        refuse(
            "erasure_second_person",
            _("Who asked for an erasure does not carry it out."),
            rule="P-PRIVACY-3",
            facts={_("Requested by"): str(request.requested_by)},
            next_step=_("Let a colleague look at it."),
            lifted_by=_("A second person of the programme office or compliance"),
        )
    )


def _require_another_keeper(user: User) -> None:
    membership = membership_of(user)
    if membership is None:
        return
    role = keeper_role(is_partner=membership.partner_id is not None)
    others = people_of(membership.partner_id).filter(role=role)
    if membership.role != role or others.exclude(pk=membership.pk).exists():
        return
    raise LastKeeperStays(
        refuse(
            "erasure_last_keeper",
            _("This is the last person who can manage this organisation."),
            rule="P-PRIVACY-1",
            facts={_("Role"): Role(role).label},
            next_step=_("Give another person this role first, or end the contract."),
            lifted_by=_("A second person with this role"),
        )
    )


def _already_open() -> Refusal:
    return refuse(
        "erasure_open",
        _("A request for this person is open already."),
        rule="P-PRIVACY-2",
        next_step=_("Wait for its decision."),
    )


def _audit(action: str, request: ErasureRequest, *, by: Actor, at: datetime, **facts: object) -> None:
    audit.record(
        action, by=by, at=at, object_type="user", object_id=request.user_id,
        partner_id=request.partner_id, facts={"request_id": str(request.pk), **facts},
    )  # fmt: skip
