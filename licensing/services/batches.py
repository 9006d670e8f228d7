"""Hand-overs and build reports in batches: the same rules as one by one, asked once for all.

For a partner's history: the demo now, a partner who transfers in later. No key is decrypted here; every
key counts as disclosed all the same, because the partner has had it.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

from django.db import connection, transaction
from django.utils.translation import gettext as _
from psycopg2.extras import Json, execute_values

from core.actor import Actor
from core.errors import DomainError, refuse
from licensing.exchange.ohr import OhrFacts
from licensing.models import Build, Device, KeyHandOver, Product, ProductKey
from licensing.models.build import BuildState
from licensing.rules.devices import DeviceIdentity
from licensing.rules.key_states import NOT_REPORTED, Hold, KeyState
from licensing.rules.programme_changes import install_stop
from licensing.selectors.programme_rules import rules_at
from licensing.services.custody import Step, move_keys
from partners.models import ApiKey


class BatchRefused(DomainError):
    """At least one of the batch breaks a rule; nothing was done."""


@dataclass(frozen=True, slots=True)
class Taken:
    """A key that a partner took for a device."""

    key_id: int
    product_key_id: str
    device_id: UUID


@dataclass(frozen=True, slots=True)
class Bound:
    """A taken key with the hardware hash of its device; without facts the build waits for them."""

    taken: Taken
    hardware_hash: str
    facts: OhrFacts | None


@transaction.atomic
def hand_over_batch(
    *,
    partner_id: UUID,
    product_id: int,
    devices: Sequence[DeviceIdentity],
    station: ApiKey | None,
    by: Actor,
    at: datetime,
    device_facts: Mapping[str, Any] | None = None,
) -> list[Taken]:
    """Hand one assigned key of a product over for each device, all or none.

    ``device_facts`` are columns of the device rows that are new.

    :raises BatchRefused: after the install stop, for a second key too soon or a device named twice, or
        with too few keys assigned.
    """
    if not devices:
        return []
    product = Product.objects.get(pk=product_id)
    stopped = install_stop(product.name, product.install_before, at=at)
    if stopped:
        raise BatchRefused(stopped)
    if len({identity.key for identity in devices}) < len(devices):
        raise BatchRefused(_broken(_("The batch names a device twice."), "DEV-2"))
    device_ids = _ensure_devices(partner_id, devices, at, dict(device_facts or {}))
    window = rules_at(at).days("device.second_key")
    if KeyHandOver.objects.filter(device_id__in=device_ids, handed_at__gt=at - window).exists():
        raise BatchRefused(_broken(_("A device of this batch got a key a short while ago."), "DEV-2"))
    keys = list(
        ProductKey.objects.select_for_update(skip_locked=True, no_key=True)
        .filter(partner_id=partner_id, product_id=product_id, state=KeyState.ASSIGNED, hold=Hold.NONE)
        .order_by("id")
        .values_list("id", "product_key_id")[: len(devices)]
    )
    if len(keys) < len(devices):
        raise BatchRefused(_broken(_("Too few keys of this product are assigned."), "HND-1"))
    taken = [Taken(key_id, name, device) for (key_id, name), device in zip(keys, device_ids, strict=True)]
    channel = KeyHandOver.Channel.CLAIM if station else KeyHandOver.Channel.REVEAL
    action = "licensing.key.claimed" if station else "licensing.key.revealed"
    _audit_each(
        action, partner_id, [("key", t.product_key_id, {"device": str(t.device_id)}) for t in taken], by, at
    )
    hand_overs = [
        KeyHandOver(
            id=uuid4(), partner_id=partner_id, key_id=t.key_id, device_id=t.device_id, channel=channel,
            station=station, reason="" if station else "History", handed_by=by.label[:200], handed_at=at,
        )
        for t in taken
    ]  # fmt: skip
    move_keys(
        [t.key_id for t in taken],
        to=KeyState.RETRIEVED,
        sources=[KeyState.ASSIGNED],
        step=Step(action.removeprefix("licensing."), "", by, at),
        is_disclosed=True,
        object_ids=[hand_over.id for hand_over in hand_overs],
    )
    KeyHandOver.objects.bulk_create(hand_overs)
    return taken


@transaction.atomic
def report_batch(*, partner_id: UUID, builds: Sequence[Bound], by: Actor, at: datetime) -> list[UUID]:
    """Bind the taken keys to their devices, all or none, and return the builds' ids.

    :raises KeyCannotMove: when a key is no longer just taken.
    """
    rows = [_build_row(partner_id, bound, by, at) for bound in builds]
    Build.objects.bulk_create(rows)
    move_keys(
        [bound.taken.key_id for bound in builds],
        to=KeyState.BOUND,
        sources=NOT_REPORTED,
        step=Step("build.reported", "", by, at),
        object_ids=[row.id for row in rows],
    )
    facts = [
        (
            "build",
            str(row.id),
            {"key": bound.taken.product_key_id, "device": str(row.device_id), "state": row.state},
        )
        for row, bound in zip(rows, builds, strict=True)
    ]
    _audit_each("licensing.build.reported", partner_id, facts, by, at)
    return [row.id for row in rows]


def _ensure_devices(
    partner_id: UUID, devices: Sequence[DeviceIdentity], at: datetime, facts: dict[str, Any]
) -> list[UUID]:
    found = _device_ids(partner_id, devices)
    missing = [identity for identity in devices if identity.key not in found]
    blanks = {"previous_licence_type": "COA", **facts}
    Device.objects.bulk_create(
        Device(
            partner_id=partner_id, manufacturer=identity.manufacturer, model=identity.model, serial=identity.serial,
            manufacturer_norm=identity.key[0], model_norm=identity.key[1], serial_norm=identity.key[2],
            created_at=at, **blanks,
        )
        for identity in missing
    )  # fmt: skip
    found |= _device_ids(partner_id, missing)
    return [found[identity.key] for identity in devices]


def _device_ids(partner_id: UUID, devices: Iterable[DeviceIdentity]) -> dict[tuple[str, str, str], UUID]:
    serials = [identity.key[2] for identity in devices]
    rows = Device.objects.filter(partner_id=partner_id, serial_norm__in=serials)
    return {(row.manufacturer_norm, row.model_norm, row.serial_norm): row.id for row in rows}


def _build_row(partner_id: UUID, bound: Bound, by: Actor, at: datetime) -> Build:
    facts = bound.facts
    return Build(
        partner_id=partner_id,
        key_id=bound.taken.key_id,
        device_id=bound.taken.device_id,
        channel=Build.Channel.API,
        state=BuildState.READY if facts else BuildState.NEEDS_DETAILS,
        hardware_hash=bound.hardware_hash,
        hardware_hash_sha256=hashlib.sha256(bound.hardware_hash.encode()).hexdigest(),
        model_sku=facts.model_sku if facts else "",
        form_factor=facts.form_factor_cl1 if facts else "",
        form_factor_detail=facts.form_factor_cl2 if facts else "",
        screen_size=facts.screen_size if facts else "",
        touch_screen=facts.touch_screen if facts else "",
        reported_by=by.label[:200],
        reported_at=at,
    )


def _audit_each(
    action: str, partner_id: UUID, objects: Sequence[tuple[str, str, dict[str, Any]]], by: Actor, at: datetime
) -> None:
    with connection.cursor() as cursor:
        execute_values(
            cursor.cursor,
            """INSERT INTO core_auditevent (at, action, actor_kind, actor_id, actor_label, partner_id, object_type,
              object_id, facts, request_id, ip, auth_strength) VALUES %s""",
            [
                (at, action, by.kind.value, by.id, by.label[:200], str(partner_id), kind, object_id, Json(facts),
                 by.request_id, by.ip, by.auth_strength)
                for kind, object_id, facts in objects
            ],
            page_size=1000,
        )  # fmt: skip


def _broken(what: str, rule: str) -> Any:
    return refuse(
        "batch_refused", what, rule=rule, next_step=_("Take the batch apart."), lifted_by=_("The MAR")
    )
