"""A file somebody handed in as proof: stored by content hash, outside the web root."""

from typing import ClassVar
from uuid import uuid4

from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, CURRENT_GUEST, CURRENT_PARTNER, MAR_ROLE, TPR_ROLE, Access, Right
from core.people import WhoField
from partners.models.application import Application
from partners.models.partner import Partner


class Document(models.Model):
    """One uploaded file of an applicant or a partner. The bytes never change; a newer one is a new row."""

    access = Access(
        {
            APP_ROLE: Right("SELECT, INSERT, UPDATE", f"application_id = {CURRENT_GUEST}", ("removed_at",)),
            TPR_ROLE: Right("SELECT, INSERT, UPDATE", f"partner_id = {CURRENT_PARTNER}", ("removed_at",)),
            MAR_ROLE: Right("SELECT, INSERT, UPDATE"),
        }
    )

    class Kind(models.TextChoices):
        """What the file proves."""

        REGISTER_EXTRACT = "register_extract", _("Extract of the commercial or association register")
        CERTIFICATE = "certificate", _("Certificate")
        WIPING_PROOF = "wiping_proof", _("Proof of data wiping")
        CHARITY_PROOF = "charity_proof", _("Proof of charitable status")
        RECIPIENT_EVIDENCE = "recipient_evidence", _("Evidence about a recipient")
        EXCEPTION_LETTER = "exception_letter", _("Letter for a quota exception")
        EARLIER_MEMBERSHIP = "earlier_membership", _("Proof of an earlier membership")
        INSURANCE = "insurance", _("Insurance")
        AGREEMENT = "agreement", _("Signed agreement")
        LOGO = "logo", _("Logo")
        OTHER = "other", _("Another paper")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    application = models.ForeignKey(Application, models.PROTECT, null=True, related_name="documents")
    partner = models.ForeignKey(Partner, models.PROTECT, null=True, related_name="documents")
    kind = models.CharField(_("kind"), max_length=20, choices=Kind.choices)
    title = models.CharField(_("title"), max_length=120, blank=True)
    file_name = models.CharField(_("file name"), max_length=120, help_text=_("As it was handed in, cleaned."))
    content_type = models.CharField(_("type"), max_length=40, help_text=_("Found in the content."))
    size = models.PositiveIntegerField(_("size"), help_text=_("Bytes."))
    sha256 = models.CharField(_("SHA-256"), max_length=64)
    subject = models.UUIDField(
        null=True, editable=False, help_text=_("Whose key seals the bytes; empty: stored as they are.")
    )
    path = models.CharField(_("path in the storage"), max_length=200)
    expires_on = models.DateField(_("valid until"), null=True)
    uploaded_by = WhoField(_("handed in by"), max_length=200)
    uploaded_at = models.DateTimeField(_("handed in"))
    removed_at = models.DateTimeField(_("taken back"), null=True)
    reminded_days = models.PositiveSmallIntegerField(
        _("reminded"), null=True, help_text=_("How many days before its end the last reminder went out.")
    )

    class Meta:
        ordering = ("uploaded_at",)
        indexes: ClassVar = [
            models.Index(fields=["application"], name="document_application"),
            models.Index(fields=["partner", "expires_on"], name="document_partner"),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=models.Q(application__isnull=False) | models.Q(partner__isnull=False),
                name="document_has_an_owner",
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.file_name}"
