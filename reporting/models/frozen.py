"""The frozen lines of a report. Written once from one snapshot; every file is made from them alone."""

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_APPEND
from reporting.models.usage_report import UsageReport


class ReportLine(models.Model):
    """One line of a report's tables: stock, partner, denied, unreported, adjustment, delta, trend."""

    access = MAR_APPEND

    id = models.BigAutoField(primary_key=True)
    report = models.ForeignKey(UsageReport, models.PROTECT, related_name="lines", db_index=False)
    kind = models.CharField(_("kind"), max_length=12)
    position = models.PositiveIntegerField(_("position"))
    facts = models.JSONField(_("facts"))

    class Meta:
        ordering = ("kind", "position")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report", "kind", "position"], name="report_line_position"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.position}"


class ReportDeviceLine(models.Model):
    """One reported device of the month, every cell as the text that is printed."""

    access = MAR_APPEND

    id = models.BigAutoField(primary_key=True)
    report = models.ForeignKey(UsageReport, models.PROTECT, related_name="device_lines", db_index=False)
    position = models.PositiveIntegerField(_("position"))
    report_month = models.TextField()
    tpr_code = models.TextField()
    tpr_name = models.TextField()
    tpr_country = models.TextField()
    order_number = models.TextField()
    licensable_part_number = models.TextField()
    product_name = models.TextField()
    licence_family = models.TextField()
    product_key_id = models.TextField()
    hardware_hash_sha256 = models.TextField()
    device_manufacturer = models.TextField()
    device_model = models.TextField()
    device_serial = models.TextField()
    form_factor = models.TextField()
    previous_licence_type = models.TextField()
    previous_coa_serial = models.TextField()
    refurb_completed_on = models.TextField()
    wipe_standard = models.TextField()
    wipe_certificate_no = models.TextField()
    key_state = models.TextField()
    cbr_report_id = models.TextField()
    ms_report_id = models.TextField()
    cbr_sent_utc = models.TextField()
    ack_utc = models.TextField()
    ack_code = models.TextField()
    gmrl_serial = models.TextField()
    sold_on = models.TextField()
    sale_country = models.TextField()
    channel = models.TextField()
    recipient_class = models.TextField()
    recipient_org = models.TextField()
    recipient_proof_ref = models.TextField()

    class Meta:
        ordering = ("position",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report", "position"], name="report_device_position"),
        ]

    def __str__(self) -> str:
        return f"{self.report_id} {self.position}"
