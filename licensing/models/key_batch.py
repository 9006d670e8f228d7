"""Deliveries of keys: a file received, staged as ciphertext, released by a second person."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ONLY, MAR_ROLE, TPR_ROLE, Access, Right
from licensing.models.catalogue import Product


class KeyBatchState(models.TextChoices):
    """Where an import stands."""

    RECEIVED = "received", _("Received")
    VALIDATING = "validating", _("Being checked")
    REFUSED = "refused", _("Refused")
    READY = "ready", _("Waits for release")
    RELEASING = "releasing", _("Being released")
    RELEASED = "released", _("Released")
    REJECTED = "rejected", _("Rejected")
    UNDONE = "undone", _("Undone")


class KeyBatch(models.Model):
    """One imported file. Nothing of it is in stock before a second person releases all of it."""

    access = MAR_ONLY

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    file_name = models.CharField(_("file"), max_length=200)
    file_format = models.CharField(_("format"), max_length=3, choices=[("xml", "XML"), ("csv", "CSV")])
    file_size = models.PositiveBigIntegerField(_("size"), help_text=_("Bytes."))
    file_sha256 = models.CharField(_("checksum"), max_length=64)
    state = models.CharField(_("state"), max_length=10, choices=KeyBatchState.choices)
    keys_done = models.PositiveIntegerField(_("keys checked"), default=0)
    keys_total = models.PositiveIntegerField(_("keys"), default=0)
    errors = models.JSONField(
        _("errors"), default=list, help_text=_("Row, field, code and text; never a key.")
    )
    error_count = models.PositiveIntegerField(_("errors in all"), default=0)
    contents = models.JSONField(_("contents"), default=list, help_text=_("Keys per product and fulfilment."))
    claimed_at = models.DateTimeField(
        _("last sign of work"),
        null=True,
        help_text=_("The database's clock; moves on while a worker checks the file."),
    )
    checked_at = models.DateTimeField(_("checked"), null=True)
    uploaded_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    uploaded_at = models.DateTimeField(_("uploaded"))
    released_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    released_at = models.DateTimeField(_("released"), null=True)
    rejected_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    rejected_at = models.DateTimeField(_("rejected"), null=True)
    rejection_reason = models.CharField(_("reason"), max_length=500, blank=True)

    class Meta:
        ordering = ("-uploaded_at",)
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(state__in=["releasing", "released", "undone"]) | Q(released_by__isnull=False),
                name="batch_release_names_a_person",
            ),
            models.CheckConstraint(
                condition=Q(released_by__isnull=True) | ~Q(released_by=F("uploaded_by")),
                name="batch_two_different_people",
            ),
        ]

    def __str__(self) -> str:
        return self.file_name


class BatchDataKey(models.Model):
    """A batch's data key, wrapped by the master key; useless without it."""

    # A partner needs it to open his own keys; the ciphertexts are what row-level security guards.
    access = Access(
        {TPR_ROLE: Right("SELECT"), MAR_ROLE: Right("SELECT, INSERT, UPDATE")}, is_row_secured=False
    )

    batch = models.OneToOneField(KeyBatch, models.PROTECT, primary_key=True, related_name="data_key")
    master_key_id = models.CharField(_("master key"), max_length=20)
    wrapped = models.BinaryField(_("wrapped key"), max_length=100)

    def __str__(self) -> str:
        return f"{self.batch_id} under {self.master_key_id}"


class KeyBatchChunk(models.Model):
    """A piece of the uploaded file, encrypted while it was received."""

    access = MAR_ONLY

    batch = models.ForeignKey(KeyBatch, models.CASCADE, related_name="chunks")
    position = models.PositiveIntegerField(_("position"))
    sealed = models.BinaryField(_("ciphertext"))

    class Meta:
        ordering = ("position",)
        constraints: ClassVar = [models.UniqueConstraint(fields=["batch", "position"], name="chunk_position")]

    def __str__(self) -> str:
        return f"{self.batch_id} {self.position}"


class StagedKey(models.Model):
    """One key of a batch before its release: ciphertext and blind index only."""

    access = MAR_ONLY

    id = models.BigAutoField(primary_key=True)
    # No foreign keys in the database: rows live for minutes, and the keys they become are checked again.
    batch = models.ForeignKey(
        KeyBatch, models.CASCADE, related_name="staged_keys", db_index=False, db_constraint=False
    )
    row_number = models.PositiveIntegerField(_("row"))
    product = models.ForeignKey(
        Product, models.PROTECT, related_name="+", db_index=False, db_constraint=False
    )
    fulfilment_number = models.CharField(_("fulfilment"), max_length=35)
    product_key_id = models.CharField(_("product key id"), max_length=13)
    last5 = models.CharField(_("last five"), max_length=5)
    blind_index = models.BinaryField(_("blind index"), max_length=32)
    sealed = models.BinaryField(_("ciphertext"), max_length=80)

    class Meta:
        indexes: ClassVar = [models.Index(fields=["batch", "row_number"], name="staged_key_batch")]

    def __str__(self) -> str:
        return self.product_key_id


class Fulfilment(models.Model):
    """One delivery of keys from Microsoft."""

    access = MAR_ONLY

    id = models.BigAutoField(primary_key=True)
    number = models.CharField(_("fulfilment number"), max_length=35)
    batch = models.ForeignKey(KeyBatch, models.PROTECT, related_name="fulfilments")
    product = models.ForeignKey(Product, models.PROTECT, related_name="+")
    sold_to_id = models.CharField(_("sold-to number"), max_length=10)
    quantity = models.PositiveIntegerField(_("keys"))
    call_off_reference = models.CharField(_("call-off reference"), max_length=35, blank=True, db_default="")
    received_at = models.DateTimeField(_("received"))
    undone_at = models.DateTimeField(
        _("undone"), null=True, help_text=_("Its number is free for the same delivery, imported again.")
    )

    class Meta:
        ordering = ("-received_at",)
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["number"], condition=Q(undone_at__isnull=True), name="fulfilment_once"
            ),
        ]

    def __str__(self) -> str:
        return self.number
