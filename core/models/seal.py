"""The hash chains over append-only tables."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_APPEND


class SealBlock(models.Model):
    """A batch of rows linked into a stream's chain, with a signature over its last link."""

    access = MAR_APPEND

    stream = models.CharField(_("stream"), max_length=20)
    number = models.BigIntegerField(_("number"), help_text=_("Counts from 1 without gaps in each stream."))
    first_sequence = models.BigIntegerField(_("first link"))
    last_sequence = models.BigIntegerField(_("last link"))
    head = models.BinaryField(_("last link's hash"), max_length=32)
    signature = models.BinaryField(_("signature"), max_length=32)
    sealed_below = models.BigIntegerField(
        _("transactions covered"), help_text=_("Rows of all transactions below this number are in the chain.")
    )
    sealed_at = models.DateTimeField(_("sealed"))

    class Meta:
        ordering = ("stream", "number")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["stream", "number"], name="seal_block_number"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} block {self.number}"


class SealedRow(models.Model):
    """One link: the row's contents hashed together with the link before."""

    access = MAR_APPEND

    stream = models.CharField(_("stream"), max_length=20)
    sequence = models.BigIntegerField(_("link"), help_text=_("Counts from 1 without gaps in each stream."))
    row_id = models.BigIntegerField(_("row"))
    hash = models.BinaryField(_("hash"), max_length=32)

    class Meta:
        ordering = ("stream", "sequence")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["stream", "sequence"], name="sealed_row_sequence"),
            models.UniqueConstraint(fields=["stream", "row_id"], name="sealed_row_once"),
        ]

    def __str__(self) -> str:
        return f"{self.stream} link {self.sequence}"
