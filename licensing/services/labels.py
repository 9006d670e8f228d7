"""Labels on their way: received by the MAR, issued to a partner, used on a PC, spoiled, taken back."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from licensing.locks import lock_label_delivery, lock_label_issue
from licensing.models import Device, LabelDelivery, LabelIssue, LabelUse
from licensing.rules.key_syntax import mask_keys
from licensing.rules.labels import LabelSerial, range_problem, read_serial, serial_at
from licensing.selectors.labels import issue_holding

MIN_REASON = 5


class LabelRefused(DomainError):
    """The labels cannot take this step; the refusal says why and what to do."""


@transaction.atomic
def receive_labels(*, first: str, last: str, reference: str, by: Actor, at: datetime) -> LabelDelivery:
    """Take a delivery of labels into the MAR's stock. Runs in the MAR's scope.

    :raises Invalid: when the two numbers make no range.
    :raises LabelRefused: when some of them were received before.
    """
    start, end = _range(first, last)
    delivery = LabelDelivery(
        first_serial=str(start), last_serial=str(end), first_position=start.position,
        last_position=end.position, width=start.width, reference=mask_keys(reference.strip())[:60],
        received_by=by.label[:200], received_at=at,
    )  # fmt: skip
    _insert(delivery, _overlap(delivery, _("received")))
    _audit("received", delivery.pk, None, by, at, {"labels": str(delivery), "quantity": delivery.quantity})
    return delivery


@transaction.atomic
def issue_labels(partner_id: UUID, *, first: str, last: str, by: Actor, at: datetime) -> LabelIssue:
    """Give a partner a range of labels. Runs in the MAR's scope.

    The delivery is held first, so two people who issue the same labels follow each other.

    :raises Invalid: when the two numbers make no range.
    :raises LabelRefused: when they were not received in one delivery, or some are issued already.
    """
    start, end = _range(first, last)
    delivery = lock_label_delivery(start.position, end.position)
    if delivery is None:
        raise LabelRefused(_not_received(start, end))
    issue = LabelIssue(
        delivery=delivery, partner_id=partner_id, width=delivery.width, first_position=start.position,
        last_position=end.position, first_serial=str(serial_at(start.position, width=delivery.width)),
        last_serial=str(serial_at(end.position, width=delivery.width)), issued_by=by.label[:200], issued_at=at,
    )  # fmt: skip
    taken = delivery.issues.filter(
        returned_at__isnull=True, first_position__lte=end.position, last_position__gte=start.position
    )
    if taken.exists():
        raise LabelRefused(_overlap(issue, _("issued")))
    _insert(issue, _overlap(issue, _("issued")))
    _audit("issued", issue.pk, partner_id, by, at, {"labels": str(issue), "quantity": issue.quantity})
    return issue


@transaction.atomic
def take_labels_back(issue_id: UUID, *, by: Actor, at: datetime) -> None:
    """Take a whole unused range back; it may be issued again. Runs in the MAR's scope.

    :raises LabelRefused: when a label of it is used or spoiled, or it is back already.
    """
    issue = lock_label_issue(issue_id)
    if issue is None:
        raise NotFound(_("There is no such range."))
    gone = issue.uses.count()
    if gone or issue.returned_at is not None:
        raise LabelRefused(
            refuse(
                "labels_in_use",
                _("This range cannot be taken back as a whole."),
                rule="LBL-2",
                facts={_("Used or spoiled"): gone, _("Labels"): str(issue)},
                next_step=_("Let the partner note what is left as spoiled, with where it went."),
                lifted_by=_("The partner"),
            )
        )
    issue.returned_at, issue.returned_by = at, by.label[:200]
    issue.save(update_fields=["returned_at", "returned_by"])
    _audit("taken_back", issue.pk, issue.partner_id, by, at, {"labels": str(issue)})


@transaction.atomic
def use_label(partner_id: UUID, *, device_id: UUID, serial: str, by: Actor, at: datetime) -> LabelUse:
    """Note which label a PC carries. Runs in the partner's scope.

    :raises NotFound: for a PC that is not the partner's.
    :raises LabelRefused: for a label that was not issued to him, is used or spoiled, or a PC that has one.
    """
    device = Device.objects.filter(pk=device_id, partner_id=partner_id).first()
    if device is None:
        raise NotFound(_("This PC is not one of yours."))
    label, issue = _held(partner_id, serial)
    wearing = LabelUse.objects.filter(device=device, kind=LabelUse.Kind.USED).first()
    if wearing is not None:
        raise LabelRefused(
            refuse(
                "pc_has_a_label",
                _("This PC carries a label already."),
                rule="LBL-4",
                facts={_("PC"): str(device), _("Label"): wearing.serial},
                next_step=_("If that one is damaged or gone, note it as spoiled first."),
                lifted_by=_("You"),
            )
        )
    used = LabelUse(
        partner_id=partner_id, issue=issue, position=label.position,
        serial=str(serial_at(label.position, width=issue.width)), kind=LabelUse.Kind.USED, device=device,
        noted_by=by.label[:200], noted_at=at,
    )  # fmt: skip
    _insert(used, _gone_already(used.serial))
    Device.objects.filter(pk=device.pk).update(gmrl_serial=used.serial)
    _audit("used", used.pk, partner_id, by, at, {"label": used.serial, "device": str(device.pk)})
    return used


@transaction.atomic
def spoil_label(partner_id: UUID, *, serial: str, reason: str, by: Actor, at: datetime) -> LabelUse:
    """Note a label as spoiled: torn, misprinted, lost. Runs in the partner's scope.

    One that was on a PC leaves it, so that the PC may get a new one.

    :raises Invalid: without a reason.
    :raises LabelRefused: for a label that was not issued to him, or is spoiled already.
    """
    if len(reason.strip()) < MIN_REASON:
        raise Invalid(_reason_missing())
    text = mask_keys(reason.strip())[:200]
    parsed = read_serial(serial)
    worn = LabelUse.objects.filter(partner_id=partner_id, position=parsed.position if parsed else -1).first()
    if worn is not None and worn.kind == LabelUse.Kind.USED:
        worn.kind, worn.reason, worn.spoiled_at = LabelUse.Kind.SPOILED, text, at
        worn.save(update_fields=["kind", "reason", "spoiled_at"])
        Device.objects.filter(labels=worn, gmrl_serial=worn.serial).update(gmrl_serial="")
    else:
        label, issue = _held(partner_id, serial)
        worn = LabelUse(
            partner_id=partner_id, issue=issue, position=label.position,
            serial=str(serial_at(label.position, width=issue.width)), kind=LabelUse.Kind.SPOILED, reason=text,
            noted_by=by.label[:200], noted_at=at, spoiled_at=at,
        )  # fmt: skip
        _insert(worn, _gone_already(worn.serial))
    _audit("spoiled", worn.pk, partner_id, by, at, {"label": worn.serial, "reason": text})
    return worn


def _range(first: str, last: str) -> tuple[LabelSerial, LabelSerial]:
    start, end = read_serial(first), read_serial(last)
    problem = range_problem(start, end)
    if problem or start is None or end is None:
        words = {
            "unreadable": _("A label's number is up to 5 letters and 11 digits."),
            "letters": _("Both numbers must begin with the same letters."),
            "backwards": _("The last number is smaller than the first."),
            "large": _("A range holds at most 100,000 labels."),
        }
        raise Invalid(
            refuse(
                f"label_range_{problem}",
                words[problem],
                rule="LBL-1",
                next_step=_("Copy both numbers from the roll: the first and the last label."),
                lifted_by=_("You"),
            )
        )
    return start, end


def _held(partner_id: UUID, serial: str) -> tuple[LabelSerial, LabelIssue]:
    label = read_serial(serial)
    issue = issue_holding(label.position, partner_id) if label else None
    if label is None or issue is None:
        raise LabelRefused(
            refuse(
                "label_not_yours",
                _("This label is not among those issued to you."),
                rule="LBL-3",
                facts={_("Label"): str(label) if label else "–"},
                next_step=_(
                    "Compare the number with your ranges on the page Labels. A shop's sticker is no label."
                ),
                lifted_by=_("The MAR, by issuing labels"),
                fix_path="/tpr/labels/",
            )
        )
    if LabelUse.objects.filter(position=label.position).exists():
        raise LabelRefused(_gone_already(str(label)))
    return label, issue


def _insert(row: LabelDelivery | LabelIssue | LabelUse, refusal: Refusal) -> None:
    """Add a row; what the database's own constraint stops is a rival of this very moment."""
    try:
        with transaction.atomic():
            row.save(force_insert=True)
    except IntegrityError as error:
        raise LabelRefused(refusal) from error


def _overlap(labels: LabelDelivery | LabelIssue, done: str) -> Refusal:
    return refuse(
        "labels_overlap",
        _("Some of these labels were %(done)s before.") % {"done": done},
        rule="LBL-2",
        facts={_("Labels"): str(labels), _("Count"): labels.quantity},
        next_step=_("Look at the ranges on the page Labels and choose free numbers."),
        lifted_by=_("Nobody: one label exists once"),
    )


def _not_received(first: LabelSerial, last: LabelSerial) -> Refusal:
    return refuse(
        "labels_not_received",
        _("These labels were not received in one delivery."),
        rule="LBL-2",
        facts={_("First"): str(first), _("Last"): str(last)},
        next_step=_("Enter the delivery first, or issue each delivery's part by itself."),
        lifted_by=_("You"),
    )


def _gone_already(serial: str) -> Refusal:
    return refuse(
        "label_gone",
        _("This label is used or spoiled already."),
        rule="LBL-4",
        facts={_("Label"): serial},
        next_step=_("Take the next label. If the same number is on two labels, tell the MAR at once."),
        lifted_by=_("Nobody: one label is for one PC"),
        fix_path="/tpr/labels/",
    )


def _reason_missing() -> Refusal:
    return refuse(
        "reason_missing",
        _("A short reason is missing."),
        rule="LBL-5",
        facts={_("At least"): _("%(count)s characters") % {"count": MIN_REASON}},
        next_step=_("Say how the label was spoiled, and where it is if it is lost."),
        lifted_by=_("You"),
    )


def _audit(
    act: str, object_id: Any, partner_id: UUID | None, by: Actor, at: datetime, facts: dict[str, Any]
) -> None:
    audit.record(
        f"licensing.label.{act}",
        by=by,
        at=at,
        object_type="label",
        object_id=object_id,
        partner_id=partner_id,
        facts=facts,
    )
