"""Devices: made at the first door to a key, and never given two keys within the days the rule says."""

from datetime import datetime
from uuid import UUID, uuid4

from django.db import connection
from django.utils.translation import gettext as _

from core.errors import DomainError, Invalid, refuse
from licensing.models import Device
from licensing.rules.devices import DeviceIdentity, is_within_duplicate_window, missing_parts
from licensing.rules.key_syntax import holds_key
from licensing.selectors.hand_over import earlier_hand_over, lock_device
from licensing.selectors.programme_rules import rules_at


class SecondKeyRefused(DomainError):
    """The device got a key a short while ago."""


def ensure_device(*, partner_id: UUID, identity: DeviceIdentity, at: datetime) -> UUID:
    """Return the partner's device of this identity, made when it is new, with its row locked.

    :raises Invalid: when manufacturer, model or serial is missing, a firmware's placeholder, or a product key.
    """
    missing = missing_parts(identity)
    if missing:
        raise Invalid(
            refuse(
                "device_incomplete",
                _("Name the PC by manufacturer, model and serial number."),
                rule="DEV-1",
                facts={_("Missing or a placeholder"): ", ".join(missing)},
                next_step=_(
                    "Read them from the PC's firmware or label. “To be filled by O.E.M.” is no serial number."
                ),
                lifted_by=_("You"),
            )
        )
    _refuse_key(identity)
    manufacturer_norm, model_norm, serial_norm = identity.key
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO licensing_device (id, partner_id, manufacturer, model, serial, manufacturer_norm,
              model_norm, serial_norm, created_at, previous_licence_type, previous_coa_serial, wipe_standard,
              wipe_certificate_no, gmrl_serial, sale_country, sale_channel)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, '', '', '', '', '', '', '')
            ON CONFLICT (partner_id, serial_norm, model_norm, manufacturer_norm) DO NOTHING""",
            [
                uuid4(), partner_id, identity.manufacturer.strip()[:60], identity.model.strip()[:60],
                identity.serial.strip()[:36], manufacturer_norm[:60], model_norm[:60], serial_norm[:36], at,
            ],
        )  # fmt: skip
    device = Device.objects.get(
        partner_id=partner_id,
        manufacturer_norm=manufacturer_norm[:60],
        model_norm=model_norm[:60],
        serial_norm=serial_norm[:36],
    )
    lock_device(device.id)
    return device.id


def _refuse_key(identity: DeviceIdentity) -> None:
    """Refuse a name that shows a product key: it would stand in clear in lists and in the monthly report."""
    if not holds_key(f"{identity.manufacturer} {identity.model} {identity.serial}"):
        return
    raise Invalid(
        refuse(
            "device_shows_a_key",
            _("The name of the PC holds what looks like a product key."),
            rule="DEV-1",
            next_step=_("Enter the PC's own serial number; a product key belongs into no field."),
            lifted_by=_("You"),
        )
    )


def refuse_second_key(*, partner_id: UUID, device_id: UUID, at: datetime) -> None:
    """Refuse a key for a device that got one within the days of the rule in force. The device's row is locked.

    :raises SecondKeyRefused: naming the earlier key and day.
    """
    earlier = earlier_hand_over(device_id)
    if earlier is None:
        return
    rules = rules_at(at)
    window = rules.days("device.second_key")
    if not is_within_duplicate_window(earlier.handed_at, at, window=window):
        return
    raise SecondKeyRefused(
        refuse(
            "second_key_for_device",
            _("This PC already got a key less than %(days)s days ago.") % {"days": window.days},
            rule="DEV-2",
            rule_version=rules.version("device.second_key"),
            rule_since=rules.since("device.second_key"),
            facts={
                _("PC"): str(earlier.device),
                _("Earlier key"): earlier.key.product_key_id,
                _("Handed over"): earlier.handed_at.date().isoformat(),
                _("Possible again from"): (earlier.handed_at + window).date().isoformat(),
            },
            next_step=_("Use the key that this PC has. If its board was replaced, ask the MAR first."),
            lifted_by=_("The MAR, with a reason"),
        )
    )
