"""Reported builds: which key sits on which PC, with the hardware hash."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.database.access import tenant_changes
from core.people import WhoField
from licensing.models.device import Device
from licensing.models.key import ProductKey
from partners.models import Partner


class BuildState(models.TextChoices):
    """Where a build report stands."""

    NEEDS_DETAILS = "needs_details", _("Needs device details")
    READY = "ready", _("Ready to be reported")
    SENT = "sent", _("Reported to Microsoft")
    ENABLED = "enabled", _("Activation enabled")
    DENIED = "denied", _("Activation denied")
    REVERTED = "reverted", _("Taken back")


class BuildUpload(models.Model):
    """One upload of OA3.xml files, with the outcome of every file."""

    access = tenant_changes("file_count", "accepted_count", "outcomes")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    file_name = models.CharField(_("file"), max_length=200)
    file_count = models.PositiveIntegerField(_("files"), default=0)
    accepted_count = models.PositiveIntegerField(_("accepted"), default=0)
    outcomes = models.JSONField(
        _("outcome per file"), default=list, help_text=_("Name, code, text; never a key.")
    )
    uploaded_by = WhoField(_("uploaded by"), max_length=200)
    uploaded_at = models.DateTimeField(_("uploaded"))

    class Meta:
        ordering = ("-uploaded_at",)
        indexes: ClassVar = [models.Index(fields=["partner", "-uploaded_at"], name="build_upload_partner")]

    def __str__(self) -> str:
        return self.file_name


class Build(models.Model):
    """One key bound to one device by its hardware hash."""

    access = tenant_changes(
        "state", "ended_at", "model_sku", "form_factor", "form_factor_detail", "screen_size", "touch_screen"
    )

    class Channel(models.TextChoices):
        """How the report came."""

        FILE = "file", _("OA3.xml")
        API = "api", _("API")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="builds", db_index=False)
    key = models.ForeignKey(ProductKey, models.PROTECT, related_name="builds", db_index=False)
    device = models.ForeignKey(Device, models.PROTECT, related_name="builds")
    upload = models.ForeignKey(BuildUpload, models.PROTECT, null=True, related_name="builds")
    channel = models.CharField(_("channel"), max_length=4, choices=Channel.choices)
    state = models.CharField(_("state"), max_length=13, choices=BuildState.choices)
    hardware_hash = models.TextField(_("hardware hash"), max_length=8192)
    hardware_hash_sha256 = models.CharField(_("hardware hash, SHA-256"), max_length=64)
    model_sku = models.CharField(_("model SKU"), max_length=64, blank=True)
    form_factor = models.CharField(_("form factor"), max_length=64, blank=True)
    form_factor_detail = models.CharField(_("form factor, detail"), max_length=64, blank=True)
    screen_size = models.CharField(_("screen size"), max_length=32, blank=True, help_text=_("Inches."))
    touch_screen = models.CharField(_("touch screen"), max_length=32, blank=True)
    optional_info = models.JSONField(_("further optional fields"), default=dict)
    ack_code = models.CharField(_("answer"), max_length=4, blank=True)
    reported_by = WhoField(_("reported by"), max_length=200)
    reported_at = models.DateTimeField(_("reported"))
    sent_at = models.DateTimeField(_("sent to Microsoft"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    ended_at = models.DateTimeField(_("ended"), null=True, help_text=_("Set when the build was taken back."))

    class Meta:
        ordering = ("-reported_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(ended_at__isnull=True), name="build_key_once"
            ),
            models.UniqueConstraint(
                fields=["hardware_hash_sha256"], condition=Q(ended_at__isnull=True), name="build_hash_once"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["partner", "-reported_at"], name="build_partner"),
            models.Index(fields=["reported_at"], name="build_ready", condition=Q(state="ready")),
        ]

    def __str__(self) -> str:
        return f"{self.key_id} on {self.device_id}"
