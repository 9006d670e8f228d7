"""Let a partner's only owner back in who lost phone and recovery codes, when nobody in his company can.

One person of the MAR begins it with evidence, every address of the partner is told, another person
confirms, and it is carried out when the waiting time is over. Anybody may stop it before.
"""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit, storage
from core.actor import Actor
from core.errors import DomainError, NotFound, refuse
from core.queue import enqueue
from core.tenancy import acting_as
from partners import locks
from partners.models import Membership, OwnerReset
from partners.models.membership import Role
from partners.models.owner_reset import OwnerResetState
from partners.selectors.owner_resets import only_owner_of, open_owner_reset_of
from partners.services.documents import inspect_document
from partners.services.factor_resets import SHORTEST_REASON, OwnFactors, reset_factors

WAITING_TIME = timedelta(hours=72)
FOLDER = "owner-resets"


class OwnerResetRefused(DomainError):
    """Not for this person, not by this person, or not yet."""


@transaction.atomic
def begin_owner_reset(
    partner_id: UUID, *, proof: str, reason: str, evidence: bytes, by: Actor, at: datetime
) -> OwnerReset:
    """Begin the reset of a partner's only owner; every address known of the partner is told.

    Runs in the MAR's scope, like all of this file. The evidence is sealed under a key of its own.

    :raises OwnFactors: for one's own.
    :raises OwnerResetRefused: when somebody in the house can help, one is under way, or the reason is too short.
    :raises DocumentRefused: see ``inspect_document``.
    """
    locks.lock_people(partner_id)
    owner = _only_owner(partner_id)
    _require_not_himself(owner.user_id, by)
    if by.user_id is None:
        raise _refused("person", _("A person begins it."), rule="P-OWNER-3")
    _require_none_open(partner_id)
    reason = " ".join(reason.split())[:300]
    if len(reason) < SHORTEST_REASON or proof not in OwnerReset.Proof.values:
        raise _refused("reason", _("Say what happened and how you made sure who asked."), rule="P-OWNER-2")
    kind = inspect_document(evidence)
    case = OwnerReset(
        partner_id=partner_id, user_id=owner.user_id, proof=proof, reason=reason,
        evidence_type=kind.content_type, asked_by=by.label[:200], asked_by_user_id=by.user_id, asked_at=at,
        opens_at=at + WAITING_TIME,
    )  # fmt: skip
    case.evidence_path, case.evidence_sha256 = storage.store_sealed(
        evidence, subject=case.subject, folder=f"{FOLDER}/{case.pk}"
    )
    with acting_as(by.user_id):
        case.save(force_insert=True)
    _note("begun", case, by=by, at=at, proof=proof, evidence_sha256=case.evidence_sha256)
    return case


@transaction.atomic
def confirm_owner_reset(case_id: UUID, *, partner_id: UUID, by: Actor, at: datetime) -> OwnerReset:
    """Confirm as the second person, who looked at the evidence. The waiting time goes on running.

    :raises NotFound: when this partner has no such case.
    :raises OwnerResetRefused: by the first person, or when it is not waiting for a second one.
    :raises OwnFactors: for one's own.
    """
    case = _open_case(case_id, partner_id)
    _require_not_himself(case.user_id, by)
    if case.state != OwnerResetState.ASKED:
        raise _refused("confirmed", _("It is confirmed already."), rule="P-OWNER-5")
    if by.user_id is None or by.user_id == case.asked_by_user_id:
        raise _refused(
            "second_person", _("You began this, so another person confirms it."), rule="P-OWNER-3",
            facts={_("Begun by"): str(case.asked_by)}, next_step=_("Let a colleague look at the evidence."),
            lifted_by=_("Another MAR administrator or approver"),
        )  # fmt: skip
    case.state, case.confirmed_at = OwnerResetState.CONFIRMED, at
    case.confirmed_by, case.confirmed_by_user_id = by.label[:200], by.user_id
    with acting_as(by.user_id):
        case.save(update_fields=["state", "confirmed_by", "confirmed_by_user", "confirmed_at"])
    _note("confirmed", case, by=by, at=at)
    return case


@transaction.atomic
def carry_out_owner_reset(case_id: UUID, *, partner_id: UUID, by: Actor, at: datetime) -> OwnerReset:
    """Take off the owner's factors and send him the link to set up others; it opens with his password only.

    :raises NotFound: when this partner has no such case.
    :raises OwnerResetRefused: before it is confirmed, or before the waiting time is over.
    :raises OwnFactors: for one's own.
    """
    owner = next((row for row in locks.lock_people(partner_id) if row.role == Role.TPR_OWNER), None)
    case = _open_case(case_id, partner_id)
    _require_not_himself(case.user_id, by)
    if case.state != OwnerResetState.CONFIRMED:
        raise _refused("unconfirmed", _("A second person has not confirmed it yet."), rule="P-OWNER-3")
    if at < case.opens_at:
        raise _refused(
            "waiting", _("The waiting time is not over."), rule="P-OWNER-4",
            facts={_("Not before"): case.opens_at}, lifted_by=_("Time"),
            next_step=_("Everybody at the partner was told and may object until then."),
        )  # fmt: skip
    if owner is None or owner.user_id != case.user_id or only_owner_of(partner_id) is None:
        raise _refused("owner_changed", _("The owners have changed since."), rule="P-OWNER-1")
    reset_factors(owner.pk, partner_id=partner_id, reason=case.reason, by=by, at=at)
    _close(case, OwnerResetState.DONE, by=by, at=at)
    _note("carried_out", case, by=by, at=at)
    return case


@transaction.atomic
def stop_owner_reset(case_id: UUID, *, partner_id: UUID, reason: str, by: Actor, at: datetime) -> OwnerReset:
    """Stop it: somebody objected, or a doubt is left. His factors stay as they are.

    :raises NotFound: when this partner has no such case.
    :raises OwnerResetRefused: without a reason, or when it is closed.
    """
    case = _open_case(case_id, partner_id)
    case.stop_reason = " ".join(reason.split())[:300]
    if not case.stop_reason:
        raise _refused("stop_reason", _("Say why it is stopped."), rule="P-OWNER-2")
    _close(case, OwnerResetState.STOPPED, by=by, at=at)
    _note("stopped", case, by=by, at=at, reason=case.stop_reason)
    return case


def open_evidence(case: OwnerReset, *, by: Actor, at: datetime) -> bytes:
    """Return the evidence, and note who looked at it.

    :raises NotFound: when it is gone: 90 days after the case was closed.
    """
    if not case.evidence_path:
        raise NotFound(_("The evidence is gone."))
    content = storage.read_sealed(case.evidence_path, subject=case.subject, sha256=case.evidence_sha256)
    _record("evidence_seen", case, by=by, at=at)
    return content


def _only_owner(partner_id: UUID) -> Membership:
    owner = only_owner_of(partner_id)
    if owner is not None:
        return owner
    raise _refused(
        "not_only_owner", _("This way is for a partner’s only owner."), rule="P-OWNER-1",
        next_step=_("With a second owner, he resets his colleague under People. Without any, invite one."),
        lifted_by=_("Another owner of the partner"),
    )  # fmt: skip


def _require_not_himself(user_id: UUID, by: Actor) -> None:
    if user_id == by.user_id:
        raise OwnFactors(
            refuse(
                "own_factors",
                _("Nobody resets his own second step."),
                rule="P-FACTOR-1",
                next_step=_("Ask a colleague."),
            )
        )


def _require_none_open(partner_id: UUID) -> None:
    case = open_owner_reset_of(partner_id)
    if case is not None:
        raise _refused(
            "open", _("A reset is under way already."), rule="P-OWNER-5",
            facts={_("Begun by"): str(case.asked_by), _("Begun"): case.asked_at},
        )  # fmt: skip


def _open_case(case_id: UUID, partner_id: UUID) -> OwnerReset:
    case = locks.lock_owner_reset(case_id)
    if case is None or case.partner_id != partner_id:
        raise NotFound(_("There is no such reset."))
    if case.closed_at is not None:
        raise _refused(
            "closed", _("This reset is closed."), rule="P-OWNER-5",
            facts={_("State"): case.get_state_display(), _("Closed"): case.closed_at},
        )  # fmt: skip
    return case


def _close(case: OwnerReset, state: OwnerResetState, *, by: Actor, at: datetime) -> None:
    case.state, case.closed_at = state, at
    case.closed_by, case.closed_by_user_id = by.label[:200], by.user_id
    with acting_as(by.user_id):
        case.save(update_fields=["state", "closed_by", "closed_by_user", "closed_at", "stop_reason"])


def _refused(
    code: str,
    what: str,
    *,
    rule: str,
    facts: dict[str, Any] | None = None,
    next_step: str = "",
    lifted_by: str = "",
) -> OwnerResetRefused:
    return OwnerResetRefused(
        refuse(
            f"owner_reset_{code}", what, rule=rule, facts=facts or {},
            next_step=next_step or _("Look at the page again."), lifted_by=lifted_by,
        )
    )  # fmt: skip


def _note(act: str, case: OwnerReset, *, by: Actor, at: datetime, **facts: Any) -> None:
    """Write the audit row and tell every address of the partner."""
    _record(act, case, by=by, at=at, **facts)
    enqueue("partners.send_owner_reset", at=at, case_id=case.pk, act=act)


def _record(act: str, case: OwnerReset, *, by: Actor, at: datetime, **facts: Any) -> None:
    audit.record(
        f"partners.owner_reset.{act}", by=by, at=at, object_type="user", object_id=case.user_id,
        partner_id=case.partner_id, facts={"case_id": str(case.pk), **facts},
    )  # fmt: skip
