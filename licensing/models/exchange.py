"""The exchange with Microsoft: build reports sent, answers received, and what did not fit."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_ONLY, MAR_ROLE, TPR_ROLE, Access, Right, Rows
from core.database.functions import NextNumber
from core.people import WhoField
from licensing.models.build import Build
from licensing.models.key import ProductKey
from partners.models import Partner


class CbrState(models.TextChoices):
    """Where a computer build report stands."""

    PREPARED = "prepared", _("Waits to be sent")
    SENT = "sent", _("Sent")
    PARTLY_ANSWERED = "partly_answered", _("Partly answered")
    ANSWERED = "answered", _("Answered")
    REFUSED = "refused", _("Refused as a whole")
    WITHDRAWN = "withdrawn", _("Replaced before it was sent")


class ComputerBuildReport(models.Model):
    """One CBR: a batch of up to 5,000 bound keys, as one XML file."""

    access = MAR_ONLY

    id = models.UUIDField(primary_key=True, default=uuid4, help_text=_("CustomerReportUniqueID."))
    number = models.BigIntegerField(_("number"), unique=True, db_default=NextNumber("licensing_cbr_number"))
    connector = models.CharField(_("connector"), max_length=10)
    state = models.CharField(_("state"), max_length=15, choices=CbrState.choices)
    line_count = models.PositiveIntegerField(_("keys"))
    answered_count = models.PositiveIntegerField(_("answered"), default=0)
    file_path = models.CharField(_("file"), max_length=200)
    file_sha256 = models.CharField(_("checksum"), max_length=64)
    ms_report_id = models.CharField(_("Microsoft's report id"), max_length=40, blank=True)
    refusal = models.CharField(_("refusal"), max_length=1000, blank=True)
    receipt = models.CharField(
        _("receipt"), max_length=200, blank=True, help_text=_("How it left the portal.")
    )
    prepared_at = models.DateTimeField(_("prepared"))
    sent_at = models.DateTimeField(
        _("sent"), null=True, help_text=_("From here on its keys cannot be taken back.")
    )
    delivered_at = models.DateTimeField(
        _("handed over"), null=True, help_text=_("When the connector, or a person, had taken the file.")
    )
    answered_at = models.DateTimeField(_("last answer"), null=True)

    class Meta:
        ordering = ("-prepared_at",)

    def __str__(self) -> str:
        return f"CBR-{self.number:06d}"


class CbrLine(models.Model):
    """One key in one CBR, with its answer."""

    # The MAR deletes the lines of a report that was withdrawn before anyone outside had seen it.
    access = Access({TPR_ROLE: Right("SELECT", Rows.OWN), MAR_ROLE: Right("SELECT, INSERT, UPDATE, DELETE")})

    id = models.BigAutoField(primary_key=True)
    report = models.ForeignKey(ComputerBuildReport, models.PROTECT, related_name="lines")
    partner = models.ForeignKey(Partner, models.PROTECT, related_name="+", db_index=False)
    key = models.ForeignKey(ProductKey, models.PROTECT, related_name="cbr_lines")
    build = models.ForeignKey(Build, models.PROTECT, related_name="cbr_lines")
    ack_code = models.CharField(_("answer"), max_length=4, blank=True)
    ack_text = models.CharField(_("Microsoft's words"), max_length=300, blank=True)
    answered_at = models.DateTimeField(_("answered"), null=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report", "key"], name="cbr_key_once_a_report"),
            models.UniqueConstraint(
                fields=["key"], condition=Q(answered_at__isnull=True), name="cbr_key_open_once"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.report_id} {self.key_id}"


class CbrAckFile(models.Model):
    """One answer file, kept as it came; the same file twice changes nothing."""

    access = MAR_ONLY

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    file_name = models.CharField(_("file"), max_length=200)
    file_path = models.CharField(_("stored as"), max_length=200)
    sha256 = models.CharField(_("checksum"), max_length=64, unique=True)
    matched_count = models.PositiveIntegerField(_("matched"), default=0)
    exception_count = models.PositiveIntegerField(_("not matched"), default=0)
    received_by = WhoField(_("received by"), max_length=200)
    received_at = models.DateTimeField(_("received"))

    class Meta:
        ordering = ("-received_at",)

    def __str__(self) -> str:
        return self.file_name


class ExchangeException(models.Model):
    """A line of an answer that did not fit: an unknown code, a key never sent, a late contradiction."""

    access = MAR_ONLY

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    ack_file = models.ForeignKey(CbrAckFile, models.PROTECT, related_name="exceptions")
    kind = models.CharField(_("kind"), max_length=30)
    product_key_id = models.CharField(_("product key id"), max_length=40)
    code = models.CharField(_("code"), max_length=10, blank=True)
    text = models.CharField(_("text"), max_length=300, blank=True)
    created_at = models.DateTimeField(_("found"))
    closed_at = models.DateTimeField(_("closed"), null=True)
    closed_by = WhoField(_("closed by"), max_length=200, blank=True)
    closing_note = models.CharField(_("note"), max_length=300, blank=True)

    class Meta:
        ordering = ("-created_at",)

    def __str__(self) -> str:
        return f"{self.kind} {self.product_key_id}"


class SimulatedKey(models.Model):
    """What the simulator's Microsoft remembers of a key. Not used by the file connector."""

    access = MAR_ONLY

    product_key_id = models.CharField(_("product key id"), max_length=13, primary_key=True)
    sold_to_id = models.CharField(_("delivered to"), max_length=10)
    enabled_hash_sha256 = models.CharField(_("enabled with"), max_length=64, blank=True)
    forced_code = models.CharField(_("answer on demand"), max_length=4, blank=True)
    is_returned = models.BooleanField(_("returned"), default=False)

    def __str__(self) -> str:
        return self.product_key_id
