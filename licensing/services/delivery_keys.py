"""The public key to which a partner's files of keys are encrypted: registered, waiting its day, ended."""

import hashlib
from datetime import datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, Refusal, refuse
from core.queue import enqueue
from licensing.exchange.age_file import NotAnAgeKey, check_recipient
from licensing.models import BulkHandOver, DeliveryKey
from licensing.models.bulk import WAITING

PUBLIC_KEY_PAGE = "/tpr/keys/public-key/"


class BulkRefused(DomainError):
    """The file is not made, or not given."""


class BulkInvalid(Invalid):
    """The input itself is wrong."""


@transaction.atomic
def register_delivery_key(*, partner_id: UUID, recipient: str, by: Actor, at: datetime) -> DeliveryKey:
    """Put a public key in force a day from now, and tell every owner its fingerprint at once.

    The one before ends now, so a thief's key shows itself by what stops; what waits under it is forgotten.

    :raises BulkInvalid: when it is no public key of age.
    """
    text = recipient.strip()
    try:
        check_recipient(text)
    except NotAnAgeKey as error:
        raise BulkInvalid(_no_age_key()) from error
    _end_key(partner_id, at)
    key = DeliveryKey.objects.create(
        partner_id=partner_id,
        recipient=text,
        fingerprint=fingerprint_of(text),
        registered_by=by.label[:200],
        registered_at=at,
        usable_from=at + WAITING,
    )
    _audit("licensing.delivery_key.registered", key.pk, partner_id, by, at, fingerprint=key.fingerprint)
    enqueue("licensing.tell_delivery_key", at=at, delivery_key_id=key.pk)
    return key


@transaction.atomic
def end_delivery_key(*, partner_id: UUID, by: Actor, at: datetime) -> None:
    """Take the public key out of force: no file is made until another has waited its day, and none is given out."""
    if _end_key(partner_id, at):
        _audit("licensing.delivery_key.ended", "", partner_id, by, at)


def _end_key(partner_id: UUID, at: datetime) -> bool:
    """End the public key in force and forget the files that wait under it; return whether there was one."""
    running = DeliveryKey.objects.filter(partner_id=partner_id, ended_at__isnull=True)
    was_there = bool(running.update(ended_at=at))
    BulkHandOver.objects.filter(partner_id=partner_id, content__isnull=False).update(content=None)
    return was_there


def fingerprint_of(recipient: str) -> str:
    """Return what people compare: the first 32 hexadecimal digits of the key's SHA-256, in groups of four."""
    digest = hashlib.sha256(recipient.encode()).hexdigest()[:32]
    return " ".join(digest[start : start + 4] for start in range(0, 32, 4))


def usable_key(partner_id: UUID, at: datetime) -> DeliveryKey:
    """Return the public key in force, held: taking it out of force waits, and then forgets the file made with it.

    :raises BulkRefused: when there is none, or it waits its day.
    """
    held = DeliveryKey.objects.select_for_update(no_key=True)
    key = held.filter(partner_id=partner_id, ended_at__isnull=True).first()
    if key is None or key.usable_from > at:
        raise BulkRefused(_no_public_key(key))
    return key


def _no_public_key(key: DeliveryKey | None) -> Refusal:
    return refuse(
        "bulk_no_public_key",
        _("Your public key waits its day.") if key else _("Your company has registered no public key."),
        rule="BULK-2",
        facts={_("Usable from"): key.usable_from} if key else {},
        next_step=_("Owners register a key under Keys, public key. It can be used 24 hours later."),
        lifted_by=_("Time, or the owner of your account"),
        fix_path=PUBLIC_KEY_PAGE,
    )


def _no_age_key() -> Refusal:
    return refuse(
        "bulk_no_age_key",
        _("This is no public key of age."),
        rule="BULK-3",
        next_step=_("Run age-keygen and paste the line that begins with age1."),
        lifted_by=_("You"),
    )


def _audit(act: str, object_id: object, partner_id: UUID, by: Actor, at: datetime, **facts: object) -> None:
    audit.record(
        act, by=by, at=at, object_type="bulk", object_id=object_id, partner_id=partner_id, facts=facts
    )
