"""Hand a key over for one device: to a station by API, or to a person's eyes by one reveal.

The only code that decrypts product keys. The device comes first, then the check for a second key, then the audit
row, and only then is the key decrypted; without the audit row the transaction fails and nobody sees it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core import audit, idempotency
from core.actor import Actor
from core.crypto import KeyCipher, Secret
from core.custody_keys import master_key
from core.errors import DomainError, Invalid, NotFound, Refusal, refuse
from licensing.models import Build, KeyHandOver, ProductKey
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_states import NOT_REPORTED, Hold, KeyState
from licensing.rules.key_syntax import mask_keys
from licensing.rules.programme_changes import install_stop
from licensing.selectors.decoys import is_decoy
from licensing.selectors.hand_over import find_claimable_key, hand_over_blocks, hand_overs_since
from licensing.selectors.programme_rules import rules_at
from licensing.services.custody import Step, move_keys
from licensing.services.decoy_alarm import sound_alarm
from licensing.services.devices import ensure_device, refuse_second_key
from licensing.services.recall import require_in_no_return
from licensing.services.velocity import day_refusal, person_refusal
from partners.models import ApiKey

CLAIM_KEY = "key.claim"


class HandOverRefused(DomainError):
    """The key is not handed over; the refusal says why and what to do."""


@dataclass(frozen=True, slots=True)
class HandedKey:
    """A key for one device. ``key`` prints as dots; only the door that hands it over reveals it."""

    hand_over_id: UUID
    product_key_id: str
    last5: str
    product_code: str
    device_id: UUID
    key: Secret
    is_repeat: bool


@transaction.atomic
def claim_key(
    *,
    partner_id: UUID,
    product_code: str,
    device: DeviceIdentity,
    idempotency_key: str,
    station: ApiKey,
    by: Actor,
    at: datetime,
) -> HandedKey:
    """Give a station one key of the partner's assigned keys for one device.

    A repeat with the same key by the same station decrypts again, after a new audit row, until the
    build is reported; then it is refused.

    :raises HandOverRefused: no key left, a second key for the device, a hold, the daily limit.
    :raises KeyInReturn: when the partner gives the key back in this very moment; a repeat takes another.
    :raises Invalid: when manufacturer, model or serial is missing.
    """
    claimed = idempotency.claim(
        partner_id=partner_id,
        operation=f"{CLAIM_KEY}:{station.id}",
        key=idempotency_key,
        request={"product": product_code, "device": device.key},
        at=at,
    )
    _require_no_block(partner_id, at)
    if not claimed.is_first:
        return _claim_again(claimed.object_id, partner_id=partner_id, by=by, at=at)
    _require_day(partner_id, at)
    _require_daily_allowance(station, at)
    device_id = ensure_device(partner_id=partner_id, identity=device, at=at)
    refuse_second_key(partner_id=partner_id, device_id=device_id, at=at)
    key = find_claimable_key(partner_id, product_code)
    if key is None:
        raise HandOverRefused(_no_key_left(product_code))
    # Again, now that it is held: a return may have come between the look for a key and its lock.
    require_in_no_return([key.pk])
    _require_no_install_stop(key, at)
    hand_over_id = _hand_over(
        key,
        device_id=device_id,
        channel=KeyHandOver.Channel.CLAIM,
        station=station,
        reason="",
        action="licensing.key.claimed",
        by=by,
        at=at,
    )
    idempotency.remember(claimed, object_id=hand_over_id)
    return _opened(key, hand_over_id, device_id, is_repeat=False, by=by, at=at)


@transaction.atomic
def reveal_key(
    *, partner_id: UUID, product_key_id: str, device: DeviceIdentity, reason: str, by: Actor, at: datetime
) -> HandedKey:
    """Show one key to a person for one device. The caller has asked for a fresh second factor.

    A key that was handed over for the same device before and is not reported yet is shown again.

    :raises HandOverRefused: a second key for the device, a hold, the hourly limit, a key already used.
    :raises KeyInReturn: for a key that the partner gives back.
    :raises Invalid: when the reason or a part of the device is missing.
    """
    reason = mask_keys(reason.strip())
    if len(reason) < 5:
        raise Invalid(_reason_missing())
    _require_no_block(partner_id, at)
    _require_hourly_allowance(partner_id, by, at)
    key = _lock_key(partner_id, product_key_id=product_key_id)
    if key is None:
        raise NotFound(_("This key is not one of yours."))
    device_id = ensure_device(partner_id=partner_id, identity=device, at=at)
    if key.state in NOT_REPORTED:
        return _reveal_again(key, device_id, reason=reason, by=by, at=at)
    if key.state != KeyState.ASSIGNED or key.hold != Hold.NONE:
        raise HandOverRefused(_not_available(key))
    require_in_no_return([key.pk])
    _require_day(partner_id, at)
    _require_no_install_stop(key, at)
    refuse_second_key(partner_id=partner_id, device_id=device_id, at=at)
    hand_over_id = _hand_over(
        key,
        device_id=device_id,
        channel=KeyHandOver.Channel.REVEAL,
        station=None,
        reason=reason,
        action="licensing.key.revealed",
        by=by,
        at=at,
    )
    return _opened(key, hand_over_id, device_id, is_repeat=False, by=by, at=at)


def _hand_over(
    key: ProductKey,
    *,
    device_id: UUID,
    channel: str,
    station: ApiKey | None,
    reason: str,
    action: str,
    by: Actor,
    at: datetime,
) -> UUID:
    hand_over_id = uuid4()
    _audit(action, key, device_id, by=by, at=at, facts={"reason": reason} if reason else {})
    move_keys(
        [key.id],
        to=KeyState.RETRIEVED,
        sources=[KeyState.ASSIGNED],
        step=Step(action.removeprefix("licensing."), hand_over_id, by, at),
        is_disclosed=True,
        stopping_holds=[hold for hold in Hold if hold is not Hold.NONE],
    )
    KeyHandOver.objects.create(  # type: ignore[misc]  # an assigned key has its partner: a constraint
        id=hand_over_id,
        partner_id=key.partner_id,
        key=key,
        device_id=device_id,
        channel=channel,
        station=station,
        reason=reason,
        handed_by=by.label[:200],
        handed_at=at,
    )
    return hand_over_id


def _claim_again(hand_over_id: UUID | None, *, partner_id: UUID, by: Actor, at: datetime) -> HandedKey:
    hand_over = KeyHandOver.objects.get(pk=hand_over_id, partner_id=partner_id)  # type: ignore[misc]
    key = _lock_key(partner_id, pk=hand_over.key_id)
    if key is None:
        raise HandOverRefused(_called_back())
    if key.hold != Hold.NONE:
        raise HandOverRefused(_not_available(key))
    if Build.objects.filter(key=key, ended_at__isnull=True).exists() or key.state not in NOT_REPORTED:
        raise HandOverRefused(_already_reported(key))
    _audit("licensing.key.claimed", key, hand_over.device_id, by=by, at=at, facts={"repeat": True})
    return _opened(key, hand_over.id, hand_over.device_id, is_repeat=True, by=by, at=at)


def _reveal_again(key: ProductKey, device_id: UUID, *, reason: str, by: Actor, at: datetime) -> HandedKey:
    hand_over = KeyHandOver.objects.filter(key=key).first()
    if hand_over is None or hand_over.device_id != device_id:
        raise HandOverRefused(_for_another_device(key))
    if key.hold != Hold.NONE:
        raise HandOverRefused(_not_available(key))
    _audit("licensing.key.revealed", key, device_id, by=by, at=at, facts={"reason": reason, "repeat": True})
    return _opened(key, hand_over.id, device_id, is_repeat=True, by=by, at=at)


def _opened(
    key: ProductKey, hand_over_id: UUID, device_id: UUID, *, is_repeat: bool, by: Actor, at: datetime
) -> HandedKey:
    return HandedKey(
        hand_over_id=hand_over_id,
        product_key_id=key.product_key_id,
        last5=key.last5,
        product_code=key.product.code,
        device_id=device_id,
        key=decrypt_key(key, by=by, at=at),
        is_repeat=is_repeat,
    )


def decrypt_key(key: ProductKey, *, by: Actor | None = None, at: datetime | None = None) -> Secret:
    """Open one key. The caller has checked the PC and written the audit row in this transaction.

    A decoy sounds the alarm, and is refused like any key that is not handed over. Without ``by`` and ``at``, in
    a shell, the alarm names whoever it can and the present moment.

    :raises HandOverRefused: for a key that is in stock.
    """
    if is_decoy(key.id):
        sound_alarm(by=by, at=at or timezone.now())
        raise HandOverRefused(_not_available(key))
    with connection.cursor() as cursor:
        cursor.execute(
            """SELECT s.sealed, d.wrapped FROM licensing_keysecret s
            JOIN licensing_productkey k ON k.id = s.key_id JOIN licensing_batchdatakey d ON d.batch_id = k.batch_id
            WHERE s.key_id = %s AND k.state <> %s""",
            [key.id, KeyState.FULFILLED.value],
        )
        found = cursor.fetchone()
    if found is None:
        raise HandOverRefused(_not_available(key))
    sealed, wrapped = found
    data_key = master_key().unwrap(bytes(wrapped), context=str(key.batch_id))
    return KeyCipher(data_key).decrypt(bytes(sealed), identity=f"{key.batch_id}:{key.product_key_id}")


def _lock_key(partner_id: UUID, **which: Any) -> ProductKey | None:
    return (
        ProductKey.objects.select_related("product")
        .select_for_update(of=("self",), no_key=True)
        .filter(partner_id=partner_id, **which)
        .first()
    )


def _audit(
    action: str, key: ProductKey, device_id: UUID, *, by: Actor, at: datetime, facts: dict[str, Any]
) -> None:
    audit.record(
        action,
        by=by,
        at=at,
        object_type="key",
        object_id=key.product_key_id,
        partner_id=key.partner_id,
        facts={"device": str(device_id), **facts},
    )


def _require_no_block(partner_id: UUID, at: datetime) -> None:
    block = hand_over_blocks(partner_id, at)
    if block is not None:
        raise HandOverRefused(block)


def _require_no_install_stop(key: ProductKey, at: datetime) -> None:
    stopped = install_stop(key.product.name, key.product.install_before, at=at)
    if stopped:
        raise HandOverRefused(stopped)


def _require_daily_allowance(station: ApiKey, at: datetime) -> None:
    used = hand_overs_since(at - timedelta(days=1), station_id=station.id)
    if used >= station.daily_claims:
        raise HandOverRefused(
            refuse(
                "daily_claims",
                _("This station has taken its keys for one day."),
                rule="HND-4",
                facts={_("Keys a day"): station.daily_claims, _("Taken in 24 hours"): used},
                next_step=_("Wait, or raise the station's daily number under API keys."),
                lifted_by=_("The owner of your account"),
                fix_path="/api-keys/",
            )
        )


def _require_hourly_allowance(partner_id: UUID, by: Actor, at: datetime) -> None:
    refusal = person_refusal(partner_id, rules=rules_at(at), by=by, at=at)
    if refusal:
        raise HandOverRefused(refusal)


def _require_day(partner_id: UUID, at: datetime) -> None:
    refusal = day_refusal(partner_id, rules=rules_at(at), at=at)
    if refusal:
        raise HandOverRefused(refusal)


def _no_key_left(product_code: str) -> Refusal:
    return refuse(
        "no_key_left",
        _("No assigned key of this product is left."),
        rule="HND-1",
        facts={_("Product"): product_code},
        next_step=_("Order more keys; they are here at the moment of the order."),
        lifted_by=_("A buyer of your company"),
        fix_path="/tpr/order/",
    )


def _already_reported(key: ProductKey) -> Refusal:
    return refuse(
        "already_reported",
        _("This key is already on a reported PC."),
        rule="HND-3",
        facts={_("Product key id"): key.product_key_id},
        next_step=_("Claim a new key for another PC, with a new Idempotency-Key."),
        lifted_by=_("Nobody: one key is for one PC"),
    )


def _called_back() -> Refusal:
    return refuse(
        "key_called_back",
        _("This key was called back and is no longer yours."),
        rule="HND-8",
        next_step=_("Claim a new key for the PC, with a new Idempotency-Key."),
        lifted_by=_("The MAR"),
    )


def _for_another_device(key: ProductKey) -> Refusal:
    return refuse(
        "key_for_another_device",
        _("This key was handed over for another PC."),
        rule="HND-2",
        facts={_("Product key id"): key.product_key_id},
        next_step=_("Take another key for this PC, or report the first one."),
        lifted_by=_("The MAR"),
    )


def _not_available(key: ProductKey) -> Refusal:
    return refuse(
        "key_not_available",
        _("This key cannot be handed over in its present state."),
        rule="HND-6",
        facts={_("State"): KeyState(key.state).microsoft_name, _("Hold"): key.hold},
        next_step=_("Take another key."),
        lifted_by=_("The MAR"),
    )


def _reason_missing() -> Refusal:
    return refuse(
        "reason_missing",
        _("Say in a few words why you must see this key."),
        rule="HND-7",
        next_step=_("Write the reason, for example: imaging station is down."),
        lifted_by=_("You"),
    )
