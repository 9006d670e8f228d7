"""A month's report to Microsoft: its run, its people, its files.

A report is built once from one snapshot, reviewed by compliance, approved by another person, issued,
submitted, and accepted or rejected. It never changes; a correction is a new revision that points back.
"""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from core.database.access import MAR_APPEND, MAR_ROLE, Access, Right
from core.people import WhoField


class ReportState(models.TextChoices):
    """Where a report stands."""

    BUILDING = "building", _("Being built")
    DRAFT = "draft", _("Draft")
    REVIEWED = "reviewed", _("Reviewed")
    APPROVED = "approved", _("Approved")
    ISSUED = "issued", _("Issued")
    SUBMITTED = "submitted", _("Submitted")
    ACCEPTED = "accepted", _("Accepted")
    REJECTED = "rejected", _("Rejected")
    SUPERSEDED = "superseded", _("Superseded")


class UsageReport(models.Model):
    """One revision of one month's report. The row is also the job that builds it."""

    # A report is never deleted, issued or not.
    access = Access({MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    number = models.CharField(_("number"), max_length=20, unique=True)
    period = models.CharField(_("month"), max_length=7, help_text=_("YYYY-MM in the MAR's zone."))
    revision = models.PositiveSmallIntegerField(_("revision"), help_text=_("1 is the original."))
    previous = models.OneToOneField("self", models.PROTECT, null=True, related_name="correction")
    correction_reason = models.CharField(_("reason of the correction"), max_length=500, blank=True)
    state = models.CharField(_("state"), max_length=10, choices=ReportState.choices)
    problem = models.TextField(_("why it could not be built"), blank=True)
    header = models.JSONField(_("frozen header"), default=dict)
    device_rows = models.PositiveIntegerField(_("devices"), default=0)
    requested_at = models.DateTimeField(_("begun"))
    requested_by = WhoField(_("begun by"), max_length=200)
    claimed_at = models.DateTimeField(_("work began"), null=True)
    frozen_at = models.DateTimeField(_("lines frozen"), null=True)
    built_at = models.DateTimeField(_("built"), null=True)
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(_("reviewed"), null=True)
    review_note = models.CharField(_("review note"), max_length=500, blank=True)
    approved_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    approved_at = models.DateTimeField(_("approved"), null=True)
    issued_at = models.DateTimeField(_("issued"), null=True)
    submitted_at = models.DateTimeField(_("submitted"), null=True)
    answered_at = models.DateTimeField(_("answered"), null=True)
    microsoft_reference = models.CharField(_("Microsoft's reference"), max_length=80, blank=True)
    last_comparison = models.JSONField(_("last comparison"), default=dict)

    class Meta:
        ordering = ("-period", "-revision")
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["period", "revision"], name="report_period_revision"),
            models.CheckConstraint(
                condition=~Q(state__in=["approved", "issued", "submitted", "accepted"])
                | Q(reviewed_by__isnull=False, approved_by__isnull=False),
                name="report_issue_needs_two",
            ),
            models.CheckConstraint(
                condition=Q(approved_by__isnull=True) | ~Q(approved_by=F("reviewed_by")),
                name="report_two_different_people",
            ),
            models.CheckConstraint(
                condition=Q(revision=1) | Q(previous__isnull=False), name="report_correction_points_back"
            ),
        ]

    def __str__(self) -> str:
        return self.number


class ReportFile(models.Model):
    """One stored file of a report: served as it was made, never made again."""

    access = MAR_APPEND

    class Kind(models.TextChoices):
        """What the file is."""

        REPORT = "report", _("Report (PDF)")
        DEVICES = "devices", _("Devices (CSV)")
        SUMMARY = "summary", _("Summary (CSV)")
        MANIFEST = "manifest", _("Manifest (JSON)")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    report = models.ForeignKey(UsageReport, models.PROTECT, related_name="files")
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices)
    is_draft = models.BooleanField(_("draft"))
    name = models.CharField(_("name"), max_length=80)
    path = models.CharField(_("stored as"), max_length=200)
    sha256 = models.CharField(_("checksum"), max_length=64)
    size = models.PositiveBigIntegerField(_("size"), help_text=_("Bytes."))
    rows = models.PositiveIntegerField(_("rows"), null=True)
    fingerprint = models.JSONField(_("renderer"), default=dict)
    created_at = models.DateTimeField(_("made"))

    class Meta:
        ordering = ("kind",)
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["report", "kind", "is_draft"], name="report_file_once"),
        ]

    def __str__(self) -> str:
        return self.name
