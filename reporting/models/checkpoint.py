"""The day's end of every chain, signed, and the proof that it left the house."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_APPEND, MAR_ROLE, Access, Right


class Checkpoint(models.Model):
    """One day's statement about the chains, exactly as it was signed. Append-only."""

    access = MAR_APPEND

    id = models.BigAutoField(primary_key=True)
    day = models.DateField(_("day"), unique=True, help_text=_("UTC."))
    made_at = models.DateTimeField(_("made"))
    statement = models.TextField(_("statement"), help_text=_("JSON, byte by byte as signed."))
    signature = models.BinaryField(_("Ed25519 signature"), max_length=64)
    public_key = models.BinaryField(_("public key"), max_length=32)
    sha256 = models.CharField(_("SHA-256 of the statement"), max_length=64)
    is_balanced = models.BooleanField(_("the accounts agree with the keys"))

    class Meta:
        ordering = ("-day",)

    def __str__(self) -> str:
        return f"checkpoint-{self.day:%Y-%m-%d}"


class CheckpointDelivery(models.Model):
    """One way out for one checkpoint: pending until something outside said it has it."""

    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    class Channel(models.TextChoices):
        """Where copies go."""

        FOLDER = "folder", _("Folder")
        MAIL = "mail", _("Mail")
        HOOK = "hook", _("HTTPS address")

    id = models.BigAutoField(primary_key=True)
    checkpoint = models.ForeignKey(Checkpoint, models.PROTECT, related_name="deliveries")
    channel = models.CharField(_("channel"), max_length=6, choices=Channel.choices)
    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    delivered_at = models.DateTimeField(_("delivered"), null=True)
    receipt = models.CharField(_("receipt"), max_length=300, blank=True)
    problem = models.CharField(_("last problem"), max_length=300, blank=True)

    class Meta:
        ordering = ("channel",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["checkpoint", "channel"], name="checkpoint_channel_once"),
        ]

    def __str__(self) -> str:
        return f"{self.checkpoint_id} by {self.channel}"
