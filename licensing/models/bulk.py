"""Keys handed over as one file that only the partner's own machine can open."""

from datetime import timedelta
from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import tenant_changes
from core.people import WhoField
from licensing.models.catalogue import Product
from licensing.models.device import KeyHandOver
from partners.models import Partner

WAITING = timedelta(hours=24)


class DeliveryKey(models.Model):
    """A partner's public key: files of keys are encrypted to it, and the portal cannot open them again."""

    access = tenant_changes("ended_at")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="delivery_keys")
    recipient = models.CharField(_("public key"), max_length=100, help_text=_("age1…"))
    fingerprint = models.CharField(_("fingerprint"), max_length=40)
    registered_by = WhoField(_("registered by"), max_length=200)
    registered_at = models.DateTimeField(_("registered"))
    usable_from = models.DateTimeField(
        _("usable from"), help_text=_("A day later: time to notice a thief's.")
    )
    ended_at = models.DateTimeField(_("ended"), null=True)

    class Meta:
        ordering = ("-registered_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["partner"], condition=Q(ended_at__isnull=True), name="delivery_key_one"
            ),
            models.CheckConstraint(
                condition=Q(usable_from__gte=F("registered_at") + WAITING), name="delivery_key_waits"
            ),
        ]

    def __str__(self) -> str:
        return self.fingerprint


class BulkHandOver(models.Model):
    """One file of keys: who asked, for which PCs, and whether it was fetched. Its content is ciphertext, and goes."""

    access = tenant_changes("content", "token_hash", "expires_at", "taken_at", "taken_by")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="bulk_hand_overs")
    delivery_key = models.ForeignKey(DeliveryKey, models.PROTECT, related_name="+")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    quantity = models.PositiveIntegerField(_("keys"))
    reason = models.CharField(_("reason"), max_length=200)
    asked_by = WhoField(_("asked by"), max_length=200)
    asked_at = models.DateTimeField(_("asked"))
    content = models.BinaryField(
        _("encrypted file"), null=True, help_text=_("Removed once fetched or expired.")
    )
    sha256 = models.CharField(_("SHA-256 of the encrypted file"), max_length=64)
    token_hash = models.BinaryField(_("hash of the link's token"), max_length=32)
    expires_at = models.DateTimeField(_("link expires"))
    taken_at = models.DateTimeField(_("fetched"), null=True)
    taken_by = WhoField(_("fetched by"), max_length=200, blank=True)

    class Meta:
        ordering = ("-asked_at",)
        indexes: ClassVar = [
            models.Index(fields=["partner", "-asked_at"], name="bulk_partner"),
            models.Index(fields=["expires_at"], name="bulk_to_clear", condition=Q(content__isnull=False)),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(taken_at__isnull=True) | Q(content__isnull=True), name="bulk_taken_is_gone"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.quantity} × {self.product_id}"


class BulkLine(models.Model):
    """One key of a file and the hand-over that names its PC."""

    access = tenant_changes("bulk_id")

    id = models.BigAutoField(primary_key=True)
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    bulk = models.ForeignKey(BulkHandOver, models.PROTECT, related_name="lines")
    hand_over = models.OneToOneField(KeyHandOver, models.PROTECT, related_name="bulk_line")

    def __str__(self) -> str:
        return f"{self.hand_over_id} in {self.bulk_id}"
