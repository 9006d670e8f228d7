"""A refurbisher's request to become a partner."""

from typing import ClassVar
from uuid import uuid4

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from core.database.access import APP_ROLE, MAR_ROLE, Access, Right
from partners.models.partner import Partner


class ApplicationState(models.TextChoices):
    """Where an application stands."""

    SUBMITTED = "submitted", _("Submitted")
    IN_REVIEW = "in_review", _("Reviewed, waits for a second person")
    APPROVED = "approved", _("Approved")
    REJECTED = "rejected", _("Refused")


class Application(models.Model):
    """The public form's facts and the two people who decided on them."""

    access = Access({APP_ROLE: Right("INSERT"), MAR_ROLE: Right("SELECT, INSERT, UPDATE")})

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    reference = models.CharField(_("reference"), max_length=12, unique=True, help_text=_("Like A-7KQ2M9."))
    company = models.CharField(_("company"), max_length=120)
    vat_id = models.CharField(_("VAT id"), max_length=20)
    country = models.CharField(_("country"), max_length=2)
    contact_name = models.CharField(_("contact"), max_length=120)
    contact_email = models.EmailField(_("contact e-mail"))
    wiping_standard = models.CharField(_("wiping standard"), max_length=60)
    expected_volume = models.PositiveIntegerField(_("expected volume"), help_text=_("PCs a month."))
    note = models.TextField(_("note"), blank=True, max_length=2000)
    state = models.CharField(_("state"), max_length=12, choices=ApplicationState.choices)
    submitted_at = models.DateTimeField(_("submitted"))
    reviewed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    reviewed_at = models.DateTimeField(_("reviewed"), null=True)
    review_note = models.CharField(_("review note"), max_length=1000, blank=True)
    decided_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    decided_at = models.DateTimeField(_("decided"), null=True)
    decision_reason = models.CharField(_("reason"), max_length=1000, blank=True)
    partner = models.OneToOneField(Partner, models.PROTECT, null=True, related_name="application")

    class Meta:
        ordering = ("submitted_at",)
        indexes: ClassVar = [models.Index(fields=["state", "submitted_at"], name="application_queue")]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~models.Q(state="approved")
                | models.Q(reviewed_by__isnull=False, decided_by__isnull=False, partner__isnull=False),
                name="application_approval_needs_two",
            ),
            models.CheckConstraint(
                condition=~models.Q(state="approved") | ~models.Q(reviewed_by=models.F("decided_by")),
                name="application_two_different_people",
            ),
            # The partner carries its application's id, so two approvals at once cannot make two partners.
            models.CheckConstraint(
                condition=models.Q(partner__isnull=True) | models.Q(partner=models.F("id")),
                name="application_becomes_one_partner",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.company}"
