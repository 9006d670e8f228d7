"""Hand many keys over at once: only as a file encrypted to the partner's own public key, for named PCs.

Every PC is checked before anything is decrypted; the plaintext lives in memory alone and only its
ciphertext is stored, until the one download or a quarter of an hour has passed.
"""

import csv
import hashlib
import io
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID, uuid4

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.crypto import Secret
from core.errors import NotFound, Refusal, refuse
from licensing.exchange.age_file import encrypt_to
from licensing.locks import lock_keys
from licensing.models import BulkHandOver, BulkLine, DeliveryKey, KeyHandOver, Product, ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_states import NOT_REPORTED, Hold, KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.rules.programme_changes import install_stop
from licensing.selectors.hand_over import GOES_BACK, hand_over_blocks
from licensing.selectors.programme_rules import rules_at
from licensing.services.custody import Step, move_keys
from licensing.services.delivery_keys import BulkInvalid, BulkRefused, usable_key
from licensing.services.devices import ensure_device, refuse_second_key
from licensing.services.hand_over import decrypt_key
from licensing.services.recall import require_in_no_return
from licensing.services.velocity import day_refusal

MAX_ROWS = 500
MIN_REASON = 5
LINK_LASTS = timedelta(minutes=15)
COLUMNS = ("manufacturer", "model", "serial", "product_key_id", "product_key")


@dataclass(frozen=True, slots=True)
class MadeFile:
    """A file that waits, and the token of its one link."""

    bulk_id: UUID
    token: Secret


@transaction.atomic
def hand_over_file(
    *,
    partner_id: UUID,
    product_id: int,
    devices: Sequence[DeviceIdentity],
    reason: str,
    by: Actor,
    at: datetime,
) -> MadeFile:
    """Take one assigned key for each PC and encrypt them to the partner's public key, all or none.

    The caller has asked for a fresh second factor.

    :raises BulkRefused: no usable public key, too few keys, too fast, after the install stop.
    :raises SecondKeyRefused: when any PC got a key within the days of the rule.
    :raises Invalid: for no or too many rows, a PC named twice or half, a missing reason.
    """
    reason = mask_keys(reason.strip())[:200]
    _require_rows(devices, reason)
    block = hand_over_blocks(partner_id, at)
    if block is not None:
        raise BulkRefused(block)
    delivery_key = usable_key(partner_id, at)
    product = Product.objects.get(pk=product_id)
    stopped = install_stop(product.name, product.install_before, at=at)
    too_fast = day_refusal(partner_id, rules=rules_at(at), at=at, quantity=len(devices))
    for refusal in (stopped, too_fast):
        if refusal:
            raise BulkRefused(refusal)
    device_ids = []
    for identity in devices:
        device_id = ensure_device(partner_id=partner_id, identity=identity, at=at)
        refuse_second_key(partner_id=partner_id, device_id=device_id, at=at)
        device_ids.append(device_id)
    keys = _take(partner_id, product, len(devices))
    bulk_id = uuid4()
    hand_overs = _hand_over(partner_id, keys, device_ids, bulk_id, reason, by, at)
    return _make(
        bulk_id, delivery_key, product, list(zip(devices, keys, hand_overs, strict=True)), reason, by, at
    )


@transaction.atomic
def reissue_file(bulk_id: UUID, *, partner_id: UUID, reason: str, by: Actor, at: datetime) -> MadeFile:
    """Encrypt a file's keys anew, each for the very PC it was taken for; reported or held ones are left out.

    :raises BulkInvalid: without a reason.
    :raises BulkRefused: when none of its keys may be given again.
    """
    reason = mask_keys(reason.strip())[:200]
    before = BulkHandOver.objects.select_related("product").filter(pk=bulk_id, partner_id=partner_id).first()
    if before is None:
        raise NotFound(_("There is no such file."))
    if len(reason) < MIN_REASON:
        raise BulkInvalid(_rows_or_reason(before.quantity, 0))
    block = hand_over_blocks(partner_id, at)
    if block is not None:
        raise BulkRefused(block)
    delivery_key = usable_key(partner_id, at)
    _lock_keys_of(before)
    hand_overs = list(
        KeyHandOver.objects.select_related("key", "device")
        .filter(
            bulk_line__bulk=before,
            key__state=KeyState.RETRIEVED,
            key__hold=Hold.NONE,
            key__partner_id=partner_id,
        )
        .order_by("key_id")
    )
    if not hand_overs:
        raise BulkRefused(_nothing_left())
    BulkHandOver.objects.filter(pk=before.pk).update(content=None)
    rows = [
        (DeviceIdentity(each.device.manufacturer, each.device.model, each.device.serial), each.key, each)
        for each in hand_overs
    ]
    return _make(uuid4(), delivery_key, before.product, rows, reason, by, at, again=True)


@transaction.atomic
def take_file(bulk_id: UUID, *, token: str, partner_id: UUID, by: Actor, at: datetime) -> bytes:
    """Give the encrypted file out once, and forget it in the same step.

    What happened since it was made counts: an account that takes no keys now, a key frozen or called back.

    :raises NotFound: for another partner's file.
    :raises BulkRefused: for another link, a second try, or after a quarter of an hour: all look the same; and when
        the partner or any of the keys was stopped meanwhile.
    """
    digest = hashlib.sha256(token.encode()).digest()
    found = BulkHandOver.objects.select_for_update().filter(pk=bulk_id, partner_id=partner_id).first()
    if found is None:
        raise NotFound(_("There is no such file."))
    if found.content is None or found.expires_at <= at or bytes(found.token_hash) != digest:
        raise BulkRefused(_link_is_over(found))
    block = hand_over_blocks(partner_id, at)
    if block is not None:
        raise BulkRefused(block)
    _lock_keys_of(found)
    stopped = found.quantity - _still_given(found)
    if stopped:
        raise BulkRefused(_keys_stopped(found, stopped))
    _audit("licensing.bulk.taken", found.pk, partner_id, by, at, keys=found.quantity, sha256=found.sha256)
    content = bytes(found.content)
    found.content, found.taken_at, found.taken_by = None, at, by.label[:200]
    found.save(update_fields=["content", "taken_at", "taken_by"])
    return content


def _lock_keys_of(bulk: BulkHandOver) -> None:
    """Hold the keys of a file, so that nobody freezes or calls one back between the look and the file."""
    lock_keys(list(KeyHandOver.objects.filter(bulk_line__bulk=bulk).values_list("key_id", flat=True)))


def _still_given(bulk: BulkHandOver) -> int:
    found = KeyHandOver.objects.filter(bulk_line__bulk=bulk, key__partner_id=bulk.partner_id)
    return found.filter(key__state__in=NOT_REPORTED, key__hold=Hold.NONE).count()


def clear_expired(*, at: datetime) -> int:
    """Forget files whose link has expired, in the MAR's scope."""
    return BulkHandOver.objects.filter(content__isnull=False, expires_at__lte=at).update(content=None)


def _take(partner_id: UUID, product: Product, quantity: int) -> list[ProductKey]:
    keys = list(
        ProductKey.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(partner_id=partner_id, product=product, state=KeyState.ASSIGNED, hold=Hold.NONE)
        .exclude(GOES_BACK)
        .order_by("id")[:quantity]
    )
    if len(keys) < quantity:
        raise BulkRefused(_too_few(len(keys), quantity))
    # Again, now that they are held: a return may have come between the look for keys and their locks.
    require_in_no_return([key.pk for key in keys])
    return keys


def _hand_over(
    partner_id: UUID,
    keys: Sequence[ProductKey],
    device_ids: Sequence[UUID],
    bulk_id: UUID,
    reason: str,
    by: Actor,
    at: datetime,
) -> list[KeyHandOver]:
    """Write audit, ledger and hand-overs: before anything is decrypted."""
    hand_overs = [
        KeyHandOver(
            partner_id=partner_id, key=key, device_id=device_id, channel=KeyHandOver.Channel.FILE, station=None,
            reason=reason, handed_by=by.label[:200], handed_at=at,
        )
        for key, device_id in zip(keys, device_ids, strict=True)
    ]  # fmt: skip
    for key, device_id in zip(keys, device_ids, strict=True):
        _audit_key(key, by, at, device=str(device_id), file=str(bulk_id), reason=reason)
    move_keys(
        [key.pk for key in keys],
        to=KeyState.RETRIEVED,
        sources=[KeyState.ASSIGNED],
        step=Step("key.filed", "", by, at),
        is_disclosed=True,
        stopping_holds=[hold for hold in Hold if hold is not Hold.NONE],
        object_ids=[hand_over.pk for hand_over in hand_overs],
    )
    return KeyHandOver.objects.bulk_create(hand_overs)


def _make(
    bulk_id: UUID,
    delivery_key: DeliveryKey,
    product: Product,
    rows: Sequence[tuple[DeviceIdentity, ProductKey, KeyHandOver]],
    reason: str,
    by: Actor,
    at: datetime,
    *,
    again: bool = False,
) -> MadeFile:
    _audit("licensing.bulk.made", bulk_id, delivery_key.partner_id, by, at, keys=len(rows), again=again)
    if again:
        for identity, key, _hand_over_row in rows:
            _audit_key(key, by, at, device=identity.serial, file=str(bulk_id), reason=reason, repeat=True)
    content = encrypt_to(delivery_key.recipient, _table(rows, by, at))
    token = secrets.token_urlsafe(32)
    bulk = BulkHandOver.objects.create(
        id=bulk_id,
        partner_id=delivery_key.partner_id,
        delivery_key=delivery_key,
        product=product,
        quantity=len(rows),
        reason=reason,
        asked_by=by.label[:200],
        asked_at=at,
        content=content,
        sha256=hashlib.sha256(content).hexdigest(),
        token_hash=hashlib.sha256(token.encode()).digest(),
        expires_at=at + LINK_LASTS,
    )
    hand_overs = [hand_over for _device, _key, hand_over in rows]
    if again:
        BulkLine.objects.filter(hand_over__in=hand_overs).update(bulk=bulk)
    else:
        BulkLine.objects.bulk_create(
            BulkLine(partner_id=bulk.partner_id, bulk=bulk, hand_over=hand_over) for hand_over in hand_overs
        )
    return MadeFile(bulk.pk, Secret(token))


def _table(rows: Sequence[tuple[DeviceIdentity, ProductKey, KeyHandOver]], by: Actor, at: datetime) -> bytes:
    """Return the plaintext, in memory only."""
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for identity, key, _hand_over_row in rows:
        writer.writerow(
            [
                identity.manufacturer,
                identity.model,
                identity.serial,
                key.product_key_id,
                decrypt_key(key, by=by, at=at).reveal(),
            ]
        )
    return table.getvalue().encode()


def _require_rows(devices: Sequence[DeviceIdentity], reason: str) -> None:
    doubles = len(devices) - len({identity.key for identity in devices})
    if not 1 <= len(devices) <= MAX_ROWS or doubles or len(reason) < MIN_REASON:
        raise BulkInvalid(_rows_or_reason(len(devices), doubles))


def _rows_or_reason(devices: int, doubles: int) -> Refusal:
    return refuse(
        "bulk_rows",
        _("A file is for 1 to 500 different PCs, with a reason in words."),
        rule="BULK-1",
        facts={_("PCs"): devices, _("Named twice"): doubles, _("At most"): MAX_ROWS},
        next_step=_("Name each PC once by manufacturer, model and serial, and write why a file is needed."),
        lifted_by=_("You"),
    )


def _keys_stopped(bulk: BulkHandOver, stopped: int) -> Refusal:
    return refuse(
        "bulk_keys_stopped",
        _("Keys of this file were frozen, called back or reported since it was made."),
        rule="BULK-7",
        facts={_("Keys"): bulk.quantity, _("Of these stopped"): stopped},
        next_step=_("Have the file made again: it leaves those keys out."),
        lifted_by=_("You"),
        fix_path=f"/tpr/keys/files/{bulk.pk}/",
    )


def _too_few(found: int, wanted: int) -> Refusal:
    return refuse(
        "bulk_too_few_keys",
        _("Too few assigned keys of this product are left."),
        rule="BULK-4",
        facts={_("Assigned"): found, _("PCs"): wanted},
        next_step=_("Order the missing keys, or name fewer PCs."),
        lifted_by=_("A buyer of your company"),
        fix_path="/tpr/order/",
    )


def _link_is_over(found: BulkHandOver) -> Refusal:
    return refuse(
        "bulk_link_over",
        _("This link is used up or too old."),
        rule="BULK-6",
        facts={_("Worked until"): found.expires_at},
        next_step=_("Have the file made again: each PC gets its own key."),
        lifted_by=_("You"),
        fix_path=f"/tpr/keys/files/{found.pk}/",
    )


def _nothing_left() -> Refusal:
    return refuse(
        "bulk_nothing_left",
        _("Every key of this file is reported, held or called back."),
        rule="BULK-5",
        next_step=_("Ask for a file for other PCs."),
        lifted_by=_("Nobody: one key is for one PC"),
    )


def _audit_key(key: ProductKey, by: Actor, at: datetime, **facts: object) -> None:
    audit.record(
        "licensing.key.filed", by=by, at=at, object_type="key", object_id=key.product_key_id,
        partner_id=key.partner_id, facts=facts,
    )  # fmt: skip


def _audit(act: str, object_id: object, partner_id: UUID, by: Actor, at: datetime, **facts: object) -> None:
    audit.record(
        act, by=by, at=at, object_type="bulk", object_id=object_id, partner_id=partner_id, facts=facts
    )
