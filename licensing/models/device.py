"""Devices, and the keys handed over for them."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import TENANT_APPEND, tenant_changes
from core.people import WhoField
from licensing.models.key import ProductKey
from partners.models import ApiKey, Partner


class Device(models.Model):
    """One refurbished PC of one partner, known by manufacturer, model and serial."""

    # Identity and date never change; what is known of the PC's past and sale may be added later.
    access = tenant_changes(
        "previous_licence_type", "previous_coa_serial", "refurbished_on", "wipe_standard",
        "wipe_certificate_no", "gmrl_serial", "sold_on", "sale_country", "sale_channel",
    )  # fmt: skip

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="devices", db_index=False)
    manufacturer = models.CharField(_("manufacturer"), max_length=60)
    model = models.CharField(_("model"), max_length=60)
    serial = models.CharField(_("serial number"), max_length=36)
    manufacturer_norm = models.CharField(max_length=60, editable=False)
    model_norm = models.CharField(max_length=60, editable=False)
    serial_norm = models.CharField(max_length=36, editable=False)
    previous_licence_type = models.CharField(_("earlier licence"), max_length=10, blank=True)
    previous_coa_serial = models.CharField(_("earlier COA serial"), max_length=40, blank=True)
    refurbished_on = models.DateField(_("refurbished on"), null=True)
    wipe_standard = models.CharField(_("wiping standard"), max_length=60, blank=True)
    wipe_certificate_no = models.CharField(_("wiping certificate"), max_length=60, blank=True)
    gmrl_serial = models.CharField(_("GMRL serial"), max_length=40, blank=True)
    sold_on = models.DateField(_("sold on"), null=True)
    sale_country = models.CharField(_("sold to country"), max_length=2, blank=True)
    sale_channel = models.CharField(_("sales channel"), max_length=30, blank=True)
    created_at = models.DateTimeField(_("first seen"))

    class Meta:
        ordering = ("-created_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["partner", "serial_norm", "model_norm", "manufacturer_norm"], name="device_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["partner", "-created_at"], name="device_partner"),
            models.Index(fields=["serial_norm"], name="device_serial"),
        ]

    def __str__(self) -> str:
        return f"{self.manufacturer} {self.model} {self.serial}"


class KeyHandOver(models.Model):
    """A key given to a partner for one device: by a station's claim, a reveal, or an encrypted file."""

    access = TENANT_APPEND

    class Channel(models.TextChoices):
        """The doors to a key."""

        CLAIM = "claim", _("Station (API)")
        REVEAL = "reveal", _("Shown in the browser")
        FILE = "file", _("Encrypted file")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    key = models.OneToOneField(ProductKey, models.PROTECT, related_name="hand_over")
    device = models.ForeignKey(Device, models.PROTECT, related_name="hand_overs")
    channel = models.CharField(_("door"), max_length=6, choices=Channel.choices)
    station = models.ForeignKey(ApiKey, models.PROTECT, null=True, related_name="hand_overs")
    reason = models.CharField(_("reason"), max_length=200, blank=True)
    handed_by = WhoField(_("handed to"), max_length=200)
    handed_at = models.DateTimeField(_("handed over"))

    class Meta:
        ordering = ("-handed_at",)
        indexes: ClassVar = [models.Index(fields=["partner", "-handed_at"], name="hand_over_partner")]

    def __str__(self) -> str:
        return f"{self.key_id} for {self.device_id}"
