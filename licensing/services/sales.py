"""Note the sale of a PC."""

from datetime import date, datetime
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from core import audit
from core.actor import Actor
from core.errors import DomainError, Invalid, NotFound, refuse
from licensing.models import Device
from licensing.rules.programme_changes import is_sale_stopped
from licensing.selectors.hand_over import earlier_hand_over, lock_device
from licensing.selectors.sale_countries import sold_outside
from partners.selectors.mar import mar_zone


class SaleRefused(DomainError):
    """The PC may not be sold on that day."""


@transaction.atomic
def record_sale(
    device_id: UUID,
    *,
    partner_id: UUID,
    sold_on: date,
    country: str,
    channel: str,
    by: Actor,
    at: datetime,
) -> Device:
    """Note when and where a PC was sold; a later note replaces the earlier one.

    A sale before the product's sell-through stop may be noted after it. One outside the countries agreed with the
    MAR is noted too, and flagged (DEV-5).

    :raises SaleRefused: for a day on or after the stop, in the MAR's zone.
    :raises Invalid: for a day that is still to come.
    """
    lock_device(device_id)
    device = Device.objects.filter(pk=device_id, partner_id=partner_id).first()
    if device is None:
        raise NotFound(_("This PC is not one of yours."))
    zone = mar_zone()
    if sold_on > at.astimezone(zone).date():
        raise Invalid(
            refuse(
                "sale_in_the_future",
                _("A sale is noted once it has happened."),
                rule="DEV-4",
                facts={_("Sold on"): sold_on},
                next_step=_("Choose today or an earlier day."),
                lifted_by=_("You"),
            )
        )
    hand_over = earlier_hand_over(device_id)
    product = hand_over.key.product if hand_over else None
    if product is not None and is_sale_stopped(sold_on, product.sell_before, zone=zone):
        raise SaleRefused(
            refuse(
                "sell_through_stop",
                _("PCs with %(product)s may no longer be sold.") % {"product": product.name},
                rule="DEV-3",
                facts={_("No sales from"): product.sell_before, _("Sold on"): sold_on},
                next_step=_("Keep the PC, and ask the MAR what may become of it."),
                lifted_by=_("The MAR"),
                fix_path="/tpr/rules/",
            )
        )
    device.sold_on, device.sale_country, device.sale_channel = sold_on, country, channel
    device.save(update_fields=["sold_on", "sale_country", "sale_channel"])
    audit.record(
        "licensing.device.sold",
        by=by,
        at=at,
        object_type="device",
        object_id=device.pk,
        partner_id=partner_id,
        facts={
            "sold_on": sold_on.isoformat(),
            "country": country,
            "channel": channel,
            "is_outside_countries": bool(sold_outside(partner_id, device_id=device.pk)),
        },
    )
    return device
