"""Put right where a key stands: one person asks with facts and proof, another decides, the table does the rest."""

from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from core.people import reference_to
from core.tenancy import acting_as
from licensing.locks import lock_correction, lock_keys
from licensing.models import (
    Build,
    CorrectionRequest,
    KeyAssignment,
    KeyHandOver,
    KeyReplacement,
    KeySettlement,
    ProductKey,
)
from licensing.models.build import BuildState
from licensing.rules.corrections import CORRECTIONS, corrections_for
from licensing.rules.key_states import Hold, KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.selectors.batch_stops import open_stop
from licensing.selectors.hand_over import lock_device
from licensing.services.custody import Step, move_keys
from licensing.services.devices import refuse_second_key
from licensing.services.holds import give_back, lift_hold

BUILD_STATES = {
    KeyState.ACTIVATION_ENABLED: BuildState.ENABLED,
    KeyState.ACTIVATION_DENIED: BuildState.DENIED,
}


class CorrectionRefused(DomainError):
    """The correction is not for this key, or not for this person."""


class CorrectionInvalid(Invalid):
    """Facts or proof are missing."""


@transaction.atomic
def ask_for_correction(
    key_id: int, *, kind: str, facts: str, proof: str, by: Actor, at: datetime
) -> CorrectionRequest:
    """Ask for a correction in the MAR's scope; nothing moves yet.

    :raises CorrectionInvalid: without facts or proof.
    :raises CorrectionRefused: when the key does not stand where this correction begins, or one is open.
    """
    if len(facts.strip()) < 10 or len(proof.strip()) < 3:
        raise CorrectionInvalid(_unproven())
    lock_keys([key_id])
    key = ProductKey.objects.filter(pk=key_id).first()
    if key is None or by.user_id is None:
        raise NotFound(_("There is no such key."))
    _require_start(key, kind)
    if CorrectionRequest.objects.filter(key=key, state=CorrectionRequest.State.OPEN).exists():
        raise CorrectionRefused(_open_already(key))
    with acting_as(by.user_id):
        asked = CorrectionRequest.objects.create(
            key=key,
            kind=kind,
            facts=mask_keys(facts.strip())[:2000],
            proof=mask_keys(proof.strip())[:300],
            asked_by_id=by.user_id,
            asked_at=at,
        )
    _audit("asked", asked, by, at)
    return asked


@transaction.atomic
def decide_correction(
    correction_id: UUID, *, is_approved: bool, note: str, by: Actor, at: datetime
) -> CorrectionRequest:
    """Approve and carry out a correction, or refuse it, as another person than the one who asked.

    :raises CorrectionRefused: for who asked, for a decided one, or when the key has moved on since.
    """
    asked = lock_correction(correction_id)
    if asked is None or by.user_id is None:
        raise NotFound(_("There is no such correction."))
    if asked.state != CorrectionRequest.State.OPEN:
        raise CorrectionRefused(_decided())
    if asked.asked_by_id == by.user_id:
        raise CorrectionRefused(_second_person())
    if len(note.strip()) < 5:
        raise CorrectionInvalid(_unproven())
    asked.state = CorrectionRequest.State.APPROVED if is_approved else CorrectionRequest.State.REFUSED
    asked.decided_by_id, asked.decided_at, asked.note = by.user_id, at, mask_keys(note)[:1000]
    with acting_as(by.user_id):
        asked.save(update_fields=["state", "decided_by", "decided_at", "note"])
        _audit("approved" if is_approved else "refused", asked, by, at)
        if is_approved:
            _carry_out(asked, by, at)
    return asked


def _carry_out(asked: CorrectionRequest, by: Actor, at: datetime) -> None:
    lock_keys([asked.key_id])
    asked.key.refresh_from_db()
    _require_start(asked.key, asked.kind)
    first = reference_to(asked.asked_by_id)
    if asked.kind == CorrectionRequest.Kind.RELEASE:
        lift_hold(
            [asked.key_id],
            hold=Hold.QUARANTINED,
            reason=asked.note,
            asked_by=first,
            by=by,
            at=at,
            object_id=asked.pk,
        )
    elif asked.kind == CorrectionRequest.Kind.GIVE_BACK:
        _reopen_assignment(asked.key, at)
        give_back(asked.key_id, reason=asked.note, asked_by=first, by=by, at=at, object_id=asked.pk)
    else:
        (to,) = CORRECTIONS[asked.kind].path
        move_keys([asked.key_id], to=to, step=Step("key.corrected", asked.pk, by, at))
        Build.objects.filter(key=asked.key, ended_at__isnull=True).update(state=BUILD_STATES[to])


def _reopen_assignment(key: ProductKey, at: datetime) -> None:
    """Give the key's last sale its key again, unless the partner or the PC has had another one for it.

    :raises CorrectionRefused: when another key was given in its place, or the sale is settled.
    :raises SecondKeyRefused: when the PC got another key meanwhile.
    """
    last = KeyAssignment.objects.filter(key=key).order_by("-id").first()
    if last is None or last.ended_at is None:
        raise CorrectionRefused(_elsewhere(key))
    if KeyReplacement.objects.filter(old_assignment=last).exists():
        raise CorrectionRefused(_done_with(key, _("Another key was given in its place.")))
    if KeySettlement.objects.filter(assignment=last).exists():
        raise CorrectionRefused(_done_with(key, _("What was owed for it is settled.")))
    hand_over = KeyHandOver.objects.filter(key=key).first()
    if hand_over is None:
        raise CorrectionRefused(_elsewhere(key))
    lock_device(hand_over.device_id)
    refuse_second_key(partner_id=last.partner_id, device_id=hand_over.device_id, at=at)
    KeyAssignment.objects.filter(pk=last.pk).update(ended_at=None)


def _require_start(key: ProductKey, kind: str) -> None:
    if kind not in corrections_for(KeyState(key.state), Hold(key.hold), is_disclosed=key.is_disclosed):
        raise CorrectionRefused(_elsewhere(key))
    # What comes free of a stopped delivery falls back into quarantine: better said than done for nothing.
    if kind == CorrectionRequest.Kind.RELEASE and open_stop(key.batch_id) is not None:
        raise CorrectionRefused(_delivery_stopped(key))


def _audit(act: str, asked: CorrectionRequest, by: Actor, at: datetime) -> None:
    audit.record(
        f"licensing.correction.{act}",
        by=by,
        at=at,
        object_type="key",
        object_id=asked.key.product_key_id,
        partner_id=asked.key.partner_id,
        facts={"correction": str(asked.pk), "kind": asked.kind},
    )


def _unproven() -> Refusal:
    return refuse(
        "correction_unproven",
        _("A correction needs facts, a proof and a decision in words."),
        rule="COR-1",
        next_step=_("Write what is wrong, and where the proof can be looked at."),
        lifted_by=_("You"),
    )


def _elsewhere(key: ProductKey) -> Refusal:
    return refuse(
        "correction_does_not_fit",
        _("This correction does not begin where the key stands."),
        rule="COR-2",
        facts={
            _("State"): KeyState(key.state).microsoft_name,
            _("Hold"): key.hold,
            _("Was decrypted"): _("yes") if key.is_disclosed else _("no"),
        },
        next_step=_(
            "Choose what the key's page offers. A seen key leaves quarantine by a return to Microsoft."
        ),
        lifted_by=_("Nobody: states change along the table only"),
    )


def _done_with(key: ProductKey, why: str) -> Refusal:
    return refuse(
        "correction_key_is_replaced",
        why,
        rule="COR-6",
        facts={_("Product key id"): key.product_key_id},
        next_step=_("Return this key to Microsoft. If the PC needs one, the partner orders it."),
        lifted_by=_("Nobody: one sale is one key"),
    )


def _delivery_stopped(key: ProductKey) -> Refusal:
    return refuse(
        "correction_delivery_stopped",
        _("The delivery that brought this key is stopped."),
        rule="IMPORT-STOP",
        facts={_("Product key id"): key.product_key_id},
        next_step=_("Have it decided what becomes of the delivery, then ask again."),
        lifted_by=_("Who gives the delivery back to the stock"),
        fix_path=f"/mar/stock/imports/{key.batch_id}/",
    )


def _open_already(key: ProductKey) -> Refusal:
    return refuse(
        "correction_open",
        _("A correction of this key waits for its decision."),
        rule="COR-3",
        facts={_("Product key id"): key.product_key_id},
        next_step=_("Have the first one decided."),
        lifted_by=_("An approver or compliance"),
    )


def _decided() -> Refusal:
    return refuse(
        "correction_decided",
        _("This correction is decided."),
        rule="COR-4",
        next_step=_("Ask for a new one if something is still wrong."),
        lifted_by=_("Nobody"),
    )


def _second_person() -> Refusal:
    return refuse(
        "correction_second_person",
        _("Whoever asks for a correction does not decide it."),
        rule="COR-5",
        next_step=_("Ask an approver or compliance to look at it."),
        lifted_by=_("A second person"),
    )
